"""Gathers listeners and tells them. Installing one is enough: the entry-point group is ``sendoff.hooks``."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pluggy

from sendoff import hookspecs
from sendoff.deadline import Attendant, Deadlines, Overdue, attempted
from sendoff.distributions import entries, is_disabled, origin, origins, unfit
from sendoff.errors import Postpone, Refused
from sendoff.hookspecs import PROJECT, Change
from sendoff.model.operation import Record

GROUP = "sendoff.hooks"
WITHIN = 30.0  # seconds that a listener may take to answer, or to hear one thing
_LOADED_WITHIN = 8.0  # seconds that all may take to load, side by side: whoever starts a host waits for it
_AT_THE_END = 3.0  # and to hear that the process leaves
_AGAIN = 60.0  # seconds until one that did not answer before an attempt is asked again
_Outcome = tuple[list[Any] | None, BaseException | None]


class Listeners:
    """Everybody who wants to hear what happens.

    disabled: names of listeners or distributions that are not loaded. trace: is given one line for each call of a listener. within: seconds one may take.

    Each hears what happens in a thread of its own, so that one that hangs keeps nobody else from hearing; while it does, it misses what happens.
    """

    def __init__(self, disabled: Sequence[str] = (), trace: Callable[[str], None] | None = None, *, within: float = WITHIN) -> None:
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._disabled = frozenset(disabled)
        self._trace = trace
        self._callers: dict[str, tuple[tuple[str, Any], ...]] = {}
        self._described: list[dict[str, Any]] = []
        self._within, self._asking = within, Deadlines(lambda: within)
        self._loading = Deadlines(lambda: min(within, _LOADED_WITHIN))
        self._attendants: dict[str, Attendant] = {}
        self._faults: dict[str, str] = {}
        self._missed: Counter[str] = Counter()
        self._log = logging.getLogger("sendoff.listeners")

    def gather(self) -> None:
        """Import and register every installed listener, in the order of their names; a broken one is named in the log and skipped."""
        found = sorted(entries(GROUP), key=lambda entry: (entry.name, entry.value))
        enabled = [entry for entry in found if not is_disabled(entry, self._disabled)]
        loaded = self._loaded(enabled)
        for entry in found:
            if entry not in enabled:
                self._note(entry.name, entry, "disabled", "disabled in the configuration")
                continue
            plugin, reason = loaded[entry]
            if reason is None:
                reason = self._refused(plugin, entry)
            if reason is not None:
                self._log.error("listener %s (%s) is not told anything: %s", entry.name, origin(entry), reason)
                self._note(entry.name, entry, "broken", reason)

    def _loaded(self, enabled: Sequence[EntryPoint]) -> Mapping[EntryPoint, tuple[object, str | None]]:
        """What each leads to, or why it leads nowhere; all are loaded at once, for one that hangs keeps whoever starts a host waiting."""
        if not enabled:
            return {}
        with ThreadPoolExecutor(max_workers=len(enabled), thread_name_prefix="sendoff-loads") as threads:
            return dict(zip(enabled, threads.map(lambda entry: self._one_loaded(entry, enabled), enabled), strict=True))

    def _one_loaded(self, entry: EntryPoint, enabled: Sequence[EntryPoint]) -> tuple[object, str | None]:
        named = [one for one in enabled if one.name == entry.name]
        if len(named) > 1:
            return None, f"two distributions bring the listener {entry.name!r}: {origins(named)}"
        if refused := unfit(entry):
            return None, f"it was made for another version: {refused}"
        try:
            plugin, error = self._loading.call(f"load {entry.name}", lambda: attempted(entry.load))
        except Overdue as cause:
            return None, f"it is still loading after {cause.seconds:g} seconds"
        return plugin, None if error is None else f"{type(error).__name__}: {error}"

    def _refused(self, plugin: object, entry: EntryPoint) -> str | None:
        """Register it; or why it cannot be told anything."""
        try:
            self.register(plugin, entry.name, _entry=entry)
        except Exception as cause:  # noqa: BLE001 a stranger's object is looked at
            return f"{type(cause).__name__}: {cause}"
        return None

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
        """Tell a fact. A listener that raises, or hangs, is named in the log and silences nobody."""
        seconds = min(self._within, _AT_THE_END) if hook == "sendoff_closed" else self._within
        for name, caller in self._callers.get(hook, ()):
            attendant = self._attendants.setdefault(name, Attendant(name))
            try:
                _, error = self._traced(hook, name, lambda call, to=attendant: to.call(call, seconds), caller, facts)  # type: ignore[misc]
            except Overdue as cause:
                self._miss(hook, name, cause)
                continue
            if self._missed.pop(name, 0):
                self._log.warning("listener %s is back; what happened meanwhile it has missed", name)
            if error is not None:
                self._log.error("listener %s failed on %s", name, hook, exc_info=error)
                self._faults[name] = f"failed on {hook}: {type(error).__name__}"

    def _miss(self, hook: str, name: str, cause: Overdue) -> None:
        self._missed[name] += 1
        self._faults[name] = f"hangs; it missed {self._missed[name]} calls"
        if not cause.since_before:
            self._log.error("listener %s hangs: %s did not return within %g seconds; it hears nothing until it does", name, hook, cause.seconds)

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
        """Every listener: name, distribution, version, hooks, state (``ok broken disabled``), reason, and as ``health`` what went wrong since."""
        return [{**one, "health": self._faults.get(one["name"]) if one["state"] == "ok" else None} for one in self._described]

    def _ask(self, hook: str, name: str, caller: Any, facts: dict[str, Any], passing: tuple[type[BaseException], ...]) -> list[Any]:
        try:
            answers, error = self._traced(hook, name, lambda call: self._asking.call(name, call), caller, facts)
        except Overdue as cause:
            self._faults[name] = f"hangs in {hook}"
            message = f"listener {name} did not answer {hook} within {cause.seconds:g} seconds"
            self._log.error("%s", message)
            if Postpone in passing:
                raise Postpone(message, retry_after=_AGAIN) from cause
            raise Refused(message, hint=f"repair it, or add {name!r} to `disabled`") from cause
        if error is None:
            return answers or []
        if isinstance(error, passing):
            raise error
        self._log.error("listener %s failed on %s", name, hook, exc_info=error)
        self._faults[name] = f"failed on {hook}: {type(error).__name__}"
        raise Refused(f"listener {name} failed on {hook}: {type(error).__name__}", hint=f"repair it, or add {name!r} to `disabled`") from error

    def _traced(self, hook: str, name: str, by: Callable[[Callable[[], _Outcome]], _Outcome], caller: Any, facts: dict[str, Any]) -> _Outcome:
        """What a call gave or raised. by: who makes it. Errors: ``Overdue``."""
        began, outcome = time.monotonic(), "did not return"
        try:
            answers, error = by(lambda: attempted(lambda: list(caller(**facts))))
            outcome = "returned" if error is None else f"raised {type(error).__name__}"
        finally:
            if self._trace is not None:
                self._trace(f"{hook} -> {name}: {outcome} after {1000 * (time.monotonic() - began):.1f} ms")
        return answers, error

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
