"""Pure functions that decide: history in, next plan or stop out.

No clock, socket, disk or global randomness.
"""
