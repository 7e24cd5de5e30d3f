"""Files that people write: YAML checked against schemas/, turned into frozen dataclasses."""
