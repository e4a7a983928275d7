"""Views of pictures made by torch on a device, many at once.

Takes: bytes of pictures, and how a plain view shows them.
Gives: blocks of pixels (B, S, S, 3) uint8 that stay on the device until somebody asks for them.
Never: gives a row whose pixels depend on the rows beside it, or that the processor's threads would
have found to be damaged.
"""
