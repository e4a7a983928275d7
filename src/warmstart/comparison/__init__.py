"""Two models on the same rows, and backbones ranked.

Takes: Predictions of the same rows, in any order.
Gives: Comparison, BackboneTrial.
Never: imports torch, or compares rows that are not the same.
"""
