"""Fits a module to batches: head, rates, loop, rate finder, checkpoints.

Takes: a module, layer groups, batches and targets.
Gives: trained weights and a History.
Never: knows whether a batch holds pixels or stored activations.
"""
