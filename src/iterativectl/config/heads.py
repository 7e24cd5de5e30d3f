"""The first line of a YAML file, by which editors find its schema.

The templates in defaults/config/ carry the path that is right where they are copied to, projects/NAME/config/
(and working/, which is as deep): `../../../schemas/`. A file that lands elsewhere gets its own with
`with_schema_head`.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from iterativectl.errors import UsageError

SCHEMA_OF = {
    "rules.yaml": "rules",
    "AIGen.yaml": "AIGen",
    "AIVis.yaml": "AIVis",
    "prompts.yaml": "prompts",
}
PROJECT_SCHEMAS = "../../../schemas"
_HEAD = re.compile(r"\A\ufeff?#[ \t]*yaml-language-server:[^\n]*(?:\n|\Z)")


def schema_head(schema: str, folder: str = PROJECT_SCHEMAS) -> str:
    """The head line (with its newline) that names `folder`/SCHEMA.schema.json."""
    return f"# yaml-language-server: $schema={folder}/{schema}.schema.json\n"


def with_schema_head(text: str, file: Path, schemas: Path) -> str:
    """`text` with the head that is right for `file`, whose name says which schema it follows.

    `schemas` is the folder of the schemas; the head names it relative to the file, POSIX. An existing head is
    replaced, nothing else changes. Raises UsageError for a file name that no schema belongs to.
    """
    if file.name not in SCHEMA_OF:
        raise UsageError(
            f"no schema belongs to a file called {file.name}", f"Files are {', '.join(SCHEMA_OF)}."
        )
    folder = Path(os.path.relpath(schemas.absolute(), file.absolute().parent)).as_posix()
    return schema_head(SCHEMA_OF[file.name], folder) + _HEAD.sub("", text, count=1)
