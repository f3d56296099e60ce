"""The network of tests keeps what every network promises, and tells of a change at once."""

import threading

import pytest
from sendoff.testing.fake_network import FakeNetwork, become
from sendoff.testing.network_contract import NetworkContract

SOON = 10


class TestFakeNetwork(NetworkContract):
    @pytest.fixture
    def driver(self):
        return FakeNetwork

    @pytest.fixture
    def options(self, tmp_path):
        return {"file": str(tmp_path / "network")}

    @pytest.fixture
    def blind(self, tmp_path):
        return {"file": str(tmp_path / "nothing")}

    def test_it_is_as_it_was_told_to_be(self, network, options):
        become(options["file"], online=True, metered=True)

        found = network.look()

        assert (found.online, found.metered, found.roaming, found.power) == (True, True, None, None)

    @pytest.mark.parametrize("text", ["", "[]", "{", '{"online": '])
    def test_a_file_that_makes_no_sense_is_unknown(self, network, options, text):
        with open(options["file"], "w") as file:
            file.write(text)

        assert network.look().online is None

    def test_a_change_is_told(self, network, options):
        told = threading.Event()
        with network.watch(told.set):
            assert told.wait(SOON), "what changed before somebody watched"
            told.clear()
            become(options["file"], online=False)

            assert told.wait(SOON) and network.look().online is False
