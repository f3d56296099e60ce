import pytest
from sendoff.testing.network_contract import NetworkContract
from sendoff_networks_basic.always_online import AlwaysOnline


class TestAlwaysOnline(NetworkContract):
    @pytest.fixture
    def driver(self):
        return AlwaysOnline

    @pytest.fixture
    def blind(self):
        return {}

    def test_it_says_online(self, network):
        assert network.look().online is True
