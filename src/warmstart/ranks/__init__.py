"""Several processes that torchrun started, and that train one model together.

Takes: torchrun's environment, a network, the rows of a batch.
Gives: each process its share, and all of them the same answer.
Never: loads torch's communication where there is one process.
"""
