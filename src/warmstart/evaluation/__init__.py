"""How well a model does, in numbers with error bars.

Takes: Predictions, or plain arrays of scores and labels.
Gives: Scores, Comparison, Temperature, Thresholds.
Never: imports torch, or judges on rows whose order matters.
"""
