import json
import logging
import socket
from dataclasses import replace

import pytest
from sendoff import Message, Transient
from sendoff.testing.sink_contract import SinkContract
from sendoff_sinks_basic.log import LogSink


class Collector(logging.Handler):
    def __init__(self):
        super().__init__()
        self.records = []

    def emit(self, record):
        self.records.append(record)


class TestLog(SinkContract):
    @pytest.fixture
    def driver(self):
        return LogSink

    @pytest.fixture
    def collector(self, toolkit):
        collector = Collector()
        toolkit.log.addHandler(collector)
        toolkit.log.setLevel(logging.DEBUG)
        yield collector
        toolkit.log.removeHandler(collector)

    @pytest.fixture
    def options(self):
        return {"to": "log"}

    @pytest.fixture
    def received(self, collector):
        return lambda: [json.loads(record.getMessage().partition(" notice=")[2]) for record in collector.records]

    @pytest.fixture(autouse=True)
    def listening(self, collector):
        """From the beginning."""

    def test_a_notice_is_one_line(self, sink, notice, collector):
        sink.deliver(notice)

        assert len(collector.records[0].getMessage().splitlines()) == 1

    @pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
    def test_the_level_can_be_chosen(self, driver, toolkit, notice, collector, level):
        driver(driver.Settings(level=level, to="log"), toolkit).deliver(notice)

        assert collector.records[0].levelname == level.upper()

    def test_what_one_filters_by_stands_before_it_as_words(self, sink, notice, collector):
        message = Message(title="Failed: a b", text="", failed=True)
        sink.deliver(replace(notice, message=message))

        line = collector.records[0].getMessage()
        assert line.startswith('type=completed id=n-1 operation=op-1 batch=b-1 status=completed url=https://h.example/a title="Failed: a b" notice={')
        assert collector.records[0].levelname == "WARNING", "bad news"


class TestLogInTheJournal(SinkContract):
    """A socket as systemd-journald has one; what came is read as its protocol says."""

    @pytest.fixture
    def driver(self):
        return LogSink

    @pytest.fixture
    def journal(self, tmp_path):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
            listening.bind(str(tmp_path / "journal"))
            listening.setblocking(False)
            yield listening

    @pytest.fixture
    def options(self, journal):
        return {"socket": journal.getsockname()}

    @pytest.fixture
    def entries(self, journal):
        found = []

        def read():
            while True:
                try:
                    found.append(fields_of(journal.recv(1 << 20)))
                except BlockingIOError:
                    return found

        return read

    @pytest.fixture
    def received(self, entries):
        return lambda: [json.loads(one["SENDOFF_NOTICE"]) for one in entries()]

    def test_each_fact_is_a_field(self, sink, notice, entries):
        sink.deliver(replace(notice, message=Message(title="Failed: a", text="two\nlines", failed=True)))

        (found,) = entries()
        wanted = {"MESSAGE": "Failed: a", "PRIORITY": "4", "SYSLOG_IDENTIFIER": "sendoff", "SENDOFF_TYPE": "completed", "SENDOFF_OPERATION": "op-1"}
        assert {name: found[name] for name in wanted} == wanted
        assert found["SENDOFF_TEXT"] == "two\nlines"

    def test_where_it_is_not_there_the_log_has_it(self, driver, toolkit, notice, tmp_path, caplog):
        with caplog.at_level("INFO", toolkit.log.name):
            driver(driver.Settings(socket=str(tmp_path / "none")), toolkit).deliver(notice)
        assert "type=completed" in caplog.text

    def test_where_it_alone_is_wanted_its_absence_is_worth_another_try(self, driver, toolkit, notice, tmp_path):
        with pytest.raises(Transient, match="cannot be written to"):
            driver(driver.Settings(socket=str(tmp_path / "none"), to="journal"), toolkit).deliver(notice)


def fields_of(entry):
    """The fields of an entry of the journal's native protocol."""
    found = {}
    while entry:
        name, _, rest = entry.partition(b"\n")
        if b"=" in name:
            key, _, value = name.partition(b"=")
        else:
            key, length = name, int.from_bytes(rest[:8], "little")
            value, rest = rest[8 : 8 + length], rest[9 + length :]
        found[key.decode()] = value.decode()
        entry = rest
    return found
