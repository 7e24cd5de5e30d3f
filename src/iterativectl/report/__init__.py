"""A run on paper: one page of HTML, a contact sheet, a table, data, and all of it in an archive.

The facts come from showing/, less what is nobody else's business (`discretion`). What is made here is text
and bytes; only `files` writes them.
"""
