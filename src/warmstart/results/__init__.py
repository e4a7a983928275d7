"""What came out: plain numbers.

Takes: arrays of probabilities, losses and rates.
Gives: Predictions, History, LRCurve, ConfusionMatrix.
Never: imports torch, or draws anything itself.
"""
