import sys

import pytest
from sendoff.testing.network_contract import NetworkContract
from sendoff_networks_basic.routes import Routes

HEADER = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
NOTHING, ANY6 = "0" * 8, "0" * 32


def four(interface, destination, flags):
    """A line as the kernel prints it: the address as this machine stores it."""
    stored = bytes(int(part) for part in destination.split("."))
    shown = (stored[::-1] if sys.byteorder == "little" else stored).hex().upper()
    return f"{interface}\t{shown}\t00000000\t{flags:04X}\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"


def six(interface, destination, length, flags):
    return f"{destination} {length:02x} {ANY6} 00 {ANY6} 00000400 00000001 00000000 {flags:08x} {interface:>8}\n"


class TestRoutes(NetworkContract):
    @pytest.fixture
    def driver(self):
        return Routes

    @pytest.fixture
    def blind(self, tmp_path):
        return {"proc": str(tmp_path / "nothing")}

    @pytest.fixture
    def look(self, toolkit, tmp_path):
        """What it makes of these two tables; None = there is no such file."""

        def look(route, ipv6_route=None):
            for name, text in (("route", route), ("ipv6_route", ipv6_route)):
                if text is not None:
                    (tmp_path / name).write_text(text)
            return Routes(Routes.Settings(proc=str(tmp_path)), toolkit).look().online

        return look

    @pytest.mark.parametrize(
        ("table", "online"),
        [
            (four("eth0", "0.0.0.0", 0x3), True),
            (four("wg0", "10.8.0.0", 0x1), True),
            (four("lo", "127.0.0.0", 0x1), False),
            (four("eth0", "0.0.0.0", 0x2), False),
            (four("eth0", "0.0.0.0", 0x201), False),
            (four("eth0", "169.254.0.0", 0x1), False),
            (four("eth0", "224.0.0.0", 0x1), False),
            (four("lo", "127.0.0.0", 0x1) + four("eth0", "0.0.0.0", 0x3), True),
            ("", False),
        ],
    )
    def test_a_way_out_over_ipv4_is_online(self, look, table, online):
        assert look(HEADER + table) is online

    @pytest.mark.parametrize(
        ("table", "online"),
        [
            (six("eth0", ANY6, 0, 0x3), True),
            (six("eth0", "20010db8" + "0" * 24, 0x40, 0x1), True),
            (six("lo", ANY6, 0, 0x200200), False),
            (six("lo", ANY6, 0, 0x1), False),
            (six("eth0", ANY6, 0, 0x201), False),
            (six("eth0", "fe80" + "0" * 28, 0x40, 0x1), False),
            (six("eth0", "ff00" + "0" * 28, 8, 0x1), False),
            (six("eth0", "20010db8" + "0" * 23 + "1", 0x80, 0x80200001), False),
            ("", False),
        ],
    )
    def test_a_way_out_over_ipv6_is_online(self, look, table, online):
        assert look(HEADER, table) is online

    def test_a_kernel_without_ipv6_can_be_offline(self, look):
        assert look(HEADER) is False

    def test_ipv6_alone_can_be_online(self, look):
        assert look(None, six("eth0", ANY6, 0, 0x3)) is True

    @pytest.mark.parametrize("table", ["", "something else\n", HEADER + "torn", HEADER + "eth0\tXYZ\t0\t3\n", HEADER + "\xff\n"])
    def test_a_table_that_makes_no_sense_is_unknown(self, look, table):
        assert look(table) is None

    @pytest.mark.skipif(sys.platform != "linux", reason="reads the tables of Linux")
    def test_the_tables_of_this_machine_are_understood(self, network):
        assert network.look().online is not None
