"""One image: from bytes to one view of it.

Takes: a file or its bytes, or an array that shows an image.
Gives: (H, W, 3) uint8, upright, of the size that the network wants.
Never: replaces an image that it cannot read, or reads one incomplete.
"""
