"""Why an operation stands where it stands, and what would help it on."""

from __future__ import annotations

from sendoff.cli.clock import local
from sendoff.model.query import View
from sendoff.model.status import Reason
from sendoff.policy.waits import AGAIN, Around, helped, text_of, wait


def why(view: View) -> str | None:
    """Why it stands where it stands, and since when."""
    text: str | None = view["reason_text"] or text_of(view["reason"])
    text = text or ("somebody paused it" if view["status"] == "paused_by_application" else None)
    since = view.get("waiting_since")
    return local(f"{text}, since {since}" if text and since else text) if text else None


def unblocked_by(view: View) -> str | None:
    """What would help it on: what happens by itself, or what to do, and the command with its short number."""
    if view["status"] in ("error", "canceled"):
        return _of_an_end(view)
    text = view.get("unblocked_by") or _known(view)
    return local(text) if text else None


def in_vain(view: View) -> bool:
    """Whether it failed so that the same thing, tried again, fails again: its file is another now or gone, or what it asks can never be."""
    error = view["error"] or {}
    if view["status"] != "error" or error.get("retryable"):
        return False
    if error.get("side") == "source":
        return bool(error["code"] != "source_unreadable")
    return error.get("side") == "configuration" and error.get("http_status") is not None


def cause_of(view: View) -> str:
    """Why it ended so; its address, which stands beside it, is not said twice."""
    text = str((view["error"] or {}).get("message") or view["reason_text"] or view["reason"] or "")
    return text.removeprefix(f"{view['url']} ")


def _known(view: View) -> str | None:
    """What can be told without knowing more than the view does."""
    if view["needs"]:
        return helped(str(view["needs"]["command"]), _hint(view))
    if view["status"] == "paused_by_application":
        return f"sendoff resume {view['number']}"
    return wait(Reason(view["reason"]), Around(number=view["number"], hint=_hint(view))).unblocked_by if view["reason"] else None


def _of_an_end(view: View) -> str | None:
    """Of what failed or was canceled."""
    if view["reason"] == "replaced":
        return None
    if _copied(view) and (view["status"] == "canceled" or view.get("acknowledged_at")):
        return AGAIN  # the copy went with the end
    if in_vain(view):
        return _hint(view) or (AGAIN if view["error"]["side"] == "source" else None)
    return helped(f"sendoff retry {view['number']}", _hint(view) if view["status"] == "error" else None)


def _copied(view: View) -> bool:
    """Whether something of it was a copy, which goes with its end."""
    return any(one["kind"] == "spool" for one in (view["source"], *view["source"].get("parts", ())))


def _hint(view: View) -> str | None:
    hint: str | None = (view["error"] or {}).get("hint")
    return hint
