"""The desktop's portal, as an empty service of python-dbusmock that gets its methods from the test."""

import pytest
from sendoff import Conditions
from sendoff.testing.network_contract import NetworkContract
from sendoff_networks_dbus.portal import Portal

from .watching import watched

pytestmark = pytest.mark.needs_server
NAME, PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
MONITOR, POWER = "org.freedesktop.portal.NetworkMonitor", "org.freedesktop.portal.PowerProfileMonitor"
LOCAL, LIMITED, LOGIN, FULL = 1, 2, 3, 4
UNKNOWN = Conditions(name="portal")


class Desktop:
    """A portal on a bus. version: of its NetworkMonitor; from 3 on there is one answer for all."""

    def __init__(self, bus, version=3):
        self.bus, self._version = bus, version
        self.open()

    def open(self):
        self.bus.serve(NAME, NAME, PATH, MONITOR)
        self._answer(available=True, metered=False, connectivity=FULL)

    def close(self):
        self.bus.end(NAME)

    def become(self, available=True, metered=False, connectivity=FULL):
        self._answer(available=available, metered=metered, connectivity=connectivity)
        self.bus.mock(NAME, PATH, "EmitSignal", "sssav", MONITOR, "changed", "", [])

    def _answer(self, *, available, metered, connectivity):
        dictionary = f"dbus.Dictionary({{'available': {available}, 'metered': {metered}, 'connectivity': dbus.UInt32({connectivity})}}, signature='sv')"
        if self._version >= 3:
            self._method("GetStatus", "a{sv}", dictionary)
        self._method("GetAvailable", "b", available)
        self._method("GetMetered", "b", metered)
        self._method("GetConnectivity", "u", connectivity)

    def _method(self, name, signature, answer):
        self.bus.mock(NAME, PATH, "AddMethod", "sssss", MONITOR, name, "", signature, f"ret = {answer}")


@pytest.fixture
def desktop(bus):
    return Desktop(bus)


class TestPortal(NetworkContract):
    @pytest.fixture
    def driver(self):
        return Portal

    @pytest.fixture
    def options(self, bus, desktop):
        return {"bus": bus.address}

    @pytest.fixture
    def blind(self, tmp_path):
        return {"bus": f"unix:path={tmp_path / 'nothing'}"}

    @pytest.mark.parametrize(
        ("available", "connectivity", "online", "portal"),
        [(True, FULL, True, False), (True, LOGIN, True, True), (True, LIMITED, None, False), (True, LOCAL, False, False), (False, LOCAL, False, False)],
    )
    def test_it_tells_whether_there_is_a_network(self, network, desktop, available, connectivity, online, portal):
        desktop.become(available=available, connectivity=connectivity)

        found = network.look()

        assert (found.online, found.portal) == (online, portal)

    @pytest.mark.parametrize("metered", [True, False])
    def test_it_tells_whether_it_is_metered(self, network, desktop, metered):
        desktop.become(metered=metered)

        assert network.look().metered is metered

    def test_an_earlier_portal_is_asked_one_by_one(self, bus, driver, toolkit):
        Desktop(bus, version=2).become(metered=True, connectivity=LOGIN)

        found = driver(driver.Settings(bus=bus.address), toolkit).look()

        assert (found.online, found.portal, found.metered) == (True, True, True)

    @pytest.mark.parametrize("saves", [True, False])
    def test_a_power_saver_that_is_on_asks_to_save_power(self, network, bus, saves):
        bus.mock(NAME, PATH, "AddProperties", "sa{sv}", POWER, {"power-saver-enabled": ("b", saves)})

        assert network.look().power is not saves

    def test_without_it_nothing_is_known(self, network, desktop):
        desktop.close()

        assert network.look() == UNKNOWN

    def test_a_change_is_told_at_once_and_so_is_its_coming_back(self, network, desktop):
        with watched(network) as seen:
            desktop.become(metered=True)
            seen.until(lambda found: found.metered)

            desktop.close()
            seen.until(lambda found: found == UNKNOWN)
            desktop.open()
            seen.until(lambda found: found.online)
