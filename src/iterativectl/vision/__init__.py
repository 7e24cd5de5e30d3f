"""Backends that look at pictures. PROVIDERS: name -> builder."""
