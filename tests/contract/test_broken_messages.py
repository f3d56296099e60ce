"""Every promise of the contract for messages catches a sink that breaks it, and lets one pass that keeps it."""

import json
import re
import time
from dataclasses import replace
from logging import getLogger
from random import Random

import pytest
from pydantic import BaseModel, ConfigDict
from sendoff import Message, Notice, Permanent, SendoffError, Sink, Toolkit
from sendoff.ports.clock import SystemClock
from sendoff.testing.message_contract import MessageSinkContract
from sendoff.testing.sink_contract import NOON, SinkBench


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GoodSink(Sink):
    """Writes on a board in its folder."""

    Settings = Strict

    @property
    def board(self):
        return self.toolkit.folder / "board"

    def deliver(self, notice):
        message = notice.message
        if message is not None and not message.tile:
            self.write(self.words(message))

    def words(self, message):
        return [re.sub(r"[\r\n]+", " ", message.title), message.text]

    def write(self, words):
        with open(self.board, "a") as file:
            file.write(json.dumps(words) + "\n")


class ForgetsTheText(GoodSink):
    def words(self, message):
        return [message.title, ""]


class ReadsMarkup(GoodSink):
    def words(self, message):
        return [message.title, message.text.replace("<b>", "").replace("</b>", "")]


class BreaksOffAtTheNul(GoodSink):
    def words(self, message):
        return [message.title.partition("\0")[0], message.text]


class ShowsANoticeOnce(GoodSink):
    def deliver(self, notice):
        if getattr(self, "seen", None) == notice.id:
            raise Permanent("it was here already")
        self.seen = notice.id
        super().deliver(notice)


class ShowsTiles(GoodSink):
    def deliver(self, notice):
        super().deliver(replace(notice, message=notice.message and replace(notice.message, tile=False)))


class LosesOneOfTwo(GoodSink):
    def write(self, words):
        before = self.board.read_text() if self.board.exists() else ""
        time.sleep(0.01)
        self.board.write_text(before + json.dumps(words) + "\n")


CASES = {
    "test_a_message_can_be_read": ForgetsTheText,
    "test_hostile_words_can_be_read_as_they_are_and_do_nothing": ReadsMarkup,
    "test_what_cannot_be_shown_does_not_keep_the_rest_from_being_read": BreaksOffAtTheNul,
    "test_the_same_notice_may_come_again": ShowsANoticeOnce,
    "test_what_is_for_nobody_to_read_is_taken_and_not_shown": ShowsTiles,
    "test_several_threads_may_deliver": LosesOneOfTwo,
}


@pytest.fixture
def judge(tmp_path):
    """Holds one sink to one promise."""

    def judge(driver, promise):
        toolkit = Toolkit(clock=SystemClock(), random=Random(1), log=getLogger("sendoff.contract"), folder=tmp_path / driver.__name__)
        toolkit.folder.mkdir()
        sink = driver(driver.Settings(), toolkit)
        notice = Notice(id="n-1", type="failed", time=NOON, message=Message(title="Upload failed", text="a.iso to archive: no space is left"))
        getattr(MessageSinkContract(), promise)(sink, lambda: read(sink.board), notice)

    return judge


def read(board):
    return [tuple(json.loads(line)) for line in board.read_text().splitlines()] if board.exists() else []


@pytest.mark.parametrize(("promise", "broken"), CASES.items(), ids=CASES.keys())
def test_a_sink_that_breaks_a_promise_is_caught(promise, broken, judge):
    judge(GoodSink, promise)

    with pytest.raises((AssertionError, SendoffError)):
        judge(broken, promise)


def test_every_promise_has_somebody_who_breaks_it():
    assert {name for name in dir(MessageSinkContract) if name.startswith("test_") and not hasattr(SinkBench, name)} == set(CASES)
