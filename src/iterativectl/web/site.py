"""What every handler may use, as one value made once: `site_of(request)`."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request

from iterativectl.loading import World
from iterativectl.project.layout import WorkspacePaths


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A workspace that is looked at.

    `token`: what the first address carries, and the cookie then. `hosts`: the exact values of the Host header
    that are answered.
    """

    workspace: WorkspacePaths
    world: World
    token: str
    hosts: frozenset[str] = field(default_factory=frozenset)


def site_of(request: Request) -> Site:
    """The site that a request is for."""
    site: Site = request.app.state.site
    return site
