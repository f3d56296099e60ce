"""The seven verbs, each in the thread of its call."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from sendoff.desk import codec
from sendoff.desk.kinds import text_or_none
from sendoff.errors import InvalidArgument, Json
from sendoff.host.call import Call
from sendoff.host.work import Work
from sendoff.model.operation import Request
from sendoff.model.query import Order, Query, Question, Selection

NDJSON = "application/x-ndjson"
LONGEST_PAGE = 10_000


class Verbs:
    """Turns calls into what the work understands, and its answers into lines.

    facts: what the host says of itself. stop: ends the host, true when it is to start again. stopping: it is ending.
    """

    def __init__(self, work: Work, *, facts: Callable[[], dict[str, Json]], stop: Callable[[bool], None], stopping: threading.Event) -> None:
        self._work, self._facts, self._stop, self._stopping = work, facts, stop, stopping

    def answer_to(self, call: Call) -> None:
        """Answer one call."""
        if call.verb != "create":
            call.read_body()
        {
            "create": self._create, "order": self._order, "page": self._page, "follow": self._follow,
            "answer": self._answer, "ask": self._ask, "keep": self._keep,
        }[call.verb](call)  # fmt: skip

    def _create(self, call: Call) -> None:
        lines = call.lines()
        terms = codec.parse_object(next(lines, b"{}"))
        answers = self._work.create(
            _requests(lines), start=terms.get("start", True) is True, dry_run=terms.get("dry_run") is True, together=terms.get("together") is True,
            environment=codec.environment_of(terms.get("environment")), batch=text_or_none("batch", terms.get("batch")),
        )  # fmt: skip
        call.begin(NDJSON)
        for answer in answers:
            call.channel.write(codec.created_line(answer))
        call.channel.end()

    def _order(self, call: Call) -> None:
        order, which = codec.from_document(Order, call.document("order")), codec.from_document(Selection, call.document("which"))
        call.answer(codec.as_document(self._work.order(order, which)))

    def _page(self, call: Call) -> None:
        limit = call.number("limit")
        page = self._work.page(_query(call), after=call.text("after"), limit=min(100 if limit is None else limit, LONGEST_PAGE))
        call.answer({"items": list(page.items), "next": page.next})

    def _follow(self, call: Call) -> None:
        after, newest = call.number("after"), self._work.position()
        after = newest if after is None else after
        told = {} if call.stays else {"sendoff_told": str(max(after, newest))}
        call.begin(NDJSON, sendoff_position=str(after), **told)
        call.channel.write(codec.news_line(None))
        for news in self._work.follow(_query(call), after=after, progress=call.flag("progress")):
            call.channel.write(codec.news_line(news))
            if self._stopping.is_set() if call.stays else news is None:  # everything up to ``newest`` was told
                break
        call.channel.end()

    def _answer(self, call: Call) -> None:
        id = call.text("id")
        if id is None:
            raise InvalidArgument("id: which operation's answer?")
        pieces = self._work.answer(id, call.number("offset") or 0)
        call.begin("application/octet-stream")
        for piece in pieces:
            call.channel.write(piece)
        call.channel.end()

    def _ask(self, call: Call) -> None:
        what = call.text("what")
        if what is None:
            raise InvalidArgument("what: which question?")
        if what == "stop":
            call.answer({"stopping": True, **self._facts()})
            self._stop(call.document("details").get("replace") is True)
            return
        told = self._work.ask(Question(what=what, details=call.document("details")))
        call.answer(self._completed(what, told) if isinstance(told, dict) else told)

    def _completed(self, what: str, told: dict[str, Json]) -> Json:
        """With what the host knows beside the work."""
        if what == "status":
            return {**told, **self._facts()}
        error = self._facts()["configuration_error"] if what == "check" else None
        if error is None:
            return told
        row = {"what": "configuration", "ok": False, "detail": f"not in force, the one before is: {error['message']}", "error": error}
        return {**told, "ok": False, "rows": [row, *told["rows"]]}

    def _keep(self, call: Call) -> None:
        reference = call.text("reference")
        if reference is None:
            raise InvalidArgument("reference: which credential?")
        self._work.keep(reference, codec.read_credential(call.raw("credential")))
        call.answer({})


def _query(call: Call) -> Query:
    return codec.from_document(Query, call.document("query"))


def _requests(lines: Iterator[bytes]) -> Iterator[Request]:
    read = codec.RequestCodec().read
    return (read(line) for line in lines)
