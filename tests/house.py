"""The rules of the house, read off the syntax tree (docs/architecture.md draws them).

Every rule is a function from a House (module name -> source text) to findings, one line each, so that a test
can hand it a planted violation as easily as the real source.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

PACKAGE = "iterativectl"

# Lowest first. A module imports from its own layer or from lower ones.
LAYERS = (
    {"errors", "events", "model", "ports", "clock"},
    {"config", "images", "files", "resources"},
    {"generation", "vision", "project", "processes", "history"},
    {"judging", "policy"},
    {
        *("runner", "attempt", "assessing", "steps", "attention", "standing", "opening", "loading", "doctor"),
        *("masked", "variants", "choosing", "ahead", "overlap", "comparing", "drawing", "pointing"),
        *("bench", "judgement", "preferring", "calibration", "measuring"),
        *("suggesting", "consulting", "experience", "rewriting", "rulebook", "seeding", "beginning"),
        *("overview", "showing", "report"),
    },
    {"compose", "compose_bench", "compose_calibrate", "compose_judge", "compose_try", "compose_variants"},
    {"web"},
    {"cli"},
    {"__main__"},
)
STRANGERS = {"generation", "vision", "project", "processes", "history"}  # of one layer; they never meet
ACQUAINTED = {("history", "project")}  # the index reads what project writes; project knows of no index
BACKENDS = (
    "generation.comfyui",
    "generation.embedded",
    "vision.ollama",
    "vision.openai",
    "vision.anthropic",
    "vision.gemini",
    "vision.embedded",
)

PURE = (
    "policy",
    "judging.score",
    "judging.replies",
    *(f"judging.{name}" for name in ("votes", "tally", "casting", "confirming", "contradictions")),
    *(f"judging.{name}" for name in ("suggesting", "vetting", "asking_well", "tagging", "base_prompts")),
    *(
        f"generation.comfyui.{name}"
        for name in (
            *("graph", "patch", "trace", "roles", "rules", "search", "walk", "words", "samplers", "saves"),
            *("pictures", "masks", "models", "refusal", "frames"),
        )
    ),
    "images",
)
IMPURE_IMPORTS = {
    *(
        "time",
        "datetime",
        "os",
        "pathlib",
        "shutil",
        "tempfile",
        "glob",
        "subprocess",
        "threading",
        "secrets",
    ),
    *("socket", "ssl", "http", "urllib", "requests", "websocket", "sqlite3", "logging", "uuid", "locale"),
    *(f"{PACKAGE}.files", f"{PACKAGE}.clock", f"{PACKAGE}.resources", f"{PACKAGE}.project"),
}
# Of these modules only the named things are pure: the rest draws from one generator that everybody shares.
PURE_PARTS = {
    "random": {"Random"},
    "numpy.random": {"default_rng", "Generator", "PCG64", "SeedSequence"},
}

OPENERS = {
    "open",
    "io.open",
    "os.open",
    "os.fdopen",
    "gzip.open",
    "codecs.open",
    "tempfile.NamedTemporaryFile",
}
READING = {"r", "rb", "rt", "br", "tr"}
READ_FLAGS = {"O_RDONLY", "O_DIRECTORY", "O_CLOEXEC", "O_NOFOLLOW"}
WRITERS = {
    *("os.replace", "os.rename", "os.renames", "os.link", "os.symlink", "os.write", "os.truncate"),
    *("os.mkdir", "os.makedirs", "os.remove", "os.unlink", "os.rmdir", "os.removedirs"),
    *("shutil.copy", "shutil.copy2", "shutil.copyfile", "shutil.copyfileobj", "shutil.copytree"),
    *("shutil.move", "shutil.rmtree", "cv2.imwrite", "numpy.save", "numpy.savez", "sqlite3.connect"),
    *("tempfile.mkstemp", "tempfile.mkdtemp", "tempfile.TemporaryFile", "tempfile.TemporaryDirectory"),
}
WRITING_METHODS = {
    *(
        "write_text",
        "write_bytes",
        "touch",
        "mkdir",
        "rmdir",
        "unlink",
        "rename",
        "symlink_to",
        "hardlink_to",
    ),
}
MEMORY = {"BytesIO", "StringIO"}
DATABASES = {"sqlite3": "history"}  # a library that writes files of its own -> the one place that may use it

SPEAKING = {
    *("print", "exit", "quit", "SystemExit", "breakpoint", "sys.exit", "os._exit", "os.abort"),
    *("sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__", "click.echo", "rich.print"),
}

EMPTY_NAMES = ("Manager", "Helper", "Helpers", "Util", "Utils", "Service")
MODULE_LINES = 330  # "about 300"
SCRIPT_COLUMNS = 140  # of the viewer's own scripts
FUNCTION_LINES = 40
PARAMETERS = 6
MEDIAN_LINES = 12


@dataclass(frozen=True)
class House:
    """The program's source: module name (iterativectl.project.store) -> text."""

    sources: Mapping[str, str]

    @classmethod
    def at(cls, folder: Path) -> House:
        """All modules below src/."""
        found = {}
        for path in sorted((folder / PACKAGE).rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path.read_text(
                encoding="utf-8"
            )
        return cls(found)

    @cached_property
    def trees(self) -> dict[str, ast.Module]:
        return {name: ast.parse(text) for name, text in self.sources.items()}

    @cached_property
    def imports(self) -> dict[str, set[tuple[str, int]]]:
        """Module -> (imported module, line), inside functions and under TYPE_CHECKING too."""
        return {name: set(self._imports_of(name, tree)) for name, tree in self.trees.items()}

    def _imports_of(self, name: str, tree: ast.Module) -> Iterator[tuple[str, int]]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(name, node)
                yield from ((self._module(base, alias.name), node.lineno) for alias in node.names)

    def _absolute(self, name: str, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        is_package = any(other.startswith(name + ".") for other in self.sources)
        parts = name.split(".")
        kept = parts[: len(parts) - node.level + is_package]
        return ".".join([*kept, *([node.module] if node.module else [])])

    def _module(self, base: str, name: str) -> str:
        """`from a import b` names the module a.b where there is one, else something inside a."""
        return f"{base}.{name}" if f"{base}.{name}" in self.sources else base


def inside(module: str, *places: str) -> bool:
    """Whether a module is one of these, or below one; places are given without the package's name."""
    short = module.removeprefix(PACKAGE + ".")
    return any(short == place or short.startswith(place + ".") for place in places)


def layer_of(module: str) -> int | None:
    """The layer's number; the package's own __init__ is below everything; None for a stranger."""
    if module == PACKAGE:
        return -1
    top = module.split(".")[1]
    return next((number for number, layer in enumerate(LAYERS) if top in layer), None)


def layers(house: House) -> Iterator[str]:
    """Imports go down only, and generation, vision and project never meet."""
    for module in house.sources:
        if layer_of(module) is None:
            yield f"{module}: belongs to no layer; give it one in tests/house.py and docs/architecture.md"
    for module, line, target in _own_imports(house):
        here, there = layer_of(module), layer_of(target)
        if here is None or there is None:
            continue
        if there > here:
            yield f"{module}:{line}: imports {target}, which is above it"
        tops = {module.split(".")[1], target.split(".")[1]} if here >= 0 and there >= 0 else set()
        known = here >= 0 and there >= 0 and (module.split(".")[1], target.split(".")[1]) in ACQUAINTED
        if len(tops) == 2 and tops <= STRANGERS and not known:
            yield f"{module}:{line}: imports {target}; these two never import each other"


def backends(house: House) -> Iterator[str]:
    """Only compose names a concrete backend, from outside its own family's folder."""
    for module, line, target in _own_imports(house):
        if not any(target.removeprefix(PACKAGE + ".").startswith(backend) for backend in BACKENDS):
            continue
        if not inside(module, "compose", target.split(".")[1]):
            yield f"{module}:{line}: names the backend {target}; only compose does"


def painter_and_judge(house: House) -> Iterator[str]:
    """The embedded judge would be rigged if it shared a line with the painter it judges."""
    pair = ("generation.embedded", "vision.embedded")
    reached = {side: _reached_from(house, side) for side in pair}
    for side, other in (pair, pair[::-1]):
        for module in sorted(reached[side]):
            if inside(module, other):
                yield f"{side} reaches {module}"


def _reached_from(house: House, place: str) -> set[str]:
    found: set[str] = set()
    waiting = [module for module in house.sources if inside(module, place)]
    while waiting:
        module = waiting.pop()
        if module in found:
            continue
        found.add(module)
        waiting.extend(target for target, _ in house.imports.get(module, ()) if target in house.sources)
    return found


def cycles(house: House) -> Iterator[str]:
    """No module imports itself by way of others, in functions and for types included."""
    graph = {
        module: {target for target, _ in targets if target in house.sources and target != module}
        for module, targets in house.imports.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        yield " -> ".join(error.args[1])


def purity(house: House) -> Iterator[str]:
    """No clock, socket, disk or global randomness where a decision or a reading is made."""
    for module, tree in house.trees.items():
        if not inside(module, *PURE):
            continue
        for target, line in sorted(house.imports[module]):
            if any(target == banned or target.startswith(banned + ".") for banned in IMPURE_IMPORTS):
                yield f"{module}:{line}: imports {target}"
        names = _names_of_imports(tree)
        for node in ast.walk(tree):
            for source, line in _mentioned(node, names):
                owner, _, part = source.rpartition(".")
                if owner in PURE_PARTS and part not in PURE_PARTS[owner]:
                    yield f"{module}:{line}: uses {source}, which everybody shares"
            if isinstance(node, ast.Call) and (reason := _touches_disk(node, names)):
                yield f"{module}:{node.lineno}: {reason}"


def _touches_disk(call: ast.Call, names: Mapping[str, str]) -> str:
    called = _dotted(call.func, names)
    if called in OPENERS:
        return f"calls {called}"
    if called in ("cv2.imread", "numpy.load", "numpy.fromfile"):
        return f"calls {called}"
    if called == "PIL.Image.open" and call.args and not _is_in_memory(call.args[0]):
        return "calls Image.open with something that may be a path"
    return ""


def one_writer(house: House) -> Iterator[str]:
    """Only files.py changes the disk, and only history has a database."""
    for module, tree in house.trees.items():
        if inside(module, "files"):
            continue
        for target, line in sorted(house.imports[module]):
            home = DATABASES.get(target.split(".")[0])
            if home is not None and not inside(module, home):
                yield f"{module}:{line}: imports {target}; only {home} does"
        names = _names_of_imports(tree)
        in_memory = _memory_names(tree, names)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and (reason := _writes(node, names, in_memory)):
                yield f"{module}:{node.lineno}: {reason}"
            if isinstance(node, ast.ClassDef) and any("FileHandler" in ast.dump(base) for base in node.bases):
                yield f"{module}:{node.lineno}: {node.name} is a log file"


def _writes(call: ast.Call, names: Mapping[str, str], in_memory: set[str]) -> str:
    called = _dotted(call.func, names)
    if called in WRITERS:
        return f"calls {called}"
    if called == "os.open":
        return "opens for writing" if _flags(call) - READ_FLAGS else ""
    if called in OPENERS:
        return "opens for writing" if not _mode(call, 1) <= READING else ""
    if called.startswith("logging") and called.endswith("FileHandler"):
        return f"makes a {called}"
    if not isinstance(call.func, ast.Attribute) or called.split(".")[0] in ("files", f"{PACKAGE}"):
        return ""
    return _writing_method(call, call.func.attr, in_memory)


def _writing_method(call: ast.Call, method: str, in_memory: set[str]) -> str:
    if method in WRITING_METHODS:
        return f"calls .{method}()"
    if method == "open" and (call.args or call.keywords):
        modes = _mode(call, 0)
        return (
            "opens for writing" if any(set(mode) & set("wax+") and len(mode) <= 3 for mode in modes) else ""
        )
    if method == "save" and call.args:
        target = call.args[0]
        safe = _is_in_memory(target) or (isinstance(target, ast.Name) and target.id in in_memory)
        return "" if safe else "calls .save() with something that may be a path"
    return ""


def _mode(call: ast.Call, position: int) -> set[str]:
    """The mode of an open(): written out, or '?' when it cannot be read off."""
    given = next((word.value for word in call.keywords if word.arg == "mode"), None)
    if given is None and len(call.args) > position:
        given = call.args[position]
    if given is None:
        return {"r"}
    return {given.value} if isinstance(given, ast.Constant) and isinstance(given.value, str) else {"?"}


def _flags(call: ast.Call) -> set[str]:
    if len(call.args) < 2:
        return {"?"}
    found = {node.attr for node in ast.walk(call.args[1]) if isinstance(node, ast.Attribute)}
    return found or {"?"}


def _is_in_memory(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _dotted(node.func, {}).split(".")[-1] in MEMORY


def _memory_names(tree: ast.Module, names: Mapping[str, str]) -> set[str]:
    """Variables that hold a BytesIO: `buffer = io.BytesIO()`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and _is_in_memory(node.value):
            found.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.NamedExpr) and _is_in_memory(node.value):
            found.add(node.target.id)
        elif isinstance(node, ast.withitem) and _is_in_memory(node.context_expr):
            found.update([node.optional_vars.id] if isinstance(node.optional_vars, ast.Name) else [])
    return found


def voices(house: House) -> Iterator[str]:
    """Only cli prints, asks or exits."""
    for module, tree in house.trees.items():
        if inside(module, "cli"):
            continue
        names = _names_of_imports(tree)
        for node in ast.walk(tree):
            for source, line in _mentioned(node, names):
                if source in SPEAKING:
                    yield f"{module}:{line}: uses {source}"
            if isinstance(node, ast.Call) and _dotted(node.func, names) == "input":
                yield f"{module}:{node.lineno}: asks with input()"


def swallowed(house: House) -> Iterator[str]:
    """A broad except raises again, or hands the error on, or logs it with its traceback."""
    for module, tree in house.trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler) and _is_broad(node.type) and not _is_heard(node):
                yield f"{module}:{node.lineno}: swallows every exception"
            if isinstance(node, ast.Call) and _dotted(node.func, {}).endswith("suppress"):
                if any(_is_broad(argument) for argument in node.args):
                    yield f"{module}:{node.lineno}: suppresses every exception"


def _is_broad(kind: ast.expr | None) -> bool:
    if kind is None:
        return True
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(isinstance(each, ast.Name) and each.id in ("Exception", "BaseException") for each in kinds)


def _is_heard(handler: ast.ExceptHandler) -> bool:
    inner = [node for statement in handler.body for node in ast.walk(statement)]
    raised = any(isinstance(node, ast.Raise) for node in inner)
    passed_on = handler.name and any(isinstance(node, ast.Name) and node.id == handler.name for node in inner)
    logged = any(isinstance(node, ast.Attribute) and node.attr == "exception" for node in inner)
    return bool(raised or passed_on or logged)


def empty_names(house: House) -> Iterator[str]:
    """A class is named for what it is."""
    for module, tree in house.trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name.endswith(EMPTY_NAMES):
                yield f"{module}:{node.lineno}: class {node.name} says nothing"


def sizes(house: House) -> Iterator[str]:
    """A module has one subject, a function fits a screen."""
    for module, text in house.sources.items():
        lines = len(text.splitlines())
        if lines > MODULE_LINES:
            yield f"{module}: {lines} lines"
        for function in _functions(house.trees[module]):
            length = function_lines(function)
            if length > FUNCTION_LINES:
                yield f"{module}.{function.name}: {length} lines"


def wide_lines(scripts: Mapping[str, str]) -> Iterator[str]:
    """A line of a script can be read without moving; `scripts` are texts by name."""
    for name, text in sorted(scripts.items()):
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > SCRIPT_COLUMNS:
                yield f"{name}:{number}: {len(line)} characters"


def parameters(house: House) -> Iterator[str]:
    """At most six; a command of cli has as many as it has options."""
    for module, tree in house.trees.items():
        for function in _functions(tree) if not inside(module, "cli") else ():
            given = function.args
            names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
            count = len([name for name in names if name not in ("self", "cls")])
            if count > PARAMETERS:
                yield f"{module}.{function.name}: {count} parameters"


def function_lengths(house: House) -> list[int]:
    """Lines of every function, for the median."""
    return [function_lines(function) for tree in house.trees.values() for function in _functions(tree)]


def function_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """From `def` to the last line, without decorators and docstring: the length of the thought."""
    total = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return total - ((first.end_lineno or 0) - first.lineno + 1 if documented else 0)


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def _own_imports(house: House) -> Iterator[tuple[str, int, str]]:
    for module, targets in house.imports.items():
        for target, line in sorted(targets):
            if target == PACKAGE or target.startswith(PACKAGE + "."):
                yield module, line, target


def _names_of_imports(tree: ast.Module) -> dict[str, str]:
    """Local name -> what it stands for: `import numpy as np` gives np -> numpy."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[alias.asname or alias.name.split(".")[0]] = (
                    alias.name if alias.asname else alias.name.split(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return found


def _mentioned(node: ast.AST, names: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """A name or a dotted name, in the words of the module it comes from."""
    if isinstance(node, ast.Name | ast.Attribute) and (source := _dotted(node, names)):
        yield source, node.lineno


def _dotted(node: ast.AST, names: Mapping[str, str]) -> str:
    """`np.random.rand` -> numpy.random.rand; "" for what is not a plain dotted name."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value, names)
        return f"{owner}.{node.attr}" if owner else ""
    return ""
