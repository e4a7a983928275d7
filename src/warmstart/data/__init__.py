"""Which images there are, their labels and their split.

Takes: a folder, a CSV, a frame, or arrays.
Gives: an ImageTable, and the content hash of each image.
Never: reads a pixel, or writes to the user's folder.
"""
