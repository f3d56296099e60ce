"""What has changed between two drawings of an interface, and what of it breaks somebody's program, script or plugin.

An interface is ``{name: facts}``, flat: ``put``, ``put(label)``, ``Batch.wait``, ``sendoff put --existing``, ``operation.status``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Facts = Mapping[str, Any]
Names = Mapping[str, Facts]
_ABSENT = None
_AFTER = "(.[ "  # what stands between a name and what belongs to it


@dataclass(frozen=True)
class Change:
    """One thing that is not what it was. breaks: whoever relied on it has to do something."""

    name: str
    what: str
    breaks: bool

    def __str__(self) -> str:
        return f"`{self.name}` {self.what}"


def changes(old: Names, new: Names) -> list[Change]:
    """All of them; of what went or came as a whole only the whole is told."""
    gone = [Change(name, "is gone", True) for name in old if name not in new and not (_above(name) in old and _above(name) not in new)]
    came = [_came(name, facts, old) for name, facts in new.items() if name not in old]
    return [*gone, *came, *(change for name in old if name in new for change in _differences(name, old[name], new[name]))]


def _above(name: str) -> str:
    """What a name belongs to: ``Batch.wait`` of ``Batch.wait(timeout)``; nothing for one that stands for itself."""
    return name[: max(name.rfind(mark) for mark in _AFTER)] if any(mark in name for mark in _AFTER) else ""


def _came(name: str, facts: Facts, old: Names) -> Change:
    """New things break nobody, except what is asked of those who use, or have written, what was there before."""
    above = _above(name)
    known = not above or any(one == above or one.startswith(tuple(above + mark for mark in _AFTER)) for one in old)
    if known and facts.get("needed"):
        return Change(name, "is new, and nothing goes without it", True)
    if known and "handed" in facts:
        return Change(name, "is new, and what authors have written does not take it", True)
    return Change(name, "is new", False)


def _differences(name: str, old: Facts, new: Facts) -> list[Change]:
    return [
        Change(name, f"{key}: was {_said(old.get(key))}, is {_said(new.get(key))}", _breaks(key, old, new))
        for key in sorted({*old, *new})
        if old.get(key) != new.get(key)
    ]


def _breaks(key: str, old: Facts, new: Facts) -> bool:
    if key == "default":  # whoever had to say it has no use for it
        return not old.get("needed")
    return _RULES.get(key, _is_other)(old.get(key), new.get(key))


def _said(value: Any) -> str:
    return "not said" if value is _ABSENT else repr(value)


def _is_other(old: Any, new: Any) -> bool:
    """Whatever was said stays as it was; what was not said may be said now."""
    return old is not _ABSENT and old != new


def _is_needed_now(old: Any, new: Any) -> bool:
    return bool(new) and not old


def _takes_less(old: Any, new: Any) -> bool:
    """A type of what is taken may grow wider."""
    return not ({"Any", "object"} & {new} or _union(old) <= _union(new))


def _gives_more(old: Any, new: Any) -> bool:
    """A type of what is given may grow narrower."""
    return not (old == "Any" or _union(new) <= _union(old))


def _lacks_some(old: Any, new: Any) -> bool:
    return not {*(old or ())} <= {*(new or ())}


def _offers_less(old: Any, new: Any) -> bool:
    """One of some words may be one of more words, or any; what was any word may not become one of some."""
    return new is not _ABSENT and (old is _ABSENT or _lacks_some(old, new))


def _asks_more(old: Any, new: Any) -> bool:
    return bool((new or 0) > (old or 0))


def _is_higher(old: Any, new: Any) -> bool:
    return new is not _ABSENT and (old is _ABSENT or new > old)


def _is_lower(old: Any, new: Any) -> bool:
    return new is not _ABSENT and (old is _ABSENT or new < old)


def _is_said_anew(old: Any, new: Any) -> bool:
    """It may be left out from now on, and be nothing else."""
    return new is not _ABSENT and new != old


def _stand_otherwise(old: Any, new: Any) -> bool:
    """Each word keeps its place; it may come several times, or be left out, from now on, and others may follow."""
    before, after = ([word.strip("[]") for word in words or ()] for words in (old, new))
    return len(after) < len(before) or any(is_ not in (was, was + "...") for was, is_ in zip(before, after, strict=False))


_RULES: Mapping[str, Callable[[Any, Any], bool]] = {
    "needed": _is_needed_now,  # it must be given, or written
    "type": _takes_less,  # of what is taken
    "gives": _gives_more,  # of what is given
    "choices": _offers_less,  # the only words it may be
    "also": _lacks_some,  # other names of it
    "bases": _lacks_some,  # what it is one of
    "stands for": lambda old, new: old != new,  # an option without a value
    "reads": _offers_less,  # of some words, those that an option's value may be
    **dict.fromkeys(("ge", "gt", "min_length"), _is_higher),
    **dict.fromkeys(("le", "lt", "max_length"), _is_lower),
    **dict.fromkeys(("pattern", "multiple_of"), _is_said_anew),
    "words": _stand_otherwise,  # of a command
    "needs": _asks_more,  # how many words a command does not go without
    "settable": lambda old, new: bool(old) and not new,
}


def _union(text: Any) -> frozenset[str]:
    """The alternatives of a type: ``{"str", "None"}`` of ``str | None``; an unnamed one is ``Any``."""
    found, depth = [""], 0
    for sign in str(text or "Any"):
        depth += (sign in "[(") - (sign in "])")
        if sign == "|" and not depth:
            found.append("")
        else:
            found[-1] += sign
    return frozenset(part.strip() for part in found)
