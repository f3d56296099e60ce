import pytest
from sendoff.testing.network_contract import NetworkContract
from sendoff_example.network import ExampleNetwork


class TestExampleNetwork(NetworkContract):
    @pytest.fixture
    def driver(self):
        return ExampleNetwork

    @pytest.fixture
    def options(self, tmp_path):
        (tmp_path / "network").write_text("online metered\n")
        return {"path": str(tmp_path / "network")}

    @pytest.fixture
    def blind(self, tmp_path):
        return {"path": str(tmp_path / "nothing")}

    @pytest.mark.parametrize(
        ("text", "online", "metered"),
        [("online", True, None), ("offline", False, None), ("online metered", True, True), ("", None, None)],
    )
    def test_the_words_are_what_it_is_like(self, network, tmp_path, text, online, metered):
        (tmp_path / "network").write_text(text)

        assert (network.look().online, network.look().metered) == (online, metered)
