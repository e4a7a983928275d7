"""The data that a learner takes: a table of images and the transforms for one backbone.

Takes: a folder, a CSV, a frame or arrays, and the name of a backbone.
Gives: ImageClassifierData.
Never: reads a pixel, or guesses what an image's label is.
"""
