"""What `./iterativectl` does before there is an environment: find a Python, make .venv, keep it fresh.

Standard library only, and no part of the wheel. `stamp` and `pythons` are read by whatever Python a person
has, and are written for 3.6; the rest may use Python 3.10.
"""
