"""The note's workflow in one object.

Takes: the name of a backbone, and data.
Gives: a trained, judged and saved classifier.
Never: changes a frozen weight, or drops a row without naming it.
"""
