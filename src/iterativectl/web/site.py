"""What every handler may use, as one value made once: `site_of(request)`."""

from __future__ import annotations

from dataclasses import dataclass, field

from starlette.requests import Request

from iterativectl.loading import World
from iterativectl.project.layout import WorkspacePaths
from iterativectl.showing.shelf import Shelf
from iterativectl.web.jobs import Jobs
from iterativectl.web.streams import Streams


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A workspace that is looked at.

    `token`: what the first address carries, and the cookie then. `hosts`: the exact values of the Host header
    that are answered. `jobs`: what takes a while. `shelf`: what was made of files that did not change since.
    `streams`: who follows which run.
    """

    workspace: WorkspacePaths
    world: World
    token: str
    hosts: frozenset[str] = field(default_factory=frozenset)
    jobs: Jobs = field(default_factory=Jobs)
    shelf: Shelf = field(default_factory=Shelf)
    streams: Streams = field(default_factory=Streams)


def site_of(request: Request) -> Site:
    """The site that a request is for."""
    site: Site = request.app.state.site
    return site
