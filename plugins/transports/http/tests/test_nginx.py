"""An independent server: nginx with its DAV module."""

from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import urlsplit

import pytest
from sendoff import Demand, NoSpace, Rejected, Tally, TooLarge
from sendoff.testing.receiver import Close, Lost, Reset, Rule

from tests.servers.nginx import Nginx
from tests.servers.proxy import CountingProxy

pytestmark = pytest.mark.needs_server


@pytest.fixture(scope="module")
def nginx(tmp_path_factory):
    with Nginx(tmp_path_factory.mktemp("nginx"), max_size=4 * 2**20) as server:
        yield server.url, server.root


@pytest.mark.parametrize("size", [0, 1, 2**20 + 1])
def test_bytes_arrive_unchanged(lab, nginx, size):
    url, root = nginx
    transport = lab.transport(f"{url}in/")
    shipment = lab.shipment(transport, size, name=f"a b/ü{size}")

    delivery = transport.send(shipment)

    assert delivery.size == size
    assert root.joinpath(PurePosixPath(f"in/a b/ü{size}")).read_bytes() == shipment.path.read_bytes()


@pytest.mark.parametrize("verify", ["size", "read-back"])
def test_what_landed_is_seen(lab, nginx, verify):
    transport = lab.transport(nginx[0])

    assert transport.send(lab.shipment(transport, 2**20, demand=Demand(verify=verify))).verified == verify


def test_too_large_is_told_before_the_file_has_gone_out(lab, nginx):
    transport = lab.transport(nginx[0])
    shipment = lab.shipment(transport, 24 * 2**20)

    with pytest.raises(TooLarge):
        transport.send(shipment)

    assert shipment.read < shipment.size


def test_no_space_needs_a_person(lab, nginx):
    transport = lab.transport(f"{nginx[0]}full/")

    with pytest.raises(NoSpace):
        transport.send(lab.shipment(transport))


def test_a_method_that_is_not_known_is_told(lab, nginx):
    transport = lab.transport(nginx[0])

    with pytest.raises(Rejected, match="does not know this method"):
        transport.send(lab.shipment(transport, method="POST"))


@pytest.mark.fault(43, 44, 47, 48)
@pytest.mark.parametrize("method", ["HEAD", "PUT"])
@pytest.mark.parametrize(
    "rule", [{"do": Reset(), "at": 0}, {"do": Close(), "at": 1}, {"do": Reset(), "at": 2**20}, {"do": Close()}, {"do": Reset()}, {"do": Lost()}], ids=str
)
def test_after_every_kind_of_break_the_next_try_arrives(lab, nginx, method, rule):
    url, root = nginx
    if method == "HEAD" and rule.get("at"):
        rule = {"do": rule["do"]}  # it has no body
    proxy = lab.keep(CountingProxy("127.0.0.1", urlsplit(url).port, script=[Rule(method=method, **rule)]).open())
    transport = lab.transport(proxy.url(f"{url}broken/"))
    shipment = lab.shipment(transport, 2 * 2**20, name=f"{method}-{len(list(root.rglob('*')))}", demand=Demand(existing="fail"))
    lab.broken(transport, shipment)
    after = lab.again(transport, shipment)
    after.operation = replace(after.operation, tally=Tally(sent=shipment.given or 0))

    delivery = transport.send(after)

    assert delivery.size == 2 * 2**20
    assert (root / "broken" / shipment.name).read_bytes() == shipment.path.read_bytes()
    assert "at" in rule or proxy.body_bytes == (shipment.given or 0) + (after.given or 0)
