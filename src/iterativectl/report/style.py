"""How a report looks, and the policy that lets in this style and nothing else."""

from __future__ import annotations

import base64
import hashlib

from iterativectl import resources


def style() -> str:
    """The stylesheet that stands in the page."""
    return resources.path("viewer", "report.css").read_text(encoding="utf-8")


def policy(pictures: str, text: str) -> str:
    """The Content-Security-Policy of the page: the style `text`, pictures from `pictures`, nothing else."""
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return (
        f"default-src 'none'; img-src {pictures}; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    )
