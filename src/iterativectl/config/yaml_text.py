"""Plain data to YAML text that our reader, YAML 1.1 and YAML 1.2 readers read alike."""

from __future__ import annotations

from typing import Any

import yaml

from iterativectl.config.yaml_source import CORE_VALUES


def to_yaml(data: Any) -> str:
    """Block-style YAML, keys in the order given, the same text for the same data."""
    text: str = yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=100
    )
    return text


class _Dumper(yaml.SafeDumper):
    """Quotes every text that YAML 1.1 *or* 1.2 would read as something else (`yes`, but also `1e3`)."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own way; a copy, so that its table stays as it is
        first: list(table) for first, table in yaml.SafeDumper.yaml_implicit_resolvers.items()
    }

    def ignore_aliases(self, data: Any) -> bool:
        """No anchors: a person edits this file, and an anchor ties two values together."""
        return True


for _name, _pattern, _first in CORE_VALUES:
    _Dumper.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, list(_first))
