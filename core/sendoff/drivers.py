"""Names and loads drivers. A name in the configuration is a driver; only the module of the one that is named is imported."""

from __future__ import annotations

import inspect
import logging
import math
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from typing import Any

from stevedore.driver import DriverManager

from sendoff.deadline import Deadlines, Overdue
from sendoff.distributions import entries, is_disabled, origin, origins, unfit
from sendoff.errors import ConfigurationError, DriverBroken, DriverMissing, InvalidArgument, UnsupportedScheme
from sendoff.model.complaint import complaint, nearest
from sendoff.model.destination import REFUSED, scheme_of
from sendoff.ports.credentials import CredentialStore, Writable
from sendoff.ports.http_protocol import HttpProtocol
from sendoff.ports.network import Network, Watching
from sendoff.ports.session_protocol import SessionProtocol
from sendoff.ports.sink import Sink
from sendoff.ports.store import Purging, Salvaging, Store
from sendoff.ports.transport import Aborting, Bundling, Probing, Sweeping, Transport, Trusting

PORTS: Mapping[str, type] = {
    "transports": Transport, "http_protocols": HttpProtocol, "stores": Store, "credentials": CredentialStore, "sinks": Sink, "networks": Network,
}  # fmt: skip
FRESH = 1.0
LOADED_WITHIN = 30.0  # seconds, for whoever needs it; nobody else waits longer than
PASSED_BY_AFTER = 3.0
_CAPABILITIES = (Aborting, Bundling, Probing, Purging, Salvaging, SessionProtocol, Sweeping, Trusting, Watching, Writable)
_PACKAGES = {  # of this project; whose else a name may be, nobody knows
    "transports": {"azure-blob": "sendoff-azure-blob", "http": "sendoff-http", "s3": "sendoff-s3", "sftp": "sendoff-sftp"},
    "http_protocols": {"plain": "sendoff-http", "tus": "sendoff-http", "rufh": "sendoff-http", "nextcloud": "sendoff-http-nextcloud"},
    "stores": {"postgres": "sendoff-postgres", "sqlite": "sendoff-sqlite"},
    "credentials": {
        "command": "sendoff-credentials-basic",
        "env": "sendoff-credentials-basic",
        "file": "sendoff-credentials-basic",
        "keyring": "sendoff-keyring",
        "systemd": "sendoff-credentials-basic",
    },
    "sinks": {
        "log": "sendoff-sinks-basic",
        "command": "sendoff-sinks-basic",
        "status": "sendoff-sinks-basic",
        "webhook": "sendoff-webhook",
        "desktop": "sendoff-desktop",
        "apprise": "sendoff-apprise",
    },
    "networks": {
        "always-online": "sendoff-networks-basic",
        "networkmanager": "sendoff-networks-dbus",
        "portal": "sendoff-networks-dbus",
        "routes": "sendoff-networks-basic",
    },
}
_OF_THE_CORE = frozenset({"existing", "verify", "digest", "if_changed", "method"})  # what a destination may ask of any transport


class _Found(DriverManager[Any]):
    """Loads what was found here and now; stevedore's cache on disk may serve entry points of an earlier installation."""

    def __init__(self, entry: EntryPoint) -> None:
        self._entry = entry
        super().__init__(entry.group, entry.name)

    def list_entry_points(self) -> list[EntryPoint]:
        return [self._entry]


@dataclass(slots=True)
class _Begun:
    """A driver on its way. since: when it was begun, on the clock that never jumps."""

    since: float = field(default_factory=time.monotonic)
    future: Future[type] = field(default_factory=Future)

    def driver(self, seconds: float) -> type | None:
        """None where it is not there so many seconds after it was begun. Errors: as ``Drivers.load``."""
        try:
            return self.future.result(max(self.since + seconds - time.monotonic(), 0.0))
        except TimeoutError:
            return None


class Drivers:
    """The drivers of this interpreter.

    disabled: names of drivers or distributions that are not loaded.
    """

    def __init__(self, disabled: Sequence[str] = ()) -> None:
        self._disabled = frozenset(disabled)
        self._loaded: dict[tuple[str, str], type] = {}
        self._schemes: dict[str, str] = {}
        self._read: dict[str, tuple[float, list[EntryPoint]]] = {}
        self._loading = Deadlines(lambda: PASSED_BY_AFTER)
        self._begun: dict[str, _Begun] = {}
        self._begun_lock, self._passed_by = threading.Lock(), set[str]()
        self._log = logging.getLogger("sendoff.drivers")

    def names(self, kind: str) -> tuple[str, ...]:
        """The drivers that can be chosen, by name. kind: ``transports http_protocols stores credentials sinks networks``."""
        return tuple(sorted({entry.name for entry in self._entries(kind) if not self._is_disabled(entry)}))

    def load(self, kind: str, name: str) -> type:
        """The class that answers to this name. Errors: ``DriverMissing``, ``DriverBroken``."""
        return self._load(kind, name, LOADED_WITHIN)

    def _load(self, kind: str, name: str, seconds: float = PASSED_BY_AFTER) -> type:
        if (kind, name) not in self._loaded:
            self._loaded[kind, name] = self._imported(kind, name, seconds)
        return self._loaded[kind, name]

    def transport_for(self, scheme: str) -> str:
        """The name of the transport that carries to ``scheme://``; FTP's family is refused before any driver is asked.

        Where several do, the one called like the scheme is taken, then one called like another of its own schemes, then the first by name.
        """
        scheme = scheme_of(f"{scheme}://")
        if scheme in self._schemes:
            return self._schemes[scheme]
        name, sure = self._found_for(scheme)
        if sure:
            self._schemes[scheme] = name
        return name

    def schemes(self) -> tuple[str, ...]:
        """Every scheme that an installed, working transport carries to."""
        return tuple(sorted({scheme for _, transport in self._transports(PASSED_BY_AFTER) if transport is not None for scheme in transport.schemes}))

    def settings(self, kind: str, name: str, options: Mapping[str, Any], *, section: str | None = None) -> Any:
        """The driver's own ``Settings`` of these options. section: how the configuration calls them, ``transports.NAME`` when left out.

        ``existing verify digest if_changed method`` may stand beside the options of any transport. Errors: ``ConfigurationError`` with section, key and the
        nearest known key.
        """
        shape = self.load(kind, name).Settings  # type: ignore[attr-defined]
        known = _fields(shape)
        own = {key: value for key, value in options.items() if kind != "transports" or key in known or key not in _OF_THE_CORE}
        try:
            return shape(**own)
        except (ValueError, TypeError) as cause:
            sentence = _sentence(cause, (*known, *_OF_THE_CORE) if kind == "transports" else known)
        # outside the handler: a validator's error repeats the values, and they may be secret
        raise ConfigurationError(f"[{section or f'{kind}.{name}'}] {sentence} (driver {name})")

    def describe(self) -> list[dict[str, Any]]:
        """Every installed driver: kind, name, distribution, version, capabilities, schemes, state (``ok broken disabled``) and reason."""
        return [
            self._described(kind, entry) for kind in PORTS for entry in sorted(self._entries(kind, anew=True), key=lambda entry: (entry.name, origin(entry)))
        ]

    def _entries(self, kind: str, *, anew: bool = False) -> list[EntryPoint]:
        """What is installed, at most ``FRESH`` seconds old: reading it costs a millisecond, and names are asked for with every upload."""
        read, found = self._read.get(kind, (-math.inf, []))
        if anew or time.monotonic() - read > FRESH:
            found = _entries(kind)
            self._read[kind] = (time.monotonic(), found)
        return found

    def _is_disabled(self, entry: EntryPoint) -> bool:
        return is_disabled(entry, self._disabled)

    def _imported(self, kind: str, name: str, seconds: float) -> type:
        """Import it in a thread of its own: whatever that does, nobody waits for it longer than this."""
        entry = self._chosen(kind, name)
        if refused := unfit(entry):
            raise DriverBroken(
                f"the {_singular(kind)} {name!r} was made for another version: {refused}", hint="install a version of it that was made for this one"
            )
        try:
            return self._loading.call(f"{kind}.{name}", lambda: _checked(kind, entry, _imported(kind, entry)), patience=seconds)
        except Overdue as cause:
            still = "is still loading, as it was before" if cause.since_before else f"is still loading after {cause.seconds:g} seconds"
            raise DriverBroken(f"the {_singular(kind)} {name!r} of {origin(entry)} {still}", hint=f"see what holds {entry.module} up") from cause

    def _chosen(self, kind: str, name: str) -> EntryPoint:
        """The one entry point of this name that is not disabled."""
        named = [entry for entry in self._entries(kind, anew=True) if entry.name == name]
        found = [entry for entry in named if not self._is_disabled(entry)]
        if named and not found:
            raise DriverMissing(f"the {_singular(kind)} {name!r} is disabled in the configuration", hint=f"take it out of `disabled` to use {name!r}")
        if not found:
            raise _missing(kind, name, self.names(kind))
        if len(found) > 1:
            hint = "uninstall one of them, or name its distribution in `disabled`"
            raise DriverBroken(f"two distributions bring the {_singular(kind)} {name!r}: {origins(found)}", hint=hint)
        return found[0]

    def _transports(self, seconds: float) -> Iterator[tuple[str, type[Transport] | None]]:
        """Those that load, and with None those that are still at it so many seconds after they were begun; a broken one is named in the log and passed by."""
        for name in self.names("transports"):
            try:
                yield name, self._transport(name).driver(seconds)
            except DriverBroken as cause:
                self._pass_by(cause)
                if isinstance(cause.__cause__, Overdue):
                    yield name, None

    def _pass_by(self, cause: DriverBroken) -> None:
        """Once: while one hangs, it is met with every upload."""
        if cause.message not in self._passed_by:
            self._log.warning("%s", cause)
        self._passed_by.add(cause.message)

    def _transport(self, name: str) -> _Begun:
        """One that is being loaded, by whoever was first; one that did not load is tried anew."""
        with self._begun_lock:
            found = self._begun.get(name)
            if found is not None and (not found.future.done() or found.future.exception() is None):
                return found
            self._begun[name] = begun = _Begun()
        if ("transports", name) in self._loaded:
            begun.future.set_result(self._loaded["transports", name])
        else:
            threading.Thread(target=self._begin, args=(name, begun.future), name=f"sendoff-loads-{name}", daemon=True).start()
        return begun

    def _begin(self, name: str, future: Future[type]) -> None:
        """In a thread of its own, so that others can be asked before it is there."""
        try:
            future.set_result(self.load("transports", name))
        except BaseException as cause:  # noqa: BLE001 - raised where it is waited for
            future.set_exception(cause)

    def _found_for(self, scheme: str) -> tuple[str, bool]:
        """The transport, and whether that is sure: who is still loading may carry there, too, and be the better one."""
        self._entries("transports", anew=True)
        if scheme in self.names("transports") and scheme in self.load("transports", scheme).schemes:  # type: ignore[attr-defined]
            return scheme, True
        found, loading = self._carrying(scheme, PASSED_BY_AFTER)
        if loading and not found:
            found, loading = self._carrying(scheme, LOADED_WITHIN)
        if loading and not found:
            raise DriverBroken(
                f"no installed transport that has loaded carries to {scheme}://; {' and '.join(loading)} may: still loading after {LOADED_WITHIN:g} seconds",
                hint="see what holds it up: sendoff plugins",
            )
        if not found:
            raise self._unsupported(scheme)
        if len(found) > 1 and not loading:
            self._log.warning("%s:// is carried by %s; also by %s, which a destination can name with use =", scheme, found[0], found[1])
        return found[0], not loading

    def _carrying(self, scheme: str, seconds: float) -> tuple[list[str], list[str]]:
        """Who carries there, best first, and who has not loaded by then."""
        asked = list(self._transports(seconds))
        found = sorted((name not in one.schemes, name) for name, one in asked if one is not None and scheme in one.schemes)
        return [name for _, name in found], [name for name, one in asked if one is None]

    def _unsupported(self, scheme: str) -> UnsupportedScheme:
        known = self.schemes()
        shown = ", ".join(f"{one}://" for one in known) or "none"
        return UnsupportedScheme(
            f"no installed transport carries to {scheme}://{nearest(scheme, known)}; installed: {shown}",
            hint="transports are plugins; sendoff plugins shows those that are installed",
            scheme=scheme,
            interpreter=sys.executable,
        )

    def _described(self, kind: str, entry: EntryPoint) -> dict[str, Any]:
        found: dict[str, Any] = {"kind": kind, "name": entry.name, "distribution": None, "version": None, "capabilities": [], "schemes": []}
        if entry.dist is not None:
            found |= {"distribution": entry.dist.name, "version": entry.dist.version}
        if self._is_disabled(entry):
            return found | {"state": "disabled", "reason": "disabled in the configuration"}
        try:
            driver: Any = self._load(kind, entry.name)
        except DriverBroken as cause:
            return found | {"state": "broken", "reason": cause.message}
        capabilities = [capability.__name__ for capability in _CAPABILITIES if issubclass(driver, capability)]
        return found | {"capabilities": capabilities, "schemes": list(getattr(driver, "schemes", ())), "state": "ok", "reason": None}


def _entries(kind: str) -> list[EntryPoint]:
    if kind not in PORTS:
        raise InvalidArgument(f"there is no kind of driver {kind!r}{nearest(kind, PORTS)}; there are {', '.join(PORTS)}")
    return entries(f"sendoff.{kind}")


def _imported(kind: str, entry: EntryPoint) -> Any:
    try:
        return _Found(entry).driver
    except BaseException as cause:
        raise DriverBroken(f"the {_singular(kind)} {entry.name!r} of {origin(entry)} does not load: {type(cause).__name__}: {cause}") from cause


def _singular(kind: str) -> str:
    return {"credentials": "credential store", "http_protocols": "HTTP protocol"}.get(kind, kind.removesuffix("s"))


def _missing(kind: str, name: str, installed: Sequence[str]) -> DriverMissing:
    package = _PACKAGES.get(kind, {}).get(name)
    message = f"no {_singular(kind)} {name!r} is installed for {sys.executable}{nearest(name, installed)}; installed: {', '.join(installed) or 'none'}"
    cure = f"install {package} from the same checkout as sendoff" if package else f'a package that has it names it in [project.entry-points."sendoff.{kind}"]'
    return DriverMissing(message, hint=cure, name=name, kind=kind, interpreter=sys.executable)


def _checked(kind: str, entry: EntryPoint, driver: Any) -> type:
    """The class, if it is what its port asks for."""
    port, whose = PORTS[kind], f"the {_singular(kind)} {entry.name!r} of {origin(entry)}"
    if not (isinstance(driver, type) and issubclass(driver, port)):
        raise DriverBroken(f"{whose} is not a class derived from sendoff.{port.__name__}")
    lacking = sorted(getattr(driver, "__abstractmethods__", ())) + [key for key in _demanded(port) if not hasattr(driver, key)]
    if lacking or inspect.isabstract(driver):
        raise DriverBroken(f"{whose} lacks {', '.join(lacking)}")
    if port is Transport and not _are_words(getattr(driver, "schemes", None)):
        raise DriverBroken(f"{whose} has schemes that are no tuple of words")
    if port is Transport and driver.schemes and all(scheme.lower() in REFUSED for scheme in driver.schemes):  # type: ignore[attr-defined]
        raise DriverBroken(f"{whose} carries only to {', '.join(f'{scheme}://' for scheme in driver.schemes)}, which is refused")  # type: ignore[attr-defined]
    return driver


def _are_words(value: object) -> bool:
    return isinstance(value, tuple | list | frozenset) and all(isinstance(one, str) for one in value)


def _demanded(port: type) -> tuple[str, ...]:
    return ("Settings", "schemes") if port is Transport else ("Settings",)


def _fields(shape: Any) -> tuple[str, ...]:
    """The keys a Settings class knows, by the names people write."""
    return tuple(field.alias or name for name, field in getattr(shape, "model_fields", {}).items())


def _sentence(cause: Exception, known: Sequence[str]) -> str:
    """The first of the faults; what is no validator's error is told by its type alone."""
    describe = getattr(cause, "errors", None)
    if describe is None:
        return f"is not accepted: {type(cause).__name__}"
    faults = describe(include_url=False)
    where = ".".join(str(part) for part in faults[0]["loc"]) or "settings"
    return complaint(where, faults[0], known) + (f" (and {len(faults) - 1} more)" if len(faults) > 1 else "")
