"""Where settings come from: the file, and the ``SENDOFF_`` variables of an environment that is handed in."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsError

from sendoff.desk.variables import NO_SETTINGS, OF_A_NOTICE
from sendoff.errors import ConfigurationError
from sendoff.model.complaint import nearest
from sendoff.settings.shape import BETWEEN, PREFIX, Shape

Tree = dict[str, Any]


class TreeSource(PydanticBaseSettingsSource):
    """Settings that have been read already."""

    def __init__(self, shape: type[BaseSettings], tree: Tree) -> None:
        super().__init__(shape)
        self._tree = tree

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """The value of one top-level key."""
        return self._tree.get(field_name), field_name, False

    def __call__(self) -> Tree:
        return self._tree


class _Variables(EnvSettingsSource):
    """Reads the environment it is given, never the one of this process."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        super().__init__(Shape)

    def _load_env_vars(self) -> Mapping[str, str | None]:
        return {name.lower(): value for name, value in self._environment.items()}


def file_tree(path: Path | None, *, required: bool) -> Tree:
    """What the file says. required: that it is missing is an error. Errors: ``ConfigurationError`` with the line and column of a fault."""
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError as cause:
        if required:
            raise ConfigurationError(f"the configuration file {path} does not exist", hint="make it, or unset SENDOFF_CONFIG") from cause
        return {}
    except OSError as cause:
        raise ConfigurationError(f"the configuration file {path} cannot be read: {cause.strerror}") from cause
    except UnicodeDecodeError as cause:
        raise ConfigurationError(f"{path} is not UTF-8 text: byte {cause.start} cannot be read") from cause
    except tomllib.TOMLDecodeError as cause:
        raise ConfigurationError(f"{path} is not TOML: {cause}", hint="correct the line") from cause


def variable_tree(environ: Mapping[str, str], file: Tree) -> Tree:
    """What the ``SENDOFF_`` variables say, its names spelled as the file spells them. Errors: ``ConfigurationError`` for an unknown variable."""
    named = {name: value for name, value in environ.items() if name.startswith(PREFIX) and name not in NO_SETTINGS and not name.startswith(OF_A_NOTICE)}
    for name in named:
        if name.removeprefix(PREFIX).partition(BETWEEN)[0].lower() not in Shape.model_fields:
            raise ConfigurationError(f"unknown variable {name}{nearest(name, [*_variable_names(), *NO_SETTINGS])}")
    try:
        return _spelled_as(file, _Variables(named)())
    except SettingsError:
        name = next(name for name in named if not _is_readable(name, named[name]))
    raise ConfigurationError(f"the variable {name} is not JSON; a list or table is written as JSON", key=name)


def _is_readable(name: str, value: str) -> bool:
    try:
        _Variables({name: value})()
    except SettingsError:
        return False
    return True


def variable_for(location: tuple[str | int, ...], environ: Mapping[str, str]) -> str:
    """The variable that says what is at this place: its own, or one of a table or list around it."""
    for depth in range(len(location), 0, -1):
        name = _variable_name(location[:depth])
        if name in environ:
            return name
    return _variable_name(location)


def model_in(annotation: Any) -> type[BaseModel] | None:
    """The section inside an annotation, if there is one: itself, or a value of a mapping, or an item of a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in getattr(annotation, "__args__", ()) if (found := model_in(one)) is not None), None)


def _variable_names() -> Iterator[str]:
    for name, field in Shape.model_fields.items():
        section = field.annotation
        if isinstance(section, type) and issubclass(section, BaseModel):
            yield from (_variable_name((name, key)) for key in section.model_fields)
        else:
            yield _variable_name((name,))


def _variable_name(location: tuple[str | int, ...]) -> str:
    return PREFIX + BETWEEN.join(str(part).upper() for part in location)


def _spelled_as(file: Any, variables: Tree) -> Tree:
    """Variables know no small letters; where the file has the name in other letters, it is that one."""
    known = {key.lower(): key for key in file} if isinstance(file, dict) else {}
    found = {}
    for key, value in variables.items():
        name = known.get(key.lower(), key)
        found[name] = _spelled_as(file[name], value) if isinstance(value, dict) and name in known.values() else value
    return found
