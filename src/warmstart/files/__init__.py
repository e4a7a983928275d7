"""Everything that is kept on disk goes through here: read within bounds, written whole.

Takes: paths, bytes, and the dataclass that a file must be.
Gives: content of regular files of a bounded size; files that are whole, or not there.
Never: believes a file; leaves half of one.
"""
