"""What a driver is while it loads slowly, and what an interrupted installer leaves of one."""

import shutil
import sys
import threading
import time

import pytest
from sendoff.drivers import Drivers
from sendoff.errors import DriverBroken, DriverMissing

from tests.core.conftest import TRANSPORT
from tests.core.owned import eventually


@pytest.fixture
def gate(monkeypatch):
    """A module in which a stranger's import waits until it is let through."""
    module = type(sys)("strange_gate")
    module.event = threading.Event()
    monkeypatch.setitem(sys.modules, "strange_gate", module)
    yield module.event
    module.event.set()


@pytest.mark.fault(74, 77)
def test_a_driver_that_hangs_while_it_loads_keeps_nobody_else_and_is_there_once_it_has_loaded(install, transport, gate, monkeypatch):
    monkeypatch.setattr("sendoff.drivers.LOADED_WITHIN", 0.2)
    monkeypatch.setattr("sendoff.drivers.PASSED_BY_AFTER", 0.1)
    text = "import strange_gate\nstrange_gate.event.wait(60)\n" + TRANSPORT.format(name="Strange", schemes=("slow",))
    install("strange-slow", "[sendoff.transports]\nalpha = strange_slow:Strange\n", "strange_slow", text)
    transport("gopher", ("gophers",))
    drivers = Drivers()

    with pytest.raises(DriverBroken, match=r"the transport 'alpha' of strange-slow 1\.0 is still loading after 0\.2 seconds"):
        drivers.load("transports", "alpha")
    began = time.monotonic()
    assert drivers.transport_for("gophers") == "gopher"
    states = {one["name"]: (one["state"], one["reason"]) for one in drivers.describe()}
    assert time.monotonic() - began < 5
    assert states["gopher"] == ("ok", None)
    assert states["alpha"][0] == "broken"
    assert "is still loading, as it was before" in states["alpha"][1]

    gate.set()
    for thread in [one for one in threading.enumerate() if one.name == "sendoff-asks-transports.alpha"]:
        thread.join(60)
    assert drivers.load("transports", "alpha").__name__ == "Strange"


@pytest.mark.fault(74, 77)
def test_a_transport_that_loads_slowly_is_waited_for_where_no_other_carries(install, gate, monkeypatch):
    monkeypatch.setattr("sendoff.drivers.PASSED_BY_AFTER", 0.1)
    text = "import strange_gate\nstrange_gate.event.wait(60)\n" + TRANSPORT.format(name="Strange", schemes=("slow",))
    install("strange-slow", "[sendoff.transports]\nalpha = strange_slow:Strange\n", "strange_slow", text)
    drivers = Drivers()
    later = threading.Timer(0.5, gate.set)
    later.start()

    assert drivers.transport_for("slow") == "alpha"
    later.join()


@pytest.mark.fault(74, 77)
def test_a_scheme_that_only_one_still_loading_may_carry_is_not_called_unsupported(install, gate, monkeypatch):
    monkeypatch.setattr("sendoff.drivers.PASSED_BY_AFTER", 0.1)
    text = "import strange_gate\nstrange_gate.event.wait(60)\n" + TRANSPORT.format(name="Strange", schemes=("slow",))
    install("strange-slow", "[sendoff.transports]\nalpha = strange_slow:Strange\n", "strange_slow", text)
    drivers = Drivers()
    drivers.schemes()
    monkeypatch.setattr("sendoff.drivers.LOADED_WITHIN", 0.2)

    for _ in range(2):
        with pytest.raises(DriverBroken, match=r"no installed transport that has loaded carries to slow://; alpha may: still loading after 0\.2 seconds"):
            drivers.transport_for("slow")

    gate.set()
    eventually(lambda: drivers.load("transports", "alpha"))
    assert drivers.transport_for("slow") == "alpha"


@pytest.mark.fault(76, 77)
def test_what_was_found_while_a_better_one_was_loading_is_not_kept(install, transport, gate, monkeypatch):
    monkeypatch.setattr("sendoff.drivers.PASSED_BY_AFTER", 0.1)
    text = "import strange_gate\nstrange_gate.event.wait(60)\n" + TRANSPORT.format(name="Strange", schemes=("slow", "slows"))
    install("strange-slow", "[sendoff.transports]\nslow = strange_slow:Strange\n", "strange_slow", text)
    transport("alpha", ("slows",))
    drivers = Drivers()

    assert drivers.transport_for("slows") == "alpha"
    gate.set()
    eventually(lambda: drivers.transport_for("slows") == "slow")


@pytest.mark.parametrize("remains", ["~range_gopher-0.9.dist-info", "strange.gopher-0.9.dist-info"])
def test_what_an_interrupted_installer_left_behind_is_no_second_distribution(transport, tmp_path, remains):
    transport("gopher", ("gopher",))
    shutil.copytree(tmp_path / "strange_gopher-1.0.dist-info", tmp_path / remains)

    assert Drivers().load("transports", "gopher").__name__ == "Strange"
    assert [(one["version"], one["state"]) for one in Drivers().describe() if one["name"] == "gopher"] == [("1.0", "ok")]


def test_what_is_left_of_a_distribution_alone_is_not_installed(transport, tmp_path):
    transport("gopher", ("gopher",))
    (tmp_path / "strange_gopher-1.0.dist-info").rename(tmp_path / "~trange_gopher-1.0.dist-info")

    with pytest.raises(DriverMissing):
        Drivers().load("transports", "gopher")
