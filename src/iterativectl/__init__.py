"""Iterative Imagination: written acceptance criteria for pictures, and the loop that meets them."""

__version__ = "0.1.0"
