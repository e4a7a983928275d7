"""Words and numbers for people at a terminal.

Takes: results, and how many rows were done.
Gives: progress, tables; colour where there is a terminal, plain lines where there is none.
Never: prints what was not asked for, or decides anything.
"""
