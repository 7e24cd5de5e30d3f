"""Nobody gets in who should not: every route there is, against everything that other pages can send.

The routes are read off the application. Each matrix is held against guards with a planted hole, and finds it.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from tests.web import asking
from tests.web.asking import Answer, Asked, Known, answers, asked, faults, in_a_loop, known
from tests.web.trees import ADDRESS, ORIGIN, TOKEN, site_at

from iterativectl.project import runs
from iterativectl.project.layout import WorkspacePaths
from iterativectl.web import guard
from iterativectl.web.address import place
from iterativectl.web.app import make_app
from iterativectl.web.guard import Guard
from iterativectl.web.site import Site

HOSTS = (
    *("", " ", "evil.example", "evil.example:8420", ":8420", "localhost.evil:8420", "127.0.0.1.evil:8420"),
    *(
        "evil.localhost:8420",
        "127.0.0.1:8421",
        "localhost:80",
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::1]:8421",
    ),
    *("[::ffff:127.0.0.1]:8420", "[0:0:0:0:0:0:0:1]:8420", "::1:8420", "[::1%lo]:8420", "127.1:8420"),
    *(
        "2130706433:8420",
        "0x7f000001:8420",
        "0.0.0.0:8420",
        "127.0.0.1:08420",
        "127.0.0.1:8420 ",
        "127.0.0.1:",
    ),
    *(
        "127.0.0.1:8420.evil",
        "127.0.0.1:8420@evil",
        "evil@127.0.0.1:8420",
        "127.0.0.1:8420,evil",
        "localhost.:8420",
    ),
    *("127.0.0.1:8420/", "127.0.0.1:8420#", "127.0.0.1\t:8420", "http://127.0.0.1:8420", "\x00", "h" * 5000),
)
ORIGINS = (
    *(
        "null",
        "",
        "http://evil.example",
        "http://127.0.0.1:8421",
        "http://localhost:8420",
        "https://127.0.0.1:8420",
    ),
    *(
        "http://127.0.0.1:8420.evil",
        "http://127.0.0.1:8420/",
        "HTTP://127.0.0.1:8420",
        "http://evil@127.0.0.1:8420",
    ),
    *("127.0.0.1:8420", "file://", f"{ORIGIN} http://evil.example"),
)
CONTENT_TYPES = (
    *("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "*/*"),
    *("text/plain; application/json", "application/json-patch+json", "text/json", "application/json; x=y"),
    *("application/json; charset=utf-16", "application/json, text/plain", "application/jsonx", "json"),
)
OTHER_METHODS = ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "")
ELSEWHERE = (
    *[
        ("cross-site", mode, dest)
        for mode, dest in (("no-cors", "image"), ("no-cors", "script"), ("cors", "empty"))
    ],
    *[("cross-site", "navigate", dest) for dest in ("iframe", "frame", "embed", "object")],
    *(("same-site", "no-cors", "image"), ("same-site", "cors", "empty"), ("same-site", "navigate", "iframe")),
    *(("cross-site", "navigate", ""), ("cross-site", "", "document"), ("strange", "cors", "empty")),
)


@pytest.fixture(scope="module")
def space(example_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that nothing here may change."""
    root = tmp_path_factory.mktemp("guarded") / "space"
    shutil.copytree(example_run, root)
    return root


def site(root: Path) -> Site:
    """The usual site, by all three names of this machine."""
    plain = site_at(root)
    hosts = place("127.0.0.1", 8420, (), {}).hosts
    assert hosts == {ADDRESS, "localhost:8420", "[::1]:8420"}
    return Site(workspace=plain.workspace, world=plain.world, token=TOKEN, hosts=hosts)


@pytest.fixture(scope="module")
def app(space: Path) -> Guard:
    return make_app(site(space))


@pytest.fixture(scope="module")
def samples(space: Path) -> dict[str, str]:
    """Values of parameters that are there: with them every route is really reached."""
    run = runs.run_ids(WorkspacePaths(space).project("example"))[-1]
    return {**asking.SAMPLES, "run": run}


def every(app: Guard, values: dict[str, str], method: str | None = None) -> list[tuple[Known, Asked]]:
    """A right request to every route."""
    return [
        (route, asked(route.method, route.target(values), body=b"{}" if route.method == "POST" else b""))
        for route in known(app)
        if method in (None, route.method)
    ]


def let_through(app: ASGIApp, requests: list[Asked], statuses: tuple[int, ...]) -> list[str]:
    """What was answered otherwise than by a refusal, or by one that lacks a header; [] is right."""
    found = []
    for request, answer in zip(requests, answers(app, requests), strict=True):
        if answer.status not in statuses:
            found.append(f"{request.method} {request.target} {request.headers} -> {answer.status}")
        found += faults(request, answer)
    return found


# The matrices: from an application to what it lets through.


def wrong_hosts(app: Guard, values: dict[str, str]) -> list[str]:
    requests = []
    for _, request in every(app, values):
        requests += [request.having(host=host) for host in HOSTS]
        requests.append(request.having(host=None))
        requests.append(request.having(host=None).also("x-forwarded-host", ADDRESS))
        requests.append(request.also("host", "evil.example"))
        requests.append(request.having(host="evil.example").also("host", ADDRESS))
        requests.append(request.also("host", ADDRESS))
    requests += [
        asked("GET", path, {"host": "evil.example"}) for path in ("/nothing", "/api/nothing", "//", "*")
    ]
    requests.append(asked("GET", f"/?token={TOKEN}", {"host": "evil.example:8420"}))
    return let_through(app, requests, (403,))


def wrong_cookies(app: Guard, values: dict[str, str]) -> list[str]:
    name, value = asking.COOKIE.split("=")
    cookies = (
        *(None, "", f"{name}=", f"{name}=x", f"{name}={TOKEN}", f"other={value}", f"{name}={value}x"),
        *(f"iterativectl-viewer-80={value}", f"{name.upper()}={value}", f"x{name}={value}", value),
    )
    requests = [request.having(cookie=cookie) for _, request in every(app, values) for cookie in cookies]
    requests += [
        asked("GET", path, {"host": ADDRESS}) for path in ("/nothing", "/api/nothing", "/p", "/static/")
    ]
    requests += [asked("GET", f"/?{query}", {"host": ADDRESS}) for query in WRONG_TOKENS]
    return let_through(app, requests, (401,))


WRONG_TOKENS = (
    *("token=", "token=x", f"token={TOKEN[:-1]}", f"token={TOKEN}x", f"Token={TOKEN}", f"x=token={TOKEN}"),
    *(f"token={TOKEN}&token=x", "token=%F0%9F%94%91", "token=%ff", "token"),
)


def wrong_writes(app: Guard, values: dict[str, str]) -> list[str]:
    requests = []
    for _, request in every(app, values, "POST"):
        requests += [request.having(origin=origin) for origin in (*ORIGINS, None)]
        requests.append(request.also("origin", "http://evil.example"))
        requests += [request.having(content_type=kind) for kind in (*CONTENT_TYPES, None)]
        requests.append(request.also("content-type", "text/plain"))
        requests += [request.having(x_iterativectl=mark) for mark in (None, "", "x", "Viewer", "viewer, x")]
    return let_through(app, requests, (403, 415))


def wrong_methods(app: Guard, values: dict[str, str]) -> list[str]:
    requests = [
        Asked(method=method, target=route.target(values), headers=tuple(asking.WRITE.items()))
        for route, _ in every(app, values)
        for method in OTHER_METHODS
    ]
    return let_through(app, requests, (405,))


def from_other_sites(app: Guard, values: dict[str, str]) -> list[str]:
    requests = [
        request.having(sec_fetch_site=where, sec_fetch_mode=mode, sec_fetch_dest=dest)
        for _, request in every(app, values)
        for where, mode, dest in ELSEWHERE
    ]
    for _, request in every(app, values):
        requests += [request.having(origin=origin) for origin in ORIGINS]
        requests.append(request.having(origin=ORIGIN).also("origin", "http://evil.example"))
    return let_through(app, requests, (403,))


MATRICES = (wrong_hosts, wrong_cookies, wrong_writes, wrong_methods, from_other_sites)


@pytest.mark.parametrize("matrix", MATRICES)
def test_every_route_refuses(app: Guard, samples: dict[str, str], matrix: Callable[..., list[str]]) -> None:
    assert matrix(app, samples) == []


# Planted holes: each of them is found.


class AnyHost(Guard):
    """What gradio did: no look at the Host at all."""

    def _host(self, request: Request) -> str | None:
        return ADDRESS


class HostThatBeginsWell(Guard):
    def _host(self, request: Request) -> str | None:
        given = request.headers.get("host", "")
        return ADDRESS if given.startswith(("127.0.0.1", "localhost")) else None


class HostThatMayBeEmpty(Guard):
    """What Ollama did: `Host: :11434` passed."""

    def _host(self, request: Request) -> str | None:
        given = request.headers.get("host", "")
        return ADDRESS if given.partition(":")[0] in ("", "127.0.0.1") else None


class FirstHostCounts(Guard):
    def _host(self, request: Request) -> str | None:
        given = request.headers.getlist("host")
        return given[0] if given and given[0] in self._site.hosts else None


class StaticIsFree(Guard):
    def _refusal(self, request: Request) -> Response | None:
        return None if request.url.path.startswith("/static/") else super()._refusal(request)


class NoCookie(Guard):
    def _entry(self, request: Request, host: str) -> Response | None:
        return None


class CookieIsTheToken(Guard):
    def _is_in(self, request: Request, name: str) -> bool:
        return TOKEN in request.headers.get("cookie", "") or super()._is_in(request, name)


class NoOrigin(Guard):
    def _wrong_write(self, request: Request, host: str) -> Response | None:
        return None


class NullOrigin(Guard):
    """What ComfyUI was reported to do: `null` passes, and so does none."""

    def _wrong_write(self, request: Request, host: str) -> Response | None:
        here = request.headers.get("origin", "null")
        return None if here == "null" else super()._wrong_write(request, host)


class LaxType(Guard):
    def _wrong_write(self, request: Request, host: str) -> Response | None:
        lax = "json" in request.headers.get("content-type", "") and "origin" in request.headers
        return None if lax else super()._wrong_write(request, host)


class BareErrors(Guard):
    """Refusals that forget what every answer says."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self._refusal(Request(scope))
        await (refusal(scope, receive, send) if refusal else super().__call__(scope, receive, send))


class AnyMethod(Guard):
    def _refusal(self, request: Request) -> Response | None:
        return None if request.method == "OPTIONS" else super()._refusal(request)


class FetchableByOldBrowsers(Guard):
    """Only what browsers of today say of the other site counts."""

    def _refusal(self, request: Request) -> Response | None:
        reading = request.method == "GET" and "sec-fetch-site" not in request.headers
        return None if reading else super()._refusal(request)


class Embeddable(Guard):
    def _refusal(self, request: Request) -> Response | None:
        host = self._host(request)
        assert host is not None
        return self._entry(request, host) or self._wrong_write(request, host)


@pytest.mark.parametrize(
    ("hole", "matrix"),
    [
        *((hole, wrong_hosts) for hole in (AnyHost, HostThatBeginsWell, HostThatMayBeEmpty, FirstHostCounts)),
        *((hole, wrong_cookies) for hole in (StaticIsFree, NoCookie, CookieIsTheToken)),
        *((hole, wrong_writes) for hole in (NoOrigin, NullOrigin, LaxType)),
        *((AnyMethod, wrong_methods), (Embeddable, from_other_sites)),
        (FetchableByOldBrowsers, from_other_sites),
        *((BareErrors, matrix) for matrix in MATRICES),
    ],
)
def test_a_hole_is_found(space: Path, hole: type[Guard], matrix: Callable[..., list[str]]) -> None:
    methods = ["GET", "OPTIONS"] if matrix is wrong_methods else ["GET"]
    inner = Starlette(
        routes=[
            Route("/static/{name:path}", _well, methods=methods),
            Route("/api/p/{project}/x", _well, methods=["POST"]),
        ]
    )
    assert matrix(Guard(inner, site(space)), dict(asking.SAMPLES)) == []
    assert matrix(hole(inner, site(space)), dict(asking.SAMPLES)) != []


async def _well(_: Request) -> Response:
    return PlainTextResponse("well")


# What is let in.


def test_no_route_is_of_a_method_that_the_guard_refuses(app: Guard) -> None:
    assert {route.method for route in known(app)} == {"GET", "POST"}


def test_every_route_answers_whoever_is_let_in(app: Guard, samples: dict[str, str]) -> None:
    requests = [request for _, request in every(app, samples, "GET")]
    found = answers(app, requests)
    asking.without_faults(requests, found)
    assert [(r.target, a.status) for r, a in zip(requests, found, strict=True) if a.status >= 500] == []
    assert [a.status for r, a in zip(requests, found, strict=True) if "sample" not in r.target].count(
        200
    ) > 10


def test_all_three_names_of_this_machine_are_answered(app: Guard) -> None:
    value = guard.cookie_value(TOKEN)
    requests = [
        asked("GET", "/", {"host": host, "cookie": f"iterativectl-viewer-8420={value}"})
        for host in (ADDRESS, "localhost:8420", "[::1]:8420")
    ]
    assert [answer.status for answer in answers(app, requests)] == [200, 200, 200]


def test_a_write_passes_the_guard_with_either_way_to_write_the_type(app: Guard) -> None:
    kinds = ("application/json", "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"')
    requests = [asked("POST", "/api/nothing").having(content_type=kind) for kind in kinds]
    assert [answer.status for answer in answers(app, requests)] == [404, 404, 404]


def test_a_link_on_another_site_opens_the_viewer(app: Guard) -> None:
    link = {"sec_fetch_site": "cross-site", "sec_fetch_mode": "navigate", "sec_fetch_dest": "document"}
    without = asked("GET", "/p/example", {"host": ADDRESS}).having(**link)
    again, with_cookie, itself = answers(
        app,
        [without, asked("GET", "/p/example").having(**link), without.having(sec_fetch_site="same-origin")],
    )
    assert again.status == 200 and b'http-equiv="refresh"' in again.body and b"<script" not in again.body
    assert with_cookie.status == 200 and b"refresh" not in with_cookie.body
    assert itself.status == 401  # so the page asks once more, and not for ever


# The token.


def entered(app: Guard, target: str, **headers: str) -> Answer:
    request = asked("GET", target, {"host": ADDRESS, **headers})
    (found,) = answers(app, [request])
    assert faults(request, found) == []
    return found


def test_the_token_becomes_a_cookie_and_leaves_the_address(app: Guard) -> None:
    found = entered(app, f"/p/example?q=a%20b&token={TOKEN}&x=")
    assert (found.status, found.headers["location"]) == (303, "/p/example?q=a+b&x=")
    cookie, *attributes = found.headers["set-cookie"].split("; ")
    assert cookie == asking.COOKIE and TOKEN not in cookie
    assert sorted(attribute.lower() for attribute in attributes) == ["httponly", "path=/", "samesite=strict"]
    assert entered(app, found.headers["location"], cookie=cookie).status == 200


def test_the_cookie_is_called_after_the_port() -> None:
    names = [guard.cookie_name(host) for host in ("127.0.0.1:8420", "[::1]:8421", "gpu.lan", "[::1]")]
    assert [name.rpartition("-")[2] for name in names] == ["8420", "8421", "80", "80"]


def test_a_stale_token_beside_a_good_cookie_only_leaves_the_address(app: Guard) -> None:
    found = entered(app, "/?token=of-yesterday", cookie=asking.COOKIE)
    assert (found.status, found.headers["location"]) == (303, "/")
    assert "set-cookie" not in found.headers


@pytest.mark.parametrize(
    "path", ["//evil.example/", "///evil.example", "/\\evil.example", "/%5cevil.example"]
)
def test_the_way_in_leads_nowhere_else(app: Guard, path: str) -> None:
    location = entered(app, f"{path}?token={TOKEN}").headers["location"]
    assert location.startswith("/") and not location.startswith(("//", "/\\"))


@pytest.mark.parametrize("path", ["/%0aX:y", "//%0d%0aSet-Cookie:x", "/p/%00", "/static/app.js%7f"])
def test_control_characters_are_in_no_address(app: Guard, path: str) -> None:
    assert entered(app, f"{path}?token={TOKEN}").status == 404


def test_without_a_cookie_a_page_says_how_to_get_in(app: Guard) -> None:
    page = entered(app, "/p/example")
    assert page.status == 401 and b"iterativectl viewer status --open" in page.body
    data = entered(app, "/api/about")
    assert data.status == 401 and b'"code":"not_let_in"' in data.body


def test_a_viewer_without_a_token_is_not_made(space: Path) -> None:
    plain = site(space)
    with pytest.raises(ValueError, match="without a token"):
        make_app(Site(workspace=plain.workspace, world=plain.world, token="", hosts=plain.hosts))


def test_no_websocket_is_opened(app: Guard) -> None:
    sent: list[str] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(str(message["type"]))

    async def ask() -> None:
        headers = [(b"host", ADDRESS.encode()), (b"cookie", asking.COOKIE.encode())]
        await app({"type": "websocket", "path": "/", "headers": headers}, None, send)  # type: ignore[arg-type]

    in_a_loop(ask())
    assert sent == ["websocket.close"]


def test_an_accident_says_nothing_of_itself(space: Path) -> None:
    async def breaks(_: Request) -> Response:
        raise RuntimeError(f"with {TOKEN}")

    app = make_app(site(space))
    app.app.router.routes.insert(0, Route("/api/breaks", breaks))  # type: ignore[attr-defined]
    said = {}

    async def send(message: dict[str, object]) -> None:
        said.update(message)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    with pytest.raises(RuntimeError):  # for the server's log
        in_a_loop(app(asked("GET", "/api/breaks").scope, receive, send))  # type: ignore[arg-type]
    assert said["status"] == 500 and b"bug" in said["body"] and b"RuntimeError" not in said["body"]  # type: ignore[operator]
    names = {name.decode().lower() for name, _ in said["headers"]}  # type: ignore[attr-defined]
    assert set(asking.PROMISES) <= names
