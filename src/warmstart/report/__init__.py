"""One page that can be sent to a colleague: what the classifier knows, and where it is wrong.

Takes: the plain facts of a run, and the pictures that are worth a look.
Gives: one HTML file that needs no network; whole and readable without its script.
Never: imports torch, reads a photo itself, or hides what is missing.
"""
