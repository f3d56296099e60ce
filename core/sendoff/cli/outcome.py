"""What came of an operation, for people: the server's answer, the error, the receipt; without what says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sendoff.errors import Json
from sendoff.model.quantity import size_text
from sendoff.model.query import View

Rows = Iterator[tuple[str, str]]
_SHOWN_ELSEWHERE = ("url", "finished_at", "road")  # of a receipt, where all of the operation is shown
_USUAL_ROAD = "stock"


def outcome(view: View, *, verbose: bool = False) -> Rows:
    """Rows of ``show``. verbose: what only a program asks for, too."""
    if view["response"]:
        yield from _answer(view, view["response"])
    if view["error"]:
        yield from _error(view["error"], verbose=verbose)
    if view["receipt"]:
        elsewhere = view["receipt"].get("url") == view["url"]
        hidden = () if verbose else _SHOWN_ELSEWHERE if elsewhere else _SHOWN_ELSEWHERE[1:]
        kept = {key: value for key, value in view["receipt"].items() if key not in hidden and (value != 0 or verbose)}
        yield from ((f"receipt {name}", text) for name, text in proof(kept))


def proof(receipt: Mapping[str, Json]) -> Rows:
    """Rows of a receipt."""
    for name, value in receipt.items():
        if isinstance(value, dict):
            yield from ((f"{name} {key}", str(inner)) for key, inner in value.items())
        elif name == "size":
            yield name, size_text(value) + (f" ({value} bytes)" if value >= 1024 else "")
        elif value is not None and (name, value) != ("road", _USUAL_ROAD):
            yield name.replace("_", " "), str(value)


def _answer(view: View, response: Mapping[str, Json]) -> Rows:
    if response.get("status") is not None:
        yield "response status", str(response["status"])
    if response.get("url") not in (None, view["url"]):
        yield "response url", str(response["url"])
    for place, (name, value) in enumerate(response.get("headers") or ()):
        yield "" if place else "response headers", f"{name}: {value}"
    if response.get("body"):
        more = ", of more" if response.get("truncated") else ""
        yield "response body", f"{size_text(response['body'])}{more}; sendoff response {view['number']} prints it"


def _error(error: Mapping[str, Json], *, verbose: bool) -> Rows:
    yield "error", str(error["message"])
    code = ", ".join(filter(None, (error.get("code"), f"{error['side']} side" if error.get("side") else None)))
    if code:
        yield "error code", code
    if verbose:
        named = ((name, error.get(name)) for name in ("http_status", "web_error_status", "retryable", "hint"))
        yield from ((f"error {name.replace('_', ' ')}", str(value)) for name, value in named if value is not None)
