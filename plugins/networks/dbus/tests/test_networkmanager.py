"""NetworkManager by python-dbusmock, on a bus of the test's own."""

import pytest
from sendoff import Conditions
from sendoff.testing.network_contract import NetworkContract
from sendoff_networks_dbus import watcher
from sendoff_networks_dbus.networkmanager import NetworkManager

from tests.servers import network_manager as nm

from .watching import watched

pytestmark = pytest.mark.needs_server
UNKNOWN = Conditions(name="networkmanager")


@pytest.fixture
def manager(bus):
    return nm.NetworkManager(bus)


class TestNetworkManager(NetworkContract):
    @pytest.fixture
    def driver(self):
        return NetworkManager

    @pytest.fixture
    def options(self, bus, manager):
        return {"bus": bus.address}

    @pytest.fixture
    def blind(self, tmp_path):
        return {"bus": f"unix:path={tmp_path / 'nothing'}"}

    @pytest.mark.parametrize(
        ("said", "online", "portal"),
        [
            ({"State": nm.CONNECTED, "Connectivity": nm.FULL}, True, False),
            ({"State": nm.CONNECTED, "Connectivity": nm.NOBODY_CHECKS}, True, False),
            ({"State": nm.CONNECTED_SITE, "Connectivity": nm.PORTAL}, True, True),
            ({"State": nm.CONNECTED_SITE, "Connectivity": nm.LIMITED}, None, False),
            ({"State": nm.CONNECTED_LOCAL, "Connectivity": nm.NONE}, False, False),
            ({"State": nm.CONNECTING, "Connectivity": nm.NONE}, False, False),
            ({"State": nm.DISCONNECTED, "Connectivity": nm.NONE}, False, False),
            ({"State": nm.ASLEEP, "Connectivity": nm.NOBODY_CHECKS}, False, False),
            ({"State": 0, "Connectivity": nm.NOBODY_CHECKS}, None, False),
        ],
        ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else None,
    )
    def test_it_tells_whether_there_is_a_network(self, network, manager, said, online, portal):
        manager.become(**said)

        found = network.look()

        assert (found.online, found.portal) == (online, portal)

    @pytest.mark.parametrize(("said", "metered"), [(0, False), (1, True), (2, False), (3, True), (4, False)])
    def test_metered_is_what_is_and_what_seems_to_be(self, network, manager, said, metered):
        manager.become(Metered=said)

        assert network.look().metered is metered

    def test_offline_is_unknown_where_a_card_is_left_to_somebody_else(self, network, manager):
        manager.become(State=nm.DISCONNECTED, Connectivity=nm.NONE)
        manager.leave_card()

        assert network.look() == UNKNOWN

    def test_the_network_is_called_as_its_connection(self, network, manager):
        manager.connect("Café Central")

        found = network.look()

        assert (found.name, found.roaming) == ("Café Central", None)

    @pytest.mark.parametrize(("registration", "roaming"), [(1, False), (5, True)], ids=["home", "away"])
    def test_a_modem_that_is_a_guest_elsewhere_is_roaming(self, network, manager, registration, roaming):
        manager.dial(registration)

        found = network.look()

        assert (found.name, found.roaming) == ("mobile", roaming)

    def test_without_it_nothing_is_known(self, network, manager):
        manager.close()

        assert network.look() == UNKNOWN

    @pytest.mark.parametrize(("profile", "power"), [("balanced", True), ("power-saver", False)])
    def test_a_profile_that_saves_power_asks_to(self, network, bus, profile, power):
        bus.serve("net.hadess.PowerProfiles", "--template", "power_profiles_daemon")
        bus.update("net.hadess.PowerProfiles", "/net/hadess/PowerProfiles", "net.hadess.PowerProfiles", ActiveProfile=("s", profile))

        assert network.look().power is power

    @pytest.mark.parity("F153")
    @pytest.mark.parametrize(("on_battery", "warning", "power"), [(True, 1, True), (True, 3, False), (False, 3, True)], ids=["full", "low", "plugged-in"])
    def test_a_battery_that_is_in_use_and_low_asks_to_save_power(self, network, bus, on_battery, warning, power):
        upower, battery = "org.freedesktop.UPower", "/org/freedesktop/UPower/devices/DisplayDevice"
        bus.serve(upower, "--template", "upower", "--parameters", '{"DaemonVersion": "1.0"}')
        bus.update(upower, "/org/freedesktop/UPower", upower, OnBattery=("b", on_battery))
        bus.update(upower, battery, f"{upower}.Device", WarningLevel=("u", warning))

        assert network.look().power is power

    def test_a_change_is_told_at_once(self, network, manager):
        with watched(network) as seen:
            manager.become(Metered=1)

            seen.until(lambda found: found.metered)

    def test_it_is_heard_again_when_it_has_come_back(self, network, manager):
        with watched(network) as seen:
            manager.close()
            seen.until(lambda found: found == UNKNOWN)

            manager.open()
            seen.until(lambda found: found.online)
            manager.become(Metered=1)
            seen.until(lambda found: found.metered)

    def test_it_is_heard_again_when_the_bus_has_come_back(self, network, manager, bus):
        with watched(network) as seen:
            bus.close()
            seen.until(lambda found: found == UNKNOWN)
            manager.close()

            bus.open()
            manager.open()
            seen.until(lambda found: found.online)

    def test_nobody_is_told_any_more_once_it_is_over(self, network, manager):
        told = []
        with network.watch(lambda: told.append(1)):
            pass
        seen = len(told)

        manager.become(Metered=1)
        network.look()

        assert len(told) == seen

    def test_behind_a_portal_it_is_asked_to_look_again(self, network, manager, monkeypatch):
        monkeypatch.setattr(watcher, "_SILENCE", 0.05)
        with watched(network) as seen:
            manager.become(State=nm.CONNECTED_SITE, Connectivity=nm.PORTAL)
            seen.until(lambda found: found.portal)

            while not manager.asked_to_check:
                pass
