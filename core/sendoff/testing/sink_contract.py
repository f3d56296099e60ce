"""What every sink promises."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import astuple, replace
from logging import getLogger
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sendoff.errors import CredentialNeeded, Permanent, Transient
from sendoff.model.moment import Moment
from sendoff.model.notice import Notice
from sendoff.model.secret import Credential
from sendoff.model.template import checked_template
from sendoff.ports.clock import SystemClock
from sendoff.ports.sink import Sink
from sendoff.ports.toolkit import SinkToolkit
from sendoff.runtime.offer import section_of
from sendoff.settings.shape import SAID
from sendoff.testing.driver_contract import DriverContract

Received = Callable[[], Sequence[Mapping[str, Any]]]
HOSTILE = "$(touch /tmp/x); `id` & \"quoted\" 'too' \n --help \u2028 \U0001f4a3 \0 %s %(name)s {0}"
NOON: Moment = 1_767_268_800_000_000


class SinkBench(DriverContract):
    """What a sink stands on while it is judged."""

    @pytest.fixture
    def credentials(self) -> dict[str, Credential]:
        """What the references in a sink's settings lead to."""
        return {}

    @pytest.fixture
    def toolkit(self, tmp_path: Path, credentials: dict[str, Credential]) -> SinkToolkit:
        """What the core hands over; its folder is empty."""

        def find(reference: str) -> Credential:
            if reference not in credentials:
                raise CredentialNeeded(f"there is no credential {reference}")
            return credentials[reference]

        return SinkToolkit(clock=SystemClock(), random=Random(1), log=getLogger("sendoff.contract"), folder=tmp_path, credential=find)

    @pytest.fixture
    def sink(self, made: Sink) -> Sink:
        """The sink itself."""
        return made

    def test_the_section_that_it_offers_by_itself_can_be_in_force(self, driver: Any) -> None:
        offer = driver.uninvited()
        if offer is not None:
            section = section_of("offered", offer)
            assert not _complaint(driver, section.options), "its own settings understand what it offers"
            assert {*section.on} <= {*SAID} and all(checked_template(text) for text in astuple(section.words) if text is not None)


class SinkContract(SinkBench):
    """Provide ``driver``, ``options`` and ``received``: the JSON objects that arrived so far, oldest first.

    Example::

        class TestMine(SinkContract):
            @pytest.fixture
            def driver(self):
                return MySink

            @pytest.fixture
            def options(self, tmp_path):
                return {"path": str(tmp_path / "told")}

            @pytest.fixture
            def received(self, tmp_path):
                return lambda: [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    """

    @pytest.fixture
    def received(self) -> Received:
        """What has arrived."""
        raise pytest.UsageError("a sink contract needs the fixture `received`")

    @pytest.fixture
    def notice(self) -> Notice:
        """That an upload is complete."""
        return Notice(id="n-1", type="completed", time=NOON, operation={"id": "op-1", "batch": "b-1", "status": "completed", "url": "https://h.example/a"})

    def test_a_notice_arrives_whole(self, sink: Sink, received: Received, notice: Notice) -> None:
        sink.deliver(notice)

        (found,) = received()
        assert (found["id"], found["type"], found["operation"]) == ("n-1", "completed", notice.operation)
        assert found["time"] == "2026-01-01T12:00:00.000000Z"

    def test_the_notice_of_a_batch_has_no_operation(self, sink: Sink, received: Received, notice: Notice) -> None:
        sink.deliver(replace(notice, type="batch_completed", operation=None, data={"batch": "b-1"}))

        (found,) = received()
        assert (found["operation"], found["data"]) == (None, {"batch": "b-1"})

    def test_hostile_words_arrive_as_they_are_and_do_nothing(self, sink: Sink, received: Received, notice: Notice) -> None:
        sink.deliver(replace(notice, id=HOSTILE, operation={**(notice.operation or {}), "label": HOSTILE, "url": HOSTILE}))

        (found,) = received()
        assert (found["id"], found["operation"]["label"], found["operation"]["url"]) == (HOSTILE, HOSTILE, HOSTILE)

    def test_the_same_notice_may_come_again(self, sink: Sink, received: Received, notice: Notice) -> None:
        sink.deliver(notice)
        sink.deliver(notice)

        assert {one["id"] for one in received()} == {"n-1"}

    def test_several_threads_may_deliver(self, sink: Sink, received: Received, notice: Notice) -> None:
        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(sink.deliver, replace(notice, id=f"n-{number}")) for number in range(8)]:
                done.result()

        assert sorted(one["id"] for one in received()) == [f"n-{number}" for number in range(8)]

    def test_what_it_shows_are_popups_and_tiles(self, driver: Any) -> None:
        assert driver.shows and driver.shows <= {"popup", "tile"}


class RefusableSinkContract(SinkContract):
    """For a sink whose receiver can say no: provide ``refusing`` and ``busy`` too, options with which it does.

    Example, beside ``driver``, ``options`` and ``received``::

        @pytest.fixture
        def refusing(self, tmp_path):
            return {"path": str(tmp_path / "no such folder" / "told")}

        @pytest.fixture
        def busy(self, server):
            return {"url": server.that_answers(503)}
    """

    @pytest.fixture
    def refusing(self) -> dict[str, Any]:
        """Options with which the receiver refuses for good."""
        raise pytest.UsageError("a refusable sink's contract needs the fixture `refusing`")

    @pytest.fixture
    def busy(self) -> dict[str, Any]:
        """Options with which the receiver asks for another moment."""
        raise pytest.UsageError("a refusable sink's contract needs the fixture `busy`")

    def test_a_refusal_for_good_is_permanent(self, driver: Any, refusing: dict[str, Any], toolkit: Any, notice: Notice) -> None:
        with closing(driver(driver.Settings(**refusing), toolkit)) as sink, pytest.raises(Permanent):
            sink.deliver(notice)

    def test_a_receiver_that_is_busy_is_transient(self, driver: Any, busy: dict[str, Any], toolkit: Any, notice: Notice) -> None:
        with closing(driver(driver.Settings(**busy), toolkit)) as sink, pytest.raises(Transient):
            sink.deliver(notice)


def _complaint(driver: Any, options: Mapping[str, Any]) -> str:
    """What a driver's settings say against these options."""
    try:
        driver.Settings(**options)
    except ValueError as cause:
        return str(cause)
    return ""
