"""An index of all projects, runs and iterations of a workspace, in SQLite. Derived: the files are the truth.

It may be deleted, damaged, left behind by a newer program, or lie on a disk that refuses it: then it is made
again, in memory where no file can be had. Nobody is told of any of that, and nothing is lost by it.

`database` holds the file, `migrations` its tables, `facts` what a line of them says, `reading` gets that from
a run's files, `refresh` finds what has changed, `queries` asks.
"""
