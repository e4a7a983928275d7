"""The command line.

Takes: words that a shell user typed.
Gives: the same results as the Python calls, files in a run folder, and readable text.
Never: shows a traceback for a user's mistake.
"""
