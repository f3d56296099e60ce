"""What an operation waits for, in words, and what would help it on: what happens by itself, or what somebody can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from sendoff.model.moment import Moment, moment_text
from sendoff.model.status import CostPolicy, Reason

AGAIN = "put the file again"
_ENOUGH = (AGAIN, "put it again")  # a hint that ends so needs no command after it


@dataclass(frozen=True, slots=True)
class Full:
    """A limit that is reached. what: ``all``, ``destination``, ``bandwidth``; or ``first``: one tries whether the destination can be reached. place: which."""

    what: str
    running: int
    place: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is known around a wait; nothing of it need be.

    number: of the operation. said: what its record says of it. due: when it goes on by itself. network: its name. cost: its policy. ahead: the id of the one
    that goes first; group: because both are of this serialized group. down: its destination cannot be reached. full: a limit. command: what a person types.
    hint: of its error. credential: the one it names.
    """

    number: int
    said: str | None = None
    due: Moment | None = None
    network: str = ""
    cost: CostPolicy = CostPolicy.DEFAULT
    ahead: str | None = None
    group: str | None = None
    down: bool = False
    full: Full | None = None
    command: str | None = None
    hint: str | None = None
    credential: str | None = None


class Wait(NamedTuple):
    """In words. Moments in it are RFC 3339; who shows it to a person writes them by the local clock."""

    text: str
    unblocked_by: str


def wait(reason: Reason, around: Around) -> Wait:
    """What it waits for and what would unblock it; both for every reason."""
    return Wait(_TEXTS[reason](around), _HELP[reason](around))


def text_of(word: str | None) -> str | None:
    """What a reason means, where nothing is known around it; None for a word that is none."""
    return _TEXTS[Reason(word)](Around(number=0)) if word in list(Reason) else None


def helped(command: str | None, hint: str | None) -> str | None:
    """What only a person can do: the hint of the error, then the command."""
    if hint is None or command is None:
        return hint or command
    return hint if hint.endswith(_ENOUGH) else f"{hint}, then: {command}"


# -- why ---------------------------------------------------------------------------------------------------------------


def _said(text: str) -> Callable[[Around], str]:
    """What the record says, else this."""
    return lambda around: around.said or text


def _costs(text: str) -> Callable[[Around], str]:
    """A network that costs, by its name."""
    return lambda around: f"{text.replace('the network', f'the network {around.network}', 1) if around.network else text}, and the cost policy says no"


def _queued(around: Around) -> str:
    if around.down:
        return "its destination cannot be reached; one upload asks for all that wait"
    if around.full is not None and around.full.what == "first":
        return f"one upload goes to {around.full.place} first, to see whether it can be reached"
    return around.said or "it waits for its turn"


def _earlier(around: Around) -> str:
    text = "an earlier upload to the same target goes first"
    return f"{text}: {around.ahead}" if around.ahead else text


def _limit(around: Around) -> str:
    full = around.full
    if around.ahead is not None:
        return f"its group{f' {around.group}' if around.group else ''} is serialized, and another of it is under way: {around.ahead}"
    if full is None:
        return "as many uploads run as the limits allow"
    run = f"{full.running} {'upload runs' if full.running == 1 else 'uploads run'}"
    if full.what == "bandwidth":
        return f"{run}{f' to {full.place}' if full.place else ''}, as many as the bandwidth keeps alive"
    return f"{run}{f' to {full.place}' if full.place else ''}, as many as may at once"


def _portal(around: Around) -> str:
    return f"the network{f' {around.network}' if around.network else ''} wants somebody to sign in"


def _credential(around: Around) -> str:
    name = around.credential
    if around.said:
        return f"{around.said} (credential {name})" if name and name not in around.said else around.said
    return f"the credential {name} is needed" if name else "a credential is needed"


_TEXTS: Mapping[Reason, Callable[[Around], str]] = {
    Reason.QUEUED: _queued,
    Reason.EARLIER_UPLOAD: _earlier,
    Reason.LIMIT: _limit,
    Reason.BACKOFF: _said("the last try failed; it waits before the next one"),
    Reason.UNREACHABLE: _said("the server cannot be reached; it is tried again"),
    Reason.SERVER_LOCK: _said("the server still holds the last try"),
    Reason.OFFLINE: lambda _: "there is no network",
    Reason.PORTAL: _portal,
    Reason.METERED: _costs("the network costs money"),
    Reason.ROAMING: _costs("the network is a roaming one"),
    Reason.OVER_LIMIT: _costs("the data plan of the network is used up, or nearly"),
    Reason.POWER: lambda _: "the machine saves power",
    Reason.JOURNAL_FULL: _said("the disk of the journal is full"),
    Reason.PLUGIN_MISSING: _said("the driver it needs is not installed, or does not load"),
    Reason.CREDENTIAL_NEEDED: _credential,
    Reason.HOST_KEY_UNKNOWN: _said("the server shows a key that is not known"),
    Reason.CONSENT: _said("somebody has to say whether it is to go on"),
    Reason.NO_SPACE: _said("there is no space left where it goes"),
    Reason.SOURCE_UNAVAILABLE: _said("the drive or share of its file is not there"),
    Reason.RECOVERABLE_ERROR: _said("it met an error at which it was told to wait"),
    Reason.INTERRUPTED_NON_IDEMPOTENT: _said("the request may have been carried out when the host died, and it must not be repeated"),
    Reason.REPLACED: _said("its file has changed since, and was put again"),
    Reason.CLIENT_GONE: _said("the program by whose life it goes has ended"),
}

# -- what would help ---------------------------------------------------------------------------------------------------


def _its_turn(around: Around) -> str:
    if around.down:
        return f"nothing to do: it goes on when its destination answers; at once: sendoff resume {around.number} --now"
    if around.full is not None:
        return "nothing to do: it follows as soon as the first bytes of that one are out"
    return f"nothing to do: it begins at {moment_text(around.due)}" if around.due else "nothing to do: it begins when those before it have"


def _after_that(around: Around) -> str:
    return "the end of that one" + (f"; sendoff pause {around.ahead} lets this one pass by" if around.ahead else "")


def _a_slot(around: Around) -> str:
    full = around.full
    if full is None or around.ahead is not None:
        return "the end of that one" if around.ahead else "the end of one of those that run"
    of = f" --destination {full.place}" if full.place and "://" not in full.place else ""
    if full.place and not of:
        return "the end of one of them"
    more = "bandwidth off" if full.what == "bandwidth" else f"concurrency {full.running + 1}"
    return f"the end of one of them, or: sendoff limit {more}{of}"


def _by_itself(around: Around) -> str:
    when = f" at {moment_text(around.due)}" if around.due is not None else ""
    return f"nothing to do: it is tried again{when}; at once: sendoff resume {around.number} --now"


def _a_cheaper_network(around: Around) -> str:
    if around.cost is CostPolicy.ALWAYS:
        return f"another network; once, whatever it costs: sendoff resume {around.number} --now"
    policy = "default" if around.cost is CostPolicy.UNRESTRICTED_ONLY else "always"
    return f"another network, or: sendoff set {around.number} --cost {policy}"


def _dear(around: Around) -> str:
    return _a_cheaper_network(around) if around.cost is CostPolicy.ALWAYS else f"another network, or: sendoff set {around.number} --cost always"


def _person(around: Around) -> str:
    return helped(around.command, around.hint) or f"sendoff resume {around.number}"


_HELP: Mapping[Reason, Callable[[Around], str]] = {
    Reason.QUEUED: _its_turn,
    Reason.EARLIER_UPLOAD: _after_that,
    Reason.LIMIT: _a_slot,
    Reason.BACKOFF: _by_itself,
    Reason.UNREACHABLE: _by_itself,
    Reason.SERVER_LOCK: _by_itself,
    Reason.OFFLINE: lambda _: "nothing to do: it goes on when the network is back",
    Reason.PORTAL: lambda _: "open a web page and sign in",
    Reason.METERED: _a_cheaper_network,
    Reason.ROAMING: _dear,
    Reason.OVER_LIMIT: _dear,
    Reason.POWER: lambda around: f"the end of power saving; once, whatever the machine says: sendoff resume {around.number} --now",
    Reason.JOURNAL_FULL: lambda _: "free some space; it goes on by itself",
    Reason.PLUGIN_MISSING: lambda around: around.hint or "sendoff plugins says what is missing; it goes on by itself once that is installed",
    Reason.CREDENTIAL_NEEDED: _person,
    Reason.HOST_KEY_UNKNOWN: _person,
    Reason.CONSENT: _person,
    Reason.NO_SPACE: _person,
    Reason.SOURCE_UNAVAILABLE: lambda around: around.hint or "make it available again; it goes on by itself",
    Reason.RECOVERABLE_ERROR: _person,
    Reason.INTERRUPTED_NON_IDEMPOTENT: lambda around: f"ask the server whether it has it; else: sendoff retry {around.number}",
    Reason.REPLACED: lambda _: "nothing to do: the newer one has taken its place",
    Reason.CLIENT_GONE: lambda around: f"its program, when it lists its uploads, or: sendoff resume {around.number}",
}
