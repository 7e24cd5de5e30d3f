"""Programs that are started here and outlive us: who they are, their logs, their health, their end.

Nothing is ever ended by its number alone: a pid is reused. The start time as the operating system tells it
and the command line have to be those that were written down.
"""
