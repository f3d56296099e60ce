"""The files of a new distribution: templates of this package, with what is particular to it filled in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from string import Template

from sendoff import __version__
from sendoff.cli.new_plugin.kind import Kind

SUFFIX = ".template"
_TOOLS = ("mypy>=1.11", "ruff>=0.6")


@dataclass(frozen=True, slots=True)
class Draft:
    """What is written. kind: of the plugin. name: of it."""

    kind: Kind
    name: str

    @property
    def distribution(self) -> str:
        """How it is installed, and the folder that it is written to."""
        return f"sendoff-{self.name}"

    @property
    def module(self) -> str:
        """How it is imported."""
        return self.distribution.replace("-", "_")

    def files(self) -> Mapping[str, str]:
        """Their texts by their paths in the distribution."""
        words = self._words()
        words["use"] = _filled(_templates() / self.kind.word / f"use.md{SUFFIX}", words).rstrip()
        found = {}
        for folder in ("every", self.kind.word):
            for path, template in _below(_templates() / folder):
                found[path.replace("package/", f"{self.module}/")] = _filled(template, words)
        del found["use.md"]
        return found

    def _words(self) -> dict[str, str]:
        kind, prefix = self.kind, "".join(part.capitalize() for part in self.name.split("-"))
        requirement = f"sendoff{bounds(__version__)}"
        about = kind.about.format(name=self.name)
        return {
            "name": self.name, "distribution": self.distribution, "module": self.module, "prefix": prefix, "part": kind.part, "group": kind.group,
            "about": about, "description": f"{about}, for sendoff", "promise": kind.promise, "requirement": requirement,
            "entry": self.name if kind.suffix else self.distribution,
            "target": f"{self.module}.{kind.part}" + (f":{prefix}{kind.suffix}" if kind.suffix else ""),
            "dependencies": _quoted(requirement, *kind.needs),
            "test_dependencies": _quoted("sendoff[testing]", *kind.tried_with, *_TOOLS),
        }  # fmt: skip


def bounds(version: str) -> str:
    """The versions of sendoff that a plugin made now works with: the next one that may change its ports is left out.

    >>> bounds("0.1.0"), bounds("2.3.1")
    ('>=0.1,<0.2', '>=2.3,<3')
    """
    major, minor, *_ = (int(part) for part in version.split(".")[:2])
    return f">={major}.{minor},<{major}.{minor + 1}" if major == 0 else f">={major}.{minor},<{major + 1}"


def _templates() -> Traversable:
    return files("sendoff.cli.new_plugin") / "templates"


def _below(folder: Traversable, at: str = "") -> Iterator[tuple[str, Traversable]]:
    for one in sorted(folder.iterdir(), key=lambda one: one.name):
        if one.is_dir():
            yield from _below(one, f"{at}{one.name}/")
        elif one.name.endswith(SUFFIX):
            yield f"{at}{one.name.removesuffix(SUFFIX)}", one


def _filled(template: Traversable, words: Mapping[str, str]) -> str:
    return Template(template.read_text(encoding="utf-8")).substitute(words)


def _quoted(*requirements: str) -> str:
    return ", ".join(f'"{one}"' for one in requirements)
