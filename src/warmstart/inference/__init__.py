"""From pictures to probabilities, and the folder that a model is saved in.

Takes: a network, its frozen part and its card.
Gives: Predictions; a folder of plain files, and a predictor from such a folder.
Never: executes anything that a saved model contains.
"""
