"""The viewer's server: pages, pictures and data of a workspace, read from its files.

It never needs the process that runs, and cannot disturb it: what a person decides is written through
`project`.
"""
