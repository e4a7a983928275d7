"""What pages have in common: their style, and the list of pictures with its answers.

Takes: nothing; these are files that a browser reads.
Gives: page.css for every page, pictures.css and pictures.js for those that ask about pictures.
Never: speaks to a model; a page says how that is asked.
"""
