"""Why an operation stands where it stands, and what would help it on."""

from __future__ import annotations

from sendoff.model.query import View

_WHY = {
    "queued": "it waits for its turn",
    "earlier_upload": "an earlier upload to the same target comes first",
    "limit": "as many uploads run as the limits allow",
    "backoff": "the last try failed; it waits before the next one",
    "unreachable": "the server cannot be reached; it is tried again",
    "server_lock": "the server still holds the last try",
    "offline": "there is no network",
    "portal": "the network wants somebody to sign in",
    "metered": "the network costs money, and the cost policy says no",
    "roaming": "the network is a roaming one, and the cost policy says no",
    "over_limit": "the data plan is used up, and the cost policy says no",
    "power": "the machine saves power",
    "journal_full": "the disk of the journal is full",
    "plugin_missing": "the driver it needs is not installed",
    "replaced": "its file has changed since, and was put again",
    "client_gone": "the program by whose life it goes has ended",
    "interrupted_non_idempotent": "the request may have been carried out when the host died, and it must not be repeated",
}
_HELP = {
    "offline": "nothing to do: it goes on when the network is back",
    "portal": "open a web page and sign in",
    "journal_full": "free some space; it goes on by itself",
    "plugin_missing": "sendoff plugins says what is missing",
}
AGAIN = "put the file again"
_ENOUGH = (AGAIN, "put it again")  # a hint that ends so needs no command after it


def why(view: View) -> str | None:
    """Why it stands where it stands."""
    text: str | None = view["reason_text"] or _WHY.get(view["reason"] or "")
    return text or ("somebody paused it" if view["status"] == "paused_by_application" else None)


def unblocked_by(view: View) -> str | None:
    """What would help it on: what to do, and the command with its short number."""
    if view["needs"]:
        return _then(_hint(view), str(view["needs"]["command"]))
    if view["status"] == "paused_by_application":
        return f"sendoff resume {view['number']}"
    if view["status"] in ("error", "canceled"):
        return _of_an_end(view)
    return _HELP.get(view["reason"] or "") or (_hint(view) if view["reason"] else None)


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


def _of_an_end(view: View) -> str | None:
    """Of what failed or was canceled."""
    if view["reason"] == "replaced":
        return None
    if _copied(view) and (view["status"] == "canceled" or view.get("acknowledged_at")):
        return AGAIN  # the copy went with the end
    if in_vain(view):
        return _hint(view) or (AGAIN if view["error"]["side"] == "source" else None)
    return _then(_hint(view) if view["status"] == "error" else None, f"sendoff retry {view['number']}")


def _copied(view: View) -> bool:
    """Whether something of it was a copy, which goes with its end."""
    return any(one["kind"] == "spool" for one in (view["source"], *view["source"].get("parts", ())))


def _hint(view: View) -> str | None:
    hint: str | None = (view["error"] or {}).get("hint")
    return hint


def _then(hint: str | None, command: str) -> str:
    if hint is None:
        return command
    return hint if hint.endswith(_ENOUGH) else f"{hint}, then: {command}"
