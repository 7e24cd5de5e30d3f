"""Tests of the judge: reading replies, verdicts, what is asked."""
