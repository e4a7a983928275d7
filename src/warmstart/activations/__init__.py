"""Outputs of the frozen prefix, computed once and kept on disk.

Takes: a prefix, and views of images.
Gives: the same batches, with activations in place of pixels.
Never: serves a row whose name does not match what made it.
"""

from warmstart.files.quiet import silence_openvino

silence_openvino()
