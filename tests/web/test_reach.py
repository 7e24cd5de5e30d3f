"""What an address can reach: the things of a workspace by their names, and no file by its path.

Every route there is, against paths in place of names, links out of the project, and odd values. Looking
changes nothing, and keys are in no answer.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from tests.web import asking
from tests.web.asking import Asked, answers, asked, faults, is_a_page, known
from tests.web.trees import site_at

from iterativectl.project import runs
from iterativectl.project.layout import ProjectPaths, WorkspacePaths
from iterativectl.web.app import make_app
from iterativectl.web.guard import Guard

CANARY = b"canary-7c1f93"
NAMES = (
    *(
        "..",
        "../..",
        "%2e%2e",
        "%2e%2e%2f%2e%2e",
        "..%2f..%2fsecret",
        "%252e%252e%252fsecret",
        "....//secret",
    ),
    *(
        "..\\..\\secret",
        "..%5c..%5csecret",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "//host/share",
        "%2f%2fhost%2fshare",
    ),
    *(
        "C:\\windows",
        "c:%5cwindows",
        "file:///etc/passwd",
        "~root",
        "secret",
        "secret.png",
        "outside",
        "linked",
    ),
    *(
        "%00",
        "a%00b",
        "example%00",
        "example%00.png",
        ".",
        "%2e",
        "",
        "%20",
        "example%20",
        "example%2f",
        "%2fexample",
    ),
    *(
        "example%2f..%2foutside",
        "EXAMPLE",
        "%c0%ae%c0%ae%2fsecret",
        "%ff",
        "%f0%9f%96%bc",
        "\u202eelpmaxe",
        "a" * 300,
    ),
    *(
        "a" * 5000,
        "-1",
        "0",
        "1e3",
        "9" * 30,
        "9" * 4000,
        "\u0661",
        "1%0a",
        "2026-01-01_00-00-00",
        "con",
        "nul.png",
    ),
    *(
        "{project}",
        "${HOME}",
        "$(id)",
        "%25s%25n",
        "<script>",
        "javascript:alert(1)",
        "' OR 1=1 --",
        "*",
        "?",
        "#",
    ),
)
QUERIES = (
    "q",
    "state",
    "verdict",
    "sort",
    "order",
    "page",
    "after",
    "limit",
    "lines",
    "to",
    "mode",
    "run",
    "i",
)
VALUES = (
    "",
    "x",
    "-1",
    "0",
    "1e9",
    "9" * 30,
    "9" * 4000,
    "../../secret",
    "%00",
    "%ff",
    "nan",
    "inf",
    "1;2",
    "%",
    "\u0661",
)
BODIES = (
    *(b"", b"{}", b"[]", b"null", b"{", b"\xff", b'"x"', b"[" * 50_000, b'{"a":' * 20_000, b'{"a": NaN}'),
    b'{"iteration": "../1", "mode": 7, "request": [], "text": {}, "name": "../x", "png": 5, "labels": 0}',
    b'{"iteration": 1e400, "ranking": [1, {}], "notes": [], "form": [], "run": "..", "based_on": 1}',
    b'{"iteration": true, "ranking": "x", "png": "////", "grow": 1e9, "feather": -5, "stars": 99}',
    b'{"iteration": 1, "text": "\\u0000", "note": "\\ud800", "notes": {"x": []}, "labels": {"x": 1}}',
)


@pytest.fixture(scope="module")
def space(example_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with secrets beside its projects, a mask, and a preview."""
    root = tmp_path_factory.mktemp("reached") / "space"
    shutil.copytree(example_run, root)
    for name in ("secret", "secret.png", "secret.json", "projects/secret", "projects/secret.png"):
        (root / name).write_bytes(CANARY)
    project = ProjectPaths(root / "projects" / "example")
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "secret").write_bytes(CANARY)
    newest = project.run(runs.run_ids(project)[-1])
    shutil.copy(newest.image(1), project.lone_mask)
    shutil.copy(newest.image(1), newest.root / "preview.png")
    return root


@pytest.fixture(scope="module")
def app(space: Path) -> Guard:
    return make_app(site_at(space))


def samples(root: Path) -> dict[str, str]:
    run = runs.run_ids(WorkspacePaths(root).project("example"))[-1]
    return {**asking.SAMPLES, "run": run}


def checked(app: Guard, requests: list[Asked]) -> Iterator[tuple[Asked, asking.Answer]]:
    """Requests with their answers, of which each is as every answer must be."""
    for request, answer in zip(requests, answers(app, requests), strict=True):
        assert faults(request, answer) == []
        yield request, answer


# Paths in place of names.


def reached(app: Guard, values: dict[str, str]) -> list[str]:
    """What answers to a path in place of a name otherwise than that there is no such thing; [] is right."""
    found = []
    for route in known(app):
        for parameter in route.parameters:
            odd = [name for name in NAMES if name != values.get(parameter)]
            body = b"{}" if route.method == "POST" else b""
            requests = [
                asked(route.method, route.target({**values, parameter: name}), body=body) for name in odd
            ]
            for request, answer in checked(app, requests):
                shown = f"{request.method} {request.target[:120]} -> {answer.status}"
                if CANARY in answer.body:
                    found.append(f"{shown}: the secret")
                if answer.status >= 500 or (answer.status < 400 and not _is_harmless(request, values)):
                    found.append(shown)
    return found


def _is_harmless(request: Asked, values: dict[str, str]) -> bool:
    """A page's address may name anything; `#`, `?` and `%20` leave a right address, or another right one."""
    path = request.target.partition("?")[0]
    return is_a_page(path) or path.endswith("/i/1") or "/i/0" in path


def test_no_route_takes_a_path_for_a_name(app: Guard, space: Path) -> None:
    before = tree(space)
    assert reached(app, samples(space)) == []
    assert tree(space) == before and (space.parent / "outside" / "secret").read_bytes() == CANARY


def test_a_route_that_opens_paths_is_found(space: Path) -> None:
    async def opens(request: Request) -> Response:
        path = space / "projects" / request.path_params["name"]
        return Response(path.read_bytes() if path.is_file() else b"", 200 if path.is_file() else 404)

    app = Guard(Starlette(routes=[Route("/api/file/{name:path}", opens)]), site_at(space))
    with pytest.raises(AssertionError, match="it is of type"):
        reached(app, samples(space))


@pytest.mark.parametrize(
    "path", ["/../secret", "/%2e%2e/secret", "//secret", "/static/../../secret", "/projects/secret"]
)
def test_there_is_nothing_beside_the_routes(app: Guard, path: str) -> None:
    ((_, answer),) = checked(app, [asked("GET", path)])
    assert answer.status == 404 and CANARY not in answer.body


def test_odd_values_of_a_query_do_no_harm(app: Guard, space: Path) -> None:
    values, requests = samples(space), []
    several = itertools.cycle([VALUES[first::5] for first in range(5)])  # each meets each in time
    for route in known(app):
        if route.method == "GET" and not is_a_page(route.path) and not route.path.endswith("/stream"):
            target = route.target(values)
            requests += [asked("GET", f"{target}?{n}={v}") for n in QUERIES for v in next(several)]
    failed = [(r.target[:120], a.status) for r, a in checked(app, requests) if a.status >= 500]
    assert failed == []


def test_odd_bodies_do_no_harm(app: Guard, space: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(space, copy)
    changeable = make_app(site_at(copy))
    requests = [
        asked("POST", route.target(samples(copy)), body=body)
        for route in known(app)
        if route.method == "POST"
        for body in BODIES
    ]
    failed = [(r.target, r.body[:60], a.status) for r, a in checked(changeable, requests) if a.status >= 500]
    assert failed == []


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40),
    at=st.integers(0, 10_000),
)
def test_any_text_is_a_name_that_is_not_there(app: Guard, space: Path, name: str, at: int) -> None:
    routes = [route for route in known(app) if route.parameters and not is_a_page(route.path)]
    route = routes[at % len(routes)]
    parameter = route.parameters[at % len(route.parameters)]
    quoted = "".join(f"%{byte:02x}" for byte in name.encode())
    request = asked(route.method, route.target({**samples(space), parameter: quoted}), body=b"{}")
    ((_, answer),) = checked(app, [request])
    assert answer.status < 500
    assert answer.status >= 400 or name in {*samples(space).values(), "mask", "0"} or name.isdecimal()


# Links out of the project.


def linked(root: Path, place: str) -> None:
    """Move what is at a place of the project out of the workspace and link to it."""
    inner = root / "projects" / "example" / place
    outer = root.parent / "elsewhere" / (place or "example")
    outer.parent.mkdir(parents=True, exist_ok=True)
    inner.rename(outer)
    inner.symlink_to(outer)


FOLDERS = (
    "",
    "working",
    "working/{run}",
    *(f"working/{{run}}/{name}" for name in ("images", "metadata", "evaluation")),
)


def shown_by_links(root: Path, place: str, routes: list[BaseRoute] | None = None) -> list[str]:
    """Which routes of a run show it although what is at `place` is a link out of the project."""
    values = samples(root)
    linked(root, place.format(**values))
    app = make_app(site_at(root))
    if routes:
        app.app.router.routes[:0] = routes  # type: ignore[attr-defined]
    requests = [
        asked(route.method, route.target(values), body=b"{}" if route.method == "POST" else b"")
        for route in known(app)
        if "run" in route.parameters and not is_a_page(route.path)
    ]
    return [request.target for request, answer in checked(app, requests) if answer.status < 400]


@pytest.mark.parametrize("place", FOLDERS)
def test_a_run_that_lies_elsewhere_is_not_shown(example_run: Path, tmp_path: Path, place: str) -> None:
    root = tmp_path / "space"
    shutil.copytree(example_run, root)
    assert shown_by_links(root, place) == []


def test_a_route_that_follows_links_is_found(example_run: Path, tmp_path: Path) -> None:
    root = tmp_path / "space"
    shutil.copytree(example_run, root)

    def follows(request: Request) -> Response:
        project = WorkspacePaths(root).project(request.path_params["project"])
        return Response(project.run(request.path_params["run"]).image(1).read_bytes(), media_type="image/png")

    found = shown_by_links(root, "working", [Route("/api/p/{project}/r/{run}/follows", follows)])
    assert [target.rpartition("/")[2] for target in found] == ["follows"]


def test_a_picture_that_lies_elsewhere_is_not_shown(example_run: Path, tmp_path: Path) -> None:
    root = tmp_path / "space"
    shutil.copytree(example_run, root)
    values = samples(root)
    images = f"working/{values['run']}/images"
    for place in ("input/input.png", f"{images}/iteration_1.png", f"{images}/iteration_2.png"):
        linked(root, place)
    project = root / "projects" / "example"
    (project / images / "iteration_2.png").unlink()
    (project / images / "iteration_2.png").symlink_to("iteration_2.png")  # in a circle
    os.mkfifo(project / images / "iteration_3.pipe")
    (project / images / "iteration_3.png").unlink(missing_ok=True)
    (project / images / "iteration_3.png").symlink_to("iteration_3.pipe")
    shutil.copy(root.parent / "elsewhere" / "input" / "input.png", root / "input.png")
    run = f"/pictures/p/example/r/{values['run']}"
    addresses = [f"{run}/i/{n}/{kind}" for n in (1, 2, 3) for kind in ("full", "thumb", "raw")]
    addresses += [f"{run}/input/full", f"{run}/input/thumb", "/pictures/p/example/input/full"]
    requests = [asked("GET", address) for address in addresses]
    app = make_app(site_at(root))
    assert [(r.target, a.status) for r, a in checked(app, requests) if a.status != 404] == []


def test_a_link_within_the_project_is_followed(example_run: Path, tmp_path: Path) -> None:
    root = tmp_path / "space"
    shutil.copytree(example_run, root)
    images = root / "projects" / "example" / "working" / samples(root)["run"] / "images"
    (images / "iteration_900.png").symlink_to(images / "iteration_1.png")
    request = asked("GET", f"/pictures/p/example/r/{samples(root)['run']}/i/900/full")
    ((_, answer),) = checked(make_app(site_at(root)), [request])
    assert answer.status == 200 and answer.body == (images / "iteration_1.png").read_bytes()


# Looking changes nothing.


def tree(root: Path) -> dict[str, str]:
    """Every file and folder with its content, but for what can be made again at any time."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else ""
        for path in root.rglob("*")
        if ".iterative" not in path.parts
    }


def changed_by_looking(app: Guard, root: Path) -> list[str]:
    """What differs after every GET there is."""
    before = tree(root)
    requests = [asked("GET", route.target(samples(root))) for route in known(app) if route.method == "GET"]
    assert len(list(checked(app, requests))) > 5
    after = tree(root)
    return sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))


def test_looking_changes_nothing(app: Guard, space: Path) -> None:
    assert changed_by_looking(app, space) == []


def test_a_route_that_leaves_something_is_found(example_run: Path, tmp_path: Path) -> None:
    root = tmp_path / "space"
    shutil.copytree(example_run, root)

    def leaves(request: Request) -> Response:
        (root / "projects" / "example" / "seen").write_text("x")
        return Response(b"", media_type="text/plain")

    app = make_app(site_at(root))
    app.app.router.routes.insert(0, Route("/api/leaves", leaves))  # type: ignore[attr-defined]
    assert changed_by_looking(app, root) == ["projects/example/seen"]


# Keys.

KEYS = {
    "OPENROUTER_API_KEY": "sk-or-canary-0123456789abcdef",
    "ITERATIVE_HIDDEN": "canary-in-a-header-0123456789",
}
IN_FILES = ("canary-user:canary-pass", "sk-in-a-file-0123456789abcdef")


def told_keys(root: Path, routes: list[BaseRoute] | None = None) -> list[str]:
    """The routes whose answers hold a key: of a variable, of an address, of a file, at whatever place."""
    config = root / "projects" / "example" / "config"
    aigen = (config / "AIGen.yaml").read_text()
    url, header = f"http://{IN_FILES[0]}@127.0.0.1:9", f"Bearer {IN_FILES[1]}"
    comfyui = f'{{base_url: "{url}", headers: {{Authorization: "{header}"}}}}'
    (config / "AIGen.yaml").write_text(f"{_without(aigen, 'comfyui')}\ncomfyui: {comfyui}\n")
    site = site_at(root)
    keyed = type(site.world)(environ={**site.world.environ, **KEYS}, clock=site.world.clock)
    app = make_app(type(site)(workspace=site.workspace, world=keyed, token=site.token, hosts=site.hosts))
    if routes:
        app.app.router.routes[:0] = routes  # type: ignore[attr-defined]
    requests = [
        asked(route.method, route.target(samples(root)), body=b"{}" if route.method == "POST" else b"")
        for route in known(app)
    ]
    secrets = [text.encode() for text in (*KEYS.values(), *IN_FILES, IN_FILES[0].partition(":")[2])]
    return [
        f"{request.method} {request.target}"
        for request, answer in checked(app, requests)
        if any(secret in answer.body or secret.decode() in str(answer.headers) for secret in secrets)
    ]


def _without(text: str, key: str) -> str:
    """A YAML text without one of its top-level keys."""
    kept, dropping = [], False
    for line in text.splitlines():
        if line[:1] not in ("", " ", "#", "-"):
            dropping = line.startswith(f"{key}:")
        kept += [] if dropping else [line]
    return "\n".join(kept)


def test_no_key_is_in_any_answer(example_run: Path, tmp_path: Path) -> None:
    root = tmp_path / "space"
    shutil.copytree(example_run, root)
    assert told_keys(root) == []


def test_a_route_that_tells_a_key_is_found(example_run: Path, tmp_path: Path) -> None:
    root = tmp_path / "space"
    shutil.copytree(example_run, root)

    def tells(request: Request) -> Response:
        text = (root / "projects" / "example" / "config" / "AIGen.yaml").read_text()
        return Response(text, media_type="text/plain")

    assert told_keys(root, [Route("/api/tells", tells)]) == ["GET /api/tells"]
