"""A project's directory: layout (every path), store (load and commit a run), lock, checkpoint, create."""
