"""The connections that tries share."""

import pytest
from sendoff.testing.proxy import Proxy
from urllib3.connectionpool import HTTPConnectionPool

pytestmark = pytest.mark.needs_server


def test_an_interrupt_never_breaks_a_connection_that_another_try_may_have_by_then(lab, monkeypatch):
    """A connection is another's from the moment it is back in the pool; until now the thread that gave it back has not gone on by one step."""
    with Proxy(lab.server.port) as proxy:
        transport = lab.transport(proxy)
        first, second = lab.shipment(transport, 1000), lab.shipment(transport, 1000, name="second")
        give_back = HTTPConnectionPool._put_conn

        def watched(pool, connection):
            give_back(pool, connection)
            first.interrupt()

        with monkeypatch.context() as watching:
            watching.setattr(HTTPConnectionPool, "_put_conn", watched)
            transport.send(first)  # its answer is there, whole
        transport.send(second)
        transport.close()

    assert lab.body("second") == second.path.read_bytes()
    assert proxy.connections == 1
