"""Gathers listeners and tells them. Installing one is enough: the entry-point group is ``sendoff.hooks``."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from importlib.metadata import EntryPoint, entry_points
from types import ModuleType
from typing import Any

import pluggy

from sendoff import hookspecs
from sendoff.errors import Postpone, Refused
from sendoff.hookspecs import PROJECT, Change
from sendoff.model.operation import Record

GROUP = "sendoff.hooks"


class Listeners:
    """Everybody who wants to hear what happens.

    disabled: names of listeners or distributions that are not loaded. trace: is given one line for each call of a listener.
    """

    def __init__(self, disabled: Sequence[str] = (), trace: Callable[[str], None] | None = None) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._disabled = frozenset(disabled)
        self._trace = trace
        self._callers: dict[str, tuple[tuple[str, Any], ...]] = {}
        self._described: list[dict[str, Any]] = []
        self._log = logging.getLogger("sendoff.listeners")

    def gather(self) -> None:
        """Import and register every installed listener, in the order of their names; a broken one is named in the log and skipped."""
        for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
            if entry.name in self._disabled or (entry.dist is not None and entry.dist.name in self._disabled):
                self._note(entry.name, entry, "disabled", "disabled in the configuration")
                continue
            try:
                self.register(entry.load(), entry.name, _entry=entry)
            except KeyboardInterrupt:
                raise
            except BaseException as cause:  # noqa: BLE001 a stranger's module is imported
                self._log.error("listener %s (%s) is not told anything: %s: %s", entry.name, _origin(entry), type(cause).__name__, cause)
                self._note(entry.name, entry, "broken", f"{type(cause).__name__}: {cause}")

    def register(self, plugin: object, name: str, *, _entry: EntryPoint | None = None) -> None:
        """Tell this module or object from now on. Errors: ``ValueError`` for a name that is taken, or a hook or argument that does not exist."""
        if self._manager.has_plugin(name):
            raise ValueError(f"there are two listeners named {name!r}")
        try:
            self._manager.register(plugin, name=name)
            self._manager.check_pending()
        except pluggy.PluginValidationError as cause:
            if self._manager.is_registered(plugin):
                self._manager.unregister(plugin)
            raise ValueError(str(cause).replace("\n", " ")) from cause
        _check_marked(plugin)
        self._callers = self._sorted_callers()
        self._note(name, _entry, "ok", None)

    def tell(self, hook: str, **facts: Any) -> None:
        """Tell a fact. A listener that raises is named in the log and silences nobody."""
        for name, caller in self._callers.get(hook, ()):
            try:
                self._call(hook, name, caller, facts)
            except KeyboardInterrupt:
                raise
            except BaseException:  # noqa: BLE001 a stranger's code is called, and SystemExit must not end the host
                self._log.exception("listener %s failed on %s", name, hook)

    def before_queue(self, operation: Record) -> None:
        """Ask whether it may be stored. Errors: ``Refused``, also for a listener that fails, which is named."""
        for name, caller in self._callers.get("sendoff_before_queue", ()):
            self._ask("sendoff_before_queue", name, caller, {"operation": operation}, (Refused,))

    def before_attempt(self, operation: Record, attempt: int) -> Change | None:
        """Ask how this attempt should be made; the changes of several are merged, the last registered wins. Errors: ``Refused``, ``Postpone``."""
        merged: Change | None = None
        facts = {"operation": operation, "attempt": attempt}
        for name, caller in self._callers.get("sendoff_before_attempt", ()):
            for change in self._ask("sendoff_before_attempt", name, caller, facts, (Refused, Postpone)):
                if not isinstance(change, Change):
                    raise Refused(f"listener {name} answered sendoff_before_attempt with a {type(change).__name__}; only a Change will do")
                merged = _merged(merged, change)
        return merged

    def describe(self) -> list[dict[str, Any]]:
        """Every listener: name, distribution, version, hooks, state (``ok broken disabled``) and reason."""
        return [dict(one) for one in self._described]

    def _ask(self, hook: str, name: str, caller: Any, facts: dict[str, Any], passing: tuple[type[BaseException], ...]) -> list[Any]:
        try:
            return self._call(hook, name, caller, facts)
        except BaseException as cause:
            if isinstance(cause, (*passing, KeyboardInterrupt)):
                raise
            self._log.exception("listener %s failed on %s", name, hook)
            raise Refused(f"listener {name} failed on {hook}: {type(cause).__name__}", hint=f"repair it, or add {name!r} to `disabled`") from cause

    def _call(self, hook: str, name: str, caller: Any, facts: dict[str, Any]) -> list[Any]:
        if self._trace is None:
            return list(caller(**facts))
        began, outcome = time.monotonic(), "returned"
        try:
            return list(caller(**facts))
        except BaseException as cause:
            outcome = f"raised {type(cause).__name__}"
            raise
        finally:
            self._trace(f"{hook} -> {name}: {outcome} after {1000 * (time.monotonic() - began):.1f} ms")

    def _sorted_callers(self) -> dict[str, tuple[tuple[str, Any], ...]]:
        """By hook, in the order of registration: who listens, and a caller that reaches only that one."""
        everyone = self._manager.get_plugins()
        found: dict[str, list[tuple[str, Any]]] = {}
        for name, plugin in self._manager.list_name_plugin():
            for caller in self._manager.get_hookcallers(plugin) or ():
                only = self._manager.subset_hook_caller(caller.name, everyone - {plugin})
                found.setdefault(caller.name, []).append((name, only))
        return {hook: tuple(callers) for hook, callers in found.items()}

    def _note(self, name: str, entry: EntryPoint | None, state: str, reason: str | None) -> None:
        plugin = self._manager.get_plugin(name) if state == "ok" else None
        hooks = sorted(caller.name for caller in self._manager.get_hookcallers(plugin) or ()) if plugin is not None else []
        dist = entry.dist if entry is not None else None
        about = {"distribution": dist.name if dist else None, "version": dist.version if dist else None}
        self._described.append({"name": name, **about, "hooks": hooks, "state": state, "reason": reason})


def _origin(entry: EntryPoint) -> str:
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist is not None else entry.value


def _check_marked(plugin: object) -> None:
    """Say so when a function is named like a hook and would never be told."""
    if not isinstance(plugin, ModuleType):
        return
    for name in vars(plugin):
        if name.startswith("sendoff_") and callable(vars(plugin)[name]) and not hasattr(vars(plugin)[name], f"{PROJECT}_impl"):
            logging.getLogger("sendoff.listeners").warning(
                "%s.%s is named like a hook but not marked with @hookimpl: it is never called", plugin.__name__, name
            )


def _merged(earlier: Change | None, later: Change) -> Change:
    if earlier is None:
        return later
    named = {name.lower() for name, _ in later.headers}
    kept = tuple(header for header in earlier.headers if header[0].lower() not in named)
    return Change(url=later.url or earlier.url, headers=(*kept, *later.headers))
