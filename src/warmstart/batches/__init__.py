"""Rows and views → blocks of pixels, in order, from threads.

Takes: a function that renders one row.
Gives: blocks of pixels in the order asked for, however many threads work.
Never: holds more than a bounded number of images.
"""
