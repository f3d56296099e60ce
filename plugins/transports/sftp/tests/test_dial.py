"""The way to a host: every address of a name, and a clear word where there is none."""

import socket

import pytest
from sendoff import Unreachable, WebErrorStatus


@pytest.mark.fault(42)
def test_a_name_that_nobody_knows_says_so(to, ship):
    transport = to("sftp://not..a..name/x/")

    with pytest.raises(Unreachable, match="is not known") as caught:
        transport.send(ship(transport))

    assert caught.value.web_error == WebErrorStatus.HOST_NAME_NOT_RESOLVED


@pytest.mark.fault(61)
@pytest.mark.needs_server
def test_where_one_address_of_a_name_refuses_another_is_used(openssh, to, ship, monkeypatch):
    """As with a server that the name service knows by IPv6 and that listens by IPv4 only."""
    real = socket.getaddrinfo
    both = [*real("::1", openssh.port, type=socket.SOCK_STREAM), *real("127.0.0.1", openssh.port, type=socket.SOCK_STREAM)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *words, **more: both if host == "both.example" else real(host, *words, **more))
    (openssh.folder / "hosts").write_text(openssh.known_as("both.example", openssh.port))
    transport = to(openssh.url("in/").replace("127.0.0.1", "both.example"), identity_file=str(openssh.user_key), host_keys=str(openssh.folder / "hosts"))
    shipment = ship(transport)

    transport.send(shipment)

    assert (openssh.root / "in" / "thing").read_bytes() == shipment.path.read_bytes()


@pytest.mark.fault(43)
def test_a_port_where_nobody_listens_says_so(to, ship):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        transport = to(f"sftp://127.0.0.1:{free.getsockname()[1]}/x/")

        with pytest.raises(Unreachable, match="Connection refused"):
            transport.send(ship(transport))
