"""The commands: a file for each word that stands behind `warmstart`.

Takes: options, typed.
Gives: what the library gives for the same arguments, printed.
Never: loads numpy, Pillow or torch before a command has been found right.
"""
