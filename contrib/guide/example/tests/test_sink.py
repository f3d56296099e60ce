import json

import pytest
from sendoff.testing.sink_contract import RefusableSinkContract
from sendoff_example.sink import ExampleSink


class TestExampleSink(RefusableSinkContract):
    @pytest.fixture
    def driver(self):
        return ExampleSink

    @pytest.fixture
    def options(self, tmp_path):
        return {"path": str(tmp_path / "notices")}

    @pytest.fixture
    def received(self, tmp_path):
        return lambda: [json.loads(line) for line in (tmp_path / "notices").read_bytes().splitlines()]

    @pytest.fixture
    def refusing(self, tmp_path):
        return {"path": str(tmp_path / "no such folder" / "notices")}

    @pytest.fixture
    def busy(self):
        return {"path": "/dev/full"}  # a disk that is full (full(4))
