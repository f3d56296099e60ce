"""Draws docs/states.toml: the page of statuses and reasons, and its diagram."""

from __future__ import annotations

import tomllib
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

TABLE = Path(__file__).parent / "states.toml"
INK, PAPER, LINE, DIM = "#d6deeb", "#11181f", "#7fb4d8", "#9aa8b5"
EDGE = {"running": "#5fd7d7", "completed": "#8fd08f", "error": "#ff8f8f", "canceled": "#e5c07b"}
FONT = "ui-sans-serif,system-ui,'DejaVu Sans','Liberation Sans',sans-serif"
WIDE, HIGH = 480, 560


class Box(NamedTuple):
    """Where a status stands. small: its reasons stand in it, too."""

    x: int
    y: int
    wide: int
    high: int
    small: bool = False


class Way(NamedTuple):
    """How an arrow goes, and where its words begin."""

    path: str
    x: int
    y: int
    anchor: str = "start"


BOXES = {
    "idle": Box(56, 64, 130, 40),
    "running": Box(56, 232, 130, 40),
    "paused_by_application": Box(276, 64, 188, 46, small=True),
    "paused_no_network": Box(276, 118, 188, 46, small=True),
    "paused_costed_network": Box(276, 172, 188, 46, small=True),
    "paused_system_policy": Box(276, 226, 188, 60, small=True),
    "paused_recoverable": Box(276, 294, 188, 60, small=True),
    "completed": Box(40, 478, 120, 40),
    "error": Box(188, 478, 120, 40),
    "canceled": Box(336, 478, 120, 40),
}
WAYS = {
    "claimed": Way("M104 104 V230 M268 254 H188", 97, 172, "end"),
    "queued": Way("M144 232 V106 M268 78 H188", 152, 172),
    "held": Way("M186 94 H266 M186 242 H266", 198, 112),
    "asks": Way("M166 272 V318 H266", 176, 334),
    "changes": Way("M420 56 V40 H320 V54", 370, 32, "middle"),
    "again": Way("M76 272 V296 H26 V252 H54", 20, 314),
    "delivered": Way("M100 272 V476", 92, 430, "end"),
    "failed": Way("M126 272 V400 H248 V476", 134, 392),
    "canceled": Way("M396 372 V476", 404, 430),
    "retried": Way("M248 518 V538 M396 518 V540 H14 V84 H54", 100, 555),
}


def table() -> dict[str, Any]:
    """What docs/states.toml says."""
    return tomllib.loads(TABLE.read_text())


def pairs() -> set[tuple[str, str]]:
    """From which status to which other an arrow leads; of a status to itself only where it is drawn."""
    return {(start, end) for one in table()["arrow"] for start in one["from"] for end in one["to"] if start != end or one["from"] == one["to"]}


# -- the page ----------------------------------------------------------------------------------------------------------


def page() -> str:
    """Every status and every reason, what it means, and what would help."""
    from sendoff import TransferStatus

    told = table()
    numbers = {one.word: int(one) for one in TransferStatus}
    lines = [
        "# Statuses and reasons\n",
        "An operation has one `status` of ten, and mostly a `reason`: a stable word for why it stands there. Both are the same on the command line, in JSON",
        "and in Python (`operation.status`, `operation.reason`). The numbers are those of Windows' background transfer.",
        "[The lifecycle](../explanation/lifecycle.md) says who decides what.\n",
        "![Ten statuses: idle and running, five ways to wait, and three ends; the table below says the same in words](../images/states.svg)\n",
        "## Statuses\n",
        "| status | number | meaning | reasons |",
        "| --- | --- | --- | --- |",
        *(f"| `{one['name']}` | {numbers[one['name']]} | {one['means']} | {_words(one['reasons'])} |" for one in told["status"]),
        "\n## From one to another\n",
        "| from | to | when |",
        "| --- | --- | --- |",
        *(f"| {_words(one['from'])} | {_words(one['to'])} | {one['when']} |" for one in told["arrow"]),
        "\n`completed`, `error` and `canceled` are ends: nothing more happens unless somebody says `retry`, which a completed one refuses.",
        *_reasons(told["status"]),
    ]
    return "\n".join(lines) + "\n"


def _words(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _reasons(statuses: list[dict[str, Any]]) -> list[str]:
    from sendoff.model.status import Reason
    from sendoff.policy.waits import Around, wait

    known = {reason: one["name"] for one in statuses for reason in one["reasons"]}
    told = {reason: wait(reason, Around(number=17)) for reason in Reason}
    return [
        "\n## Reasons\n",
        "`reason_text` says it in words, mostly more exactly than here; `unblocked_by` says what would help on. Here both are as operation 17 would say them",
        "if nothing else were known.\n",
        "| reason | with | what it says | what helps |",
        "| --- | --- | --- | --- |",
        *(f"| `{reason}` | `{known[reason]}` | {said.text} | {said.unblocked_by} |" for reason, said in told.items()),
    ]


# -- the diagram -------------------------------------------------------------------------------------------------------


def diagram() -> str:
    """The statuses and the ways between them, as a picture that shows on a phone as well."""
    told = table()
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" width="{WIDE}" height="{HIGH}" role="img" font-family="{FONT}">'
    tip = (
        f'<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="{LINE}"/></marker>'
    )
    frame = f'<rect x="266" y="54" width="208" height="308" rx="8" fill="none" stroke="{DIM}" stroke-dasharray="4 3"/>'
    open_ = f'<rect x="6" y="8" width="470" height="364" rx="10" fill="none" stroke="{DIM}" stroke-dasharray="1 4"/>'
    start = f'<g id="start"><path d="M121 30 V62" stroke="{LINE}" marker-end="url(#tip)"/>{_text(129, 44, "put, post", DIM)}</g>'
    parts = [
        f"<title>The statuses of an operation</title><defs>{tip}</defs>",
        f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>',
        open_,
        frame,
        start,
        *(_arrow(one, WAYS[one["name"]]) for one in told["arrow"]),
        *(_box(one, BOXES[one["name"]]) for one in told["status"]),
    ]
    return "\n".join([head, *parts, "</svg>", ""])


def _arrow(one: dict[str, Any], way: Way) -> str:
    lines = "".join(f'<path d="M{part}" fill="none" stroke="{LINE}" stroke-width="1.5" marker-end="url(#tip)"/>' for part in way.path.split("M")[1:])
    return f'<g id="arrow-{one["name"]}">{lines}{_text(way.x, way.y, one["says"], DIM, way.anchor)}</g>'


def _box(one: dict[str, Any], box: Box) -> str:
    name, middle = one["name"], box.x + box.wide // 2
    shape = f'<rect x="{box.x}" y="{box.y}" width="{box.wide}" height="{box.high}" rx="6" fill="#1b2630" stroke="{EDGE.get(name, INK)}"/>'
    if not box.small:
        return f'<g id="status-{name}">{shape}{_text(middle, box.y + 25, name, INK, "middle", 15)}</g>'
    rows = _rows(one["reasons"])
    reasons = "".join(_text(box.x + 10, box.y + 34 + number * 14, row, DIM, size=11) for number, row in enumerate(rows))
    return f'<g id="status-{name}">{shape}{_text(box.x + 10, box.y + 18, name, INK, size=13)}{reasons}</g>'


def _rows(words: list[str], longest: int = 34) -> list[str]:
    """The words in the two lines that a box has room for; the last says that there are more."""
    rows = [""]
    for word in words:
        longer = f"{rows[-1]}, {word}".lstrip(", ")
        rows[-1:] = [longer] if len(longer) <= longest else [f"{rows[-1]},", word]
    return rows if len(rows) < 3 else [rows[0], f"{rows[1].rstrip(',')}, ..."]


def _text(x: int, y: int, words: str, color: str, anchor: str = "start", size: int = 12) -> str:
    return f'<text x="{x}" y="{y}" fill="{color}" font-size="{size}" text-anchor="{anchor}">{escape(words)}</text>'
