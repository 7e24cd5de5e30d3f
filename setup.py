"""What pyproject.toml cannot say: the data folders travel in the wheel, as iterativectl/_data/."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
DATA = ["defaults", "workflow", "schemas", "rules", "models", "viewer", "projects/example", "prompts.yaml"]
# What a run leaves behind in the example is the user's own.
LEFT_OUT = {"working", "output", "logs", "__pycache__"}


def data_files():
    """Every file to ship, relative to the checkout."""
    for name in DATA:
        start = ROOT / name
        found = sorted(start.rglob("*")) if start.is_dir() else [start]
        for path in found:
            relative = path.relative_to(ROOT)
            if path.is_file() and not LEFT_OUT.intersection(relative.parts) and path.suffix != ".partial":
                yield relative


class BuildWithData(build_py):
    """The usual build, then the data folders beside the package's modules."""

    def run(self):
        # setuptools builds on what an older build left there, and would ship files that are gone.
        shutil.rmtree(Path(self.build_lib, "iterativectl"), ignore_errors=True)
        super().run()
        if self.editable_mode:  # the checkout itself is used
            return
        for relative in data_files():
            target = self._target(relative)
            self.mkpath(str(target.parent))
            self.copy_file(str(ROOT / relative), str(target))

    def get_outputs(self, include_bytecode=True):
        return super().get_outputs(include_bytecode) + [str(self._target(name)) for name in data_files()]

    def _target(self, relative):
        return Path(self.build_lib, "iterativectl", "_data", relative)


setup(cmdclass={"build_py": BuildWithData})
