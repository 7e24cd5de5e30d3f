"""Backends that make pictures."""
