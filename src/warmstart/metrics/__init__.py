"""How well a model does, in numbers with error bars.

Takes: arrays of probabilities or logits, and of labels.
Gives: Scores, Temperature, Thresholds, UnknownThreshold, intervals.
Never: imports torch, or depends on the order of the rows.
"""
