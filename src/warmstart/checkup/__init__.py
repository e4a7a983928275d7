"""What may be wrong with a data set, before anything is trained on it.

Takes: a table of images, and the pooled activations of its plain views.
Gives: findings by kind, and fixes that a user may edit and read back.
Never: changes a file of the user's, or acts on a doubtful finding.
"""
