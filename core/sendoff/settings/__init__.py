"""The configuration: an argument is stronger than a ``SENDOFF_`` variable, a variable than the file, the file than a default.

Nothing is read but the file and the environment that is handed in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from sendoff.errors import ConfigurationError
from sendoff.model.complaint import nearest
from sendoff.model.configuration import Configuration, CredentialSection, SinkSection
from sendoff.model.destination import Destination
from sendoff.model.limits import HandlerRules, Limits, PlaceLimits, Retention
from sendoff.settings.explanation import Explained, explained
from sendoff.settings.fault import Origins, as_configuration_error, error_at
from sendoff.settings.paths import Paths
from sendoff.settings.shape import DestinationShape, Shape
from sendoff.settings.sources import TreeSource, file_tree, variable_tree


def load(path: Path | None, environ: Mapping[str, str], *, required: bool = False, arguments: Mapping[str, Any] | None = None) -> Configuration:
    """The configuration in force.

    path: of the file; None or a missing one is an empty file, unless it is ``required``. environ: whose ``SENDOFF_`` variables count.
    arguments: stronger than both, in the form of the file. Errors: ``ConfigurationError`` with file or variable, section and key.
    A destination without ``use`` has the transport "": its scheme says which.
    """
    shape, origins = _read(path, environ, required, arguments)
    _check_names(shape, origins)
    _check_credentials(shape, origins)
    _check_sinks(shape, origins)
    return _configuration(shape, Paths.of(path, environ), str(path) if path is not None and path.exists() else "")


def explain(path: Path | None, environ: Mapping[str, str], *, required: bool = False, arguments: Mapping[str, Any] | None = None) -> list[Explained]:
    """Every key in force: ``(key, value, origin)``, secrets as three stars. Arguments and errors as ``load``."""
    shape, origins = _read(path, environ, required, arguments)
    return explained(shape, origins)


def _read(path: Path | None, environ: Mapping[str, str], required: bool, arguments: Mapping[str, Any] | None) -> tuple[Shape, Origins]:
    file = file_tree(path, required=required)
    variables = variable_tree(environ, file)
    origins = Origins(arguments=dict(arguments or {}), variables=variables, file=file, path=str(path or "the configuration"), environ=environ)
    try:
        return _shape_over(origins)(), origins
    except ValidationError as cause:
        error = as_configuration_error(cause, origins)
    # outside the handler: a validator's error repeats values, and they may be secret
    raise error


def _shape_over(origins: Origins) -> type[Shape]:
    """The shape, filled from these origins and nothing else."""

    class Filled(Shape):
        @classmethod
        def settings_customise_sources(cls, settings_cls: type[BaseSettings], *_: Any, **__: Any) -> tuple[PydanticBaseSettingsSource, ...]:
            return tuple(TreeSource(settings_cls, tree) for tree in origins.trees())

    return Filled


def _check_names(shape: Shape, origins: Origins) -> None:
    """Names stand before a colon, in addresses and references."""
    for section, name in [*(("destinations", name) for name in shape.destinations), *(("credentials", name) for name in shape.credentials)]:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
            raise error_at((section,), f"{name!r} is not a name; use letters, digits and . _ -", origins.of((section, name)))


def _check_credentials(shape: Shape, origins: Origins) -> None:
    for name, one in shape.destinations.items():
        if one.credential and ":" not in one.credential and one.credential not in shape.credentials:
            place = ("destinations", name)
            sentence = f"there is no [credentials.{one.credential}]{nearest(one.credential, shape.credentials)}"
            raise error_at(place, sentence, origins.of((*place, "credential")))


def _check_sinks(shape: Shape, origins: Origins) -> None:
    names = [sink.name for sink in shape.sinks]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise error_at(("sinks", str(number + 1)), f"there are two sinks named {name!r}; give each a name =", origins.of(("sinks", number)))


def _configuration(shape: Shape, paths: Paths, path: str) -> Configuration:
    def expanded(options: Mapping[str, Any]) -> Mapping[str, Any]:
        return {key: paths.expanded(key, value) for key, value in options.items()}

    return Configuration(
        limits=Limits(**shape.limits.model_dump(), places=_places(shape)),
        retry=shape.retry.rules(),
        retention=Retention(finished=round(shape.retention.finished * 1e6), receipts=round(shape.retention.receipts * 1e6)),
        handlers=HandlerRules(**shape.handlers.model_dump()),
        destinations={name: _destination(name, one, expanded(one.options)) for name, one in shape.destinations.items()},
        transports={name: expanded(options) for name, options in shape.transports.items()},
        credentials={name: CredentialSection(use=one.use, kind=one.kind, options=expanded(one.options)) for name, one in shape.credentials.items()},
        sinks=tuple(SinkSection(name=one.name, use=one.use, on=one.on, options=expanded(one.options), words=one.words) for one in shape.sinks),
        allow_schemes=shape.policy.allow_schemes,
        allow_hosts=shape.policy.allow_hosts,
        unconstrained=shape.policy.unconstrained,
        disabled=shape.disabled,
        store=shape.store.use,
        store_options=expanded(shape.store.options),
        network=shape.network.use,
        settle=shape.network.settle,
        network_options=expanded(shape.network.options),
        seal=shape.secrets.seal,
        secrets_timeout=shape.secrets.timeout,
        mode=shape.mode,
        idle_exit=shape.host.idle_exit,
        log_level=shape.host.log_level,
        path=path,
    )


def _places(shape: Shape) -> Mapping[str, PlaceLimits]:
    """The limits of those destinations that have some of their own."""
    found = {name: PlaceLimits(bandwidth=one.bandwidth, concurrency=one.concurrency) for name, one in shape.destinations.items()}
    return {name: one for name, one in found.items() if one != PlaceLimits()}


def _destination(name: str, shape: DestinationShape, options: Mapping[str, Any]) -> Destination:
    return Destination(
        url=shape.url,
        transport=shape.use or "",
        name=name,
        exact=not shape.url.endswith("/"),
        credential=shape.credential,
        headers=tuple(shape.headers.items()),
        cleartext=shape.cleartext,
        options=options,
    )


__all__ = ["ConfigurationError", "Explained", "explain", "load"]
