"""The note's eight steps, each judged by what it gained.

Takes: a learner, and which steps to take in how many minutes.
Gives: the learner trained, and a record of each step.
Never: keeps a step that did not help, or judges one by rows that chose it.
"""
