"""What every sink promises that shows a person what there is to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sendoff.model.message import Message
from sendoff.model.notice import Notice
from sendoff.ports.sink import Sink
from sendoff.testing.sink_contract import NOON, SinkBench

Shown = Callable[[], Sequence[tuple[str, str]]]
HOSTILE = "$(touch /tmp/x); `id` & \"quoted\" 'too' --help \u2028 \U0001f4a3 %s %(name)s {0} <b>bold</b> <img src=x> &amp; \\n *not* _markup_ [a](b)"
TITLE = HOSTILE.replace("\u2028 ", "")  # one line


class MessageSinkContract(SinkBench):
    """Provide ``driver``, ``options`` and ``shown``: title and text of what can be read so far, oldest first.

    Example::

        class TestMine(MessageSinkContract):
            @pytest.fixture
            def driver(self):
                return MySink

            @pytest.fixture
            def options(self, server):
                return {"url": server.url}

            @pytest.fixture
            def shown(self, server):
                return lambda: [(message.title, message.text) for message in server.messages]
    """

    @pytest.fixture
    def shown(self) -> Shown:
        """What can be read."""
        raise pytest.UsageError("the contract of a sink for messages needs the fixture `shown`")

    @pytest.fixture
    def notice(self) -> Notice:
        """That an upload failed."""
        message = Message(title="Upload failed", text="a.iso to archive: no space is left", failed=True)
        return Notice(id="n-1", type="failed", time=NOON, operation={"id": "op-1", "status": "error"}, message=message)

    def test_a_message_can_be_read(self, sink: Sink, shown: Shown, notice: Notice) -> None:
        sink.deliver(notice)

        assert list(shown()) == [("Upload failed", "a.iso to archive: no space is left")]

    def test_hostile_words_can_be_read_as_they_are_and_do_nothing(self, sink: Sink, shown: Shown, notice: Notice) -> None:
        sink.deliver(replace(notice, message=Message(title=TITLE, text=HOSTILE)))

        assert list(shown()) == [(TITLE, HOSTILE)]

    def test_what_cannot_be_shown_does_not_keep_the_rest_from_being_read(self, sink: Sink, shown: Shown, notice: Notice) -> None:
        sink.deliver(replace(notice, message=Message(title="NUL \0 and\r\nBcc: break", text="half a pair \ud800, a bell \a; second\nline")))

        ((title, text),) = shown()
        assert title.startswith("NUL ") and title.endswith("Bcc: break") and len(title.splitlines()) == 1
        assert text.startswith("half a pair ") and [line.rpartition(" ")[2] for line in text.splitlines()] == ["second", "line"]

    def test_the_same_notice_may_come_again(self, sink: Sink, shown: Shown, notice: Notice) -> None:
        sink.deliver(notice)
        sink.deliver(notice)

        assert set(shown()) == {("Upload failed", "a.iso to archive: no space is left")}

    def test_what_is_for_nobody_to_read_is_taken_and_not_shown(self, sink: Sink, shown: Shown, notice: Notice) -> None:
        sink.deliver(replace(notice, message=None))
        sink.deliver(replace(notice, message=Message(title="Uploads", text="3 of 7", tile=True)))

        assert list(shown()) == []

    def test_several_threads_may_deliver(self, sink: Sink, shown: Shown, notice: Notice) -> None:
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(sink.deliver, replace(notice, id=f"n-{n}", message=Message(title=f"title {n}", text="text"))) for n in range(8)]:
                done.result()

        assert sorted(title for title, _ in shown()) == [f"title {number}" for number in range(8)]
