"""The embedded judge: measurements of the two pictures behind a small vocabulary, no vision model.

What its vocabulary does not cover it cannot tell, and says so. It shares no code, no table of words and no
threshold with the painter (generation/embedded).
"""
