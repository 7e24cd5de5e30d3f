"""What changes in a settings file when a project is copied: its name, and no secrets go along.

ruamel.yaml rewrites, so that a person's comments survive.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from iterativectl import files
from iterativectl.config.secrets import has_user_info, is_plain_secret, without_user_info
from iterativectl.config.yaml_source import parse_yaml
from iterativectl.project.layout import ProjectPaths


def blank_secrets(project: ProjectPaths) -> list[str]:
    """Take keys, secret headers and passwords in addresses out of AIVis.yaml and AIGen.yaml; says which.

    Raises ConfigError when a file is not YAML: what cannot be read might hold a key.
    """
    notes = _rewrite(project.aivis, _blank_aivis) + _rewrite(project.aigen, _blank_aigen)
    return [f"{note} was not copied: set it again, better in the environment" for note in notes]


def with_project_name(text: str, name: str) -> str:
    """A rules file's text with `project.name` set; unchanged where it has none or is no YAML mapping."""
    document = parse_yaml(text, "rules.yaml")
    data = document.data
    if (
        not isinstance(data, dict)
        or not isinstance(data.get("project"), dict)
        or "name" not in data["project"]
    ):
        return text

    def rename(loaded: Any) -> list[str]:
        loaded["project"]["name"] = name
        return ["project.name"]

    line = document.places[("project", "name")].key_line
    lines = text.split("\n")
    head, colon, rest = lines[line - 1].partition(":")
    old = str(data["project"]["name"])
    if head.strip() == "name" and colon and rest.strip().split(" #")[0].strip() == old:
        lines[line - 1] = f"{head}: {rest.replace(old, name, 1).lstrip()}"
        return "\n".join(lines)
    return _changed(text, rename)[0]


def _blank_aivis(loaded: Any) -> list[str]:
    notes = []
    if loaded.get("api_key"):
        loaded["api_key"] = ""
        notes.append("AIVis.yaml: api_key")
    return notes + _without_password(loaded, "base_url", "AIVis.yaml: the password in base_url")


def _blank_aigen(loaded: Any) -> list[str]:
    comfyui = loaded.get("comfyui")
    if not isinstance(comfyui, dict):
        return []
    headers = comfyui.get("headers")
    notes = []
    if not isinstance(headers, dict):
        headers = {}
    for header, value in list(headers.items()):
        if is_plain_secret(str(header), str(value or "")):
            headers[header] = ""
            notes.append(f"AIGen.yaml: the value of the header {header}")
    return notes + _without_password(comfyui, "url", "AIGen.yaml: the password in comfyui.url")


def _without_password(block: Any, key: str, note: str) -> list[str]:
    url = block.get(key)
    if not isinstance(url, str) or not has_user_info(url):
        return []
    block[key] = without_user_info(url)
    return [note]


def _rewrite(path: Path, change: Callable[[Any], list[str]]) -> list[str]:
    if not path.is_file():
        return []
    text = path.read_text(encoding="utf-8-sig")
    parse_yaml(text, path.name)  # says what is wrong with it in words
    new, notes = _changed(text, change)
    if notes:
        files.write_text(path, new)
    return notes


def _changed(text: str, change: Callable[[Any], list[str]]) -> tuple[str, list[str]]:
    """The text after `change` worked on its data; as it was where there was nothing to change."""
    from ruamel.yaml import YAML  # only where a person's file is rewritten

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.indent(mapping=2, sequence=4, offset=2)
    loaded = yaml.load(text)
    notes = change(loaded) if isinstance(loaded, dict) else []
    if not notes:
        return text, []
    buffer = io.StringIO()
    yaml.dump(loaded, buffer)
    return buffer.getvalue(), notes
