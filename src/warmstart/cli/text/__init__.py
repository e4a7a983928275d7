"""Words and tables of the commands: scores, errors, and what to type instead.

Takes: results, and errors.
Gives: lines of text.
Never: reads a run, or computes a score.
"""
