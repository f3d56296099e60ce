"""Paths as people write them in the configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_NAMES_OF_PATHS = ("_file", "_folder", "_path")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Turns a driver's paths into absolute ones: ``~/`` from the home folder, ``./`` and ``../`` from the file's folder.

    A path without such a beginning is one where its key says so: ``path``, or a name that ends in ``_file``, ``_folder`` or ``_path``.
    """

    folder: str
    home: str

    @classmethod
    def of(cls, file: Path | None, environ: Mapping[str, str]) -> Paths:
        """For this configuration file and this user."""
        return cls(folder=os.path.abspath(file.parent) if file is not None else os.getcwd(), home=environ.get("HOME") or os.path.expanduser("~"))

    def expanded(self, key: str, value: Any) -> Any:
        """The value with its paths absolute, also inside lists and tables."""
        if isinstance(value, Mapping):
            return {inner: self.expanded(inner, one) for inner, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.expanded(key, one) for one in value]
        return self._absolute(key, value) if isinstance(value, str) else value

    def _absolute(self, key: str, text: str) -> str:
        if text == "~" or text.startswith("~/"):
            return os.path.normpath(os.path.join(self.home, text[2:]))
        named = key == "path" or key.endswith(_NAMES_OF_PATHS)
        if text.startswith(("./", "../")) or (named and text and not text.startswith(":")):
            return os.path.normpath(os.path.join(self.folder, text))
        return text
