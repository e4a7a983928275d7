"""A saved model asked, and a run's labels corrected, in a web browser on this computer.

Takes: a predictor, or the pictures of a run; requests of one's own pages and programs.
Gives: the answers of ``warmstart predict``, to the bit; a journal of what a person said.
Never: listens beyond this computer unasked, serves a stranger's page, or keeps an uploaded picture.
"""
