"""A validator's faults as one sentence that names the place, and who said what stands there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from sendoff.errors import ConfigurationError
from sendoff.model.complaint import complaint
from sendoff.settings.shape import Shape
from sendoff.settings.sources import Tree, model_in, variable_for

Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """Everything that was said, by whom. path: of the file, "" when there is none."""

    arguments: Tree
    variables: Tree
    file: Tree
    path: str
    environ: Mapping[str, str]

    def trees(self) -> tuple[Tree, ...]:
        """The strongest first."""
        return self.arguments, self.variables, self.file

    def of(self, location: Location, *, exactly: bool = False) -> str:
        """Who said the value at this place, as people are told; where nobody did and unless ``exactly``, who said most of the way to it."""
        depths = [_depth(location, tree) for tree in self.trees()]
        best = max(depths)
        if best == 0 or (exactly and best < len(location)):
            return "default"
        return ("argument", variable_for(location, self.environ), self.path)[depths.index(best)]


def as_configuration_error(cause: ValidationError, origins: Origins) -> ConfigurationError:
    """The first fault; the others are counted."""
    faults = cause.errors(include_url=False)
    location: Location = faults[0]["loc"]
    depth, section = _section(location)
    named = [str(part + 1 if isinstance(part, int) else part) for part in location]
    sentence = complaint(".".join(named[depth:]), faults[0], [*section.model_fields])
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return error_at(tuple(named[:depth]), sentence + more, origins.of(location), key=".".join(named))


def error_at(section: tuple[str, ...], sentence: str, origin: str, *, key: str | None = None) -> ConfigurationError:
    """``FILE: [destinations.archive] what is wrong``. key: the whole way to it, for programs."""
    name = ".".join(section)
    return ConfigurationError(f"{origin}: {f'[{name}] ' if name else ''}{sentence}", key=key or name, section=name or None)


def _section(location: Location) -> tuple[int, type[BaseModel]]:
    """How much of a place names its section, and what keys that section has."""
    field = Shape.model_fields.get(str(location[0]))
    section = model_in(field.annotation) if field is not None else None
    depth = 1 if field is not None and field.annotation is section else 2
    return (depth, section) if section is not None and len(location) > depth else (0, Shape)


def _depth(location: Location, tree: Any) -> int:
    """How far a tree goes on the way to a place."""
    for depth, part in enumerate(location):
        held = part in tree if isinstance(tree, dict) else isinstance(tree, list | tuple) and isinstance(part, int) and part < len(tree)
        if not held:
            return depth
        tree = tree[part]
    return len(location)
