"""Pretrained networks, their cards and their weights.

Takes: the name of an architecture.
Gives: the network without its classifier, pretrained weights, and what preprocessing they expect.
Never: hands out random weights where pretrained ones were asked for.
"""

from warmstart.files.quiet import silence_tqdm

silence_tqdm()
