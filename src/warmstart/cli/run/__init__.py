"""A training run: its config, its folder, its steps from the images to the report.

Takes: settings, or the folder of a run that was begun.
Gives: a folder of plain files, and what they hold as plain data.
Never: reads back what the same process has computed.
"""
