"""The same work on many processes or computers, by engines that exist.

Takes: batches of named images, and what is to be made of them.
Gives: shards of rows, each committed once, whoever made it and however often.
Never: computes a row otherwise than one process would, or loses, doubles or mixes up one.
"""
