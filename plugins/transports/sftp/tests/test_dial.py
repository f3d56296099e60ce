"""The way to a host: every address of a name, and a clear word where there is none."""

import socket

import pytest
from sendoff import Unreachable, WebErrorStatus
from sendoff.ports.clock import SystemClock
from sendoff_sftp import dial
from sendoff_sftp.watch import TimeLimits, Watch


@pytest.mark.fault(42)
def test_a_name_that_nobody_knows_says_so(to, ship):
    transport = to("sftp://not..a..name/x/")

    with pytest.raises(Unreachable, match="is not known") as caught:
        transport.send(ship(transport))

    assert caught.value.web_error == WebErrorStatus.HOST_NAME_NOT_RESOLVED


@pytest.mark.fault(61)
@pytest.mark.needs_server
def test_where_one_address_of_a_name_refuses_another_is_used(openssh):
    """As with a server that the name service knows by IPv6 and that listens by IPv4 only."""
    nobody, somebody = (socket.getaddrinfo(address, openssh.port, type=socket.SOCK_STREAM) for address in ("::1", "127.0.0.1"))
    watch = Watch(SystemClock(), TimeLimits(5, 5), where="here")

    with dial._first_of([*nobody, *somebody], "both", openssh.port, watch) as connection:
        assert connection.recv(4) == b"SSH-"


@pytest.mark.fault(43)
def test_a_port_where_nobody_listens_says_so(to, ship):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        transport = to(f"sftp://127.0.0.1:{free.getsockname()[1]}/x/")

        with pytest.raises(Unreachable, match="Connection refused"):
            transport.send(ship(transport))
