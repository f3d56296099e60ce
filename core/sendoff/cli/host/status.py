"""What ``host status`` says to people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sendoff.cli.limit.rows import speed
from sendoff.cli.text import count, span
from sendoff.cli.watch.glance import standing
from sendoff.cli.watch.tally import counted
from sendoff.errors import Json

_SURVIVED = {"shell": "the end of this shell", "logout": "a logout", "reboot": "a reboot"}


def rows(status: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    """Label and text, a line each."""
    yield "host", f"process {status['pid']}, sendoff {status['version']}, for {span(status['uptime'])}{_by(status)}"
    yield "interpreter", status["interpreter"]
    yield "uploads", _uploads(status)
    yield "limits", f"{status['limits']['concurrency']} uploads at once, {speed(status['limits'])}"
    yield from (("sink", _sink(one)) for one in status["sinks"])
    yield "to-dos", str(status["todos"])
    yield "journal", status["state"]
    yield "configuration", status["config"] if status["configuration"] else f"{status['config']} (not there: everything as it comes)"
    if status["configuration_error"]:
        yield "", f"not in force as it stands now: {status['configuration_error']['message']}"
    yield "key", status["seal"]
    yield "network", status["network"]["text"]
    yield "survives", _survives(status["survives"])
    if status["would_survive_more"]:
        yield "", f"to survive more: {status['would_survive_more']}"


def _by(status: Mapping[str, Json]) -> str:
    return f", run by {status['service']}" if status["service"] else ""


def _uploads(status: Mapping[str, Json]) -> str:
    tally = counted(status["statuses"], status["reasons"], more=status["more"])
    if not tally.open:
        return "none that have not ended"
    person = f"; {tally.person} of them {'needs' if tally.person == 1 else 'need'} you: sendoff list --status paused_recoverable" if tally.person else ""
    return f"{standing(tally)}{'' if tally.exact else ', and more'}{person}"


def _sink(sink: Mapping[str, Json]) -> str:
    """Its name, and how far it is."""
    name = sink["name"] if sink["name"] == sink["use"] else f"{sink['name']} ({sink['use']})"
    if sink["waiting"]:
        state = f"{count(sink['waiting'], 'notice')} to tell again, {sink['next_try']}: {sink['message'] or 'it has not taken them'}"
    else:
        state = f"takes nothing now: {sink['message']}" if sink["message"] else "up to date" if not sink["behind"] else "behind"
    aside = f"; {count(sink['aside'], 'notice')} set aside, see notice_failed in sendoff events" if sink["aside"] else ""
    return f"{name}: {state}{aside}{', by itself' if sink['uninvited'] else ''}"


def _survives(survives: Mapping[str, bool]) -> str:
    kept = [text for name, text in _SURVIVED.items() if survives[name]]
    lost = [text for name, text in _SURVIVED.items() if not survives[name]]
    told = " and ".join(filter(None, [", ".join(kept[:-1]), *kept[-1:]])) or "nothing"
    return f"{told}, not {' or '.join(lost)}" if lost and kept else told
