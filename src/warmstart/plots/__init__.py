"""Pictures of numbers, drawn by matplotlib.

Takes: arrays and numbers; it knows no result type.
Gives: matplotlib figures, and files if a path is given.
Never: opens a window, or touches pyplot's global state.
"""

from warmstart.files.quiet import load_matplotlib

load_matplotlib()
