"""One image: from bytes to one view of it.

Takes: the bytes of a file.
Gives: (H, W, 3) uint8, upright, of the size that the network wants.
Never: replaces an image that it cannot read, or reads one incomplete.
"""
