"""A run as data: what its files say, for whoever shows it (the viewer, a report).

Plain JSON values, whatever the files hold: numbers that are finite, texts of a bounded length, None for what
is not known. What cannot be read is named among `problems`, and the rest is shown. Nothing here writes.
"""
