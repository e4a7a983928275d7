"""Many heads on the same stored activations: folds, and scikit-learn's searches.

Takes: activations, labels, and what a head is to be like.
Gives: out-of-fold probabilities, and a head as a scikit-learn estimator.
Never: lets a head judge a row that it was trained on.
"""
