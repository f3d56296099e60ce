import json
import logging

import pytest
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
    def received(self, collector):
        return lambda: [json.loads(record.getMessage()) for record in collector.records]

    @pytest.fixture(autouse=True)
    def listening(self, collector):
        """From the beginning."""

    def test_a_notice_is_one_line(self, sink, notice, collector):
        sink.deliver(notice)

        assert len(collector.records[0].getMessage().splitlines()) == 1

    @pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
    def test_the_level_can_be_chosen(self, driver, toolkit, notice, collector, level):
        driver(driver.Settings(level=level), toolkit).deliver(notice)

        assert collector.records[0].levelname == level.upper()
