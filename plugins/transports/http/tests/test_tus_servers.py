"""tus with the servers of other people: broken off in every kind of place, and gone on with."""

import hashlib

import pytest
from sendoff import Demand, Leftover, OutcomeUnknown, SessionLost, TooLarge
from sendoff.testing.receiver import Close, Lost, Reset, Rule

from tests.servers.proxy import CountingProxy
from tests.servers.tus import TusChecksums, TusNode

pytestmark = pytest.mark.needs_server

CHUNK = 256 * 1024
SIZE = 3 * CHUNK + 1000


@pytest.fixture(scope="module", params=[TusNode, TusChecksums], ids=lambda kind: kind.__name__)
def server(request, tmp_path_factory):
    with request.param(tmp_path_factory.mktemp(request.param.__name__), max_size=8 * 2**20) as server:
        yield server


@pytest.fixture
def way(lab, server):
    """A proxy in front of the server, which counts and breaks, and a transport through it."""

    def make(*rules, **options):
        proxy = lab.keep(CountingProxy("127.0.0.1", server.port, script=rules).open())
        options = {"chunk_size": CHUNK, **options}
        return proxy, lab.transport(proxy.url(server.url), protocol="tus", protocol_options=options, exact=True)

    return make


def begin(lab, transport, size=SIZE, **words):
    return lab.shipment(transport, size, root=transport.destination.url, name="ü.bin", **words)


def landed(server, shipment):
    return server.held(shipment.session.data["url"]) == shipment.path.read_bytes()


@pytest.mark.parametrize("size", [0, 1, CHUNK, SIZE])
def test_bytes_arrive_unchanged(lab, server, way, size):
    _, transport = way()
    shipment = begin(lab, transport, size)

    delivery = transport.send(shipment)

    assert landed(server, shipment)
    checked = isinstance(server, TusChecksums) and size
    assert delivery.verified == ("part-digests" if checked else "size")
    assert server.uploads()[-1].metadata["filename"] == "ü.bin"


BREAKS = [(number, at) for number in (3, 4, 6) for at in (0, 1, 1000)] + [(5, CHUNK // 2), (5, CHUNK - 1)]


@pytest.mark.fault(44, 47, 4)
@pytest.mark.parametrize("breakdown", [Reset(), Close()], ids=lambda one: type(one).__name__)
@pytest.mark.parametrize(("number", "at"), BREAKS)
def test_a_break_costs_no_more_than_the_chunk_that_was_on_its_way(lab, server, way, breakdown, number, at):
    proxy, transport = way(Rule(do=breakdown, request=number, at=at))
    _, shipment = lab.broken(transport, begin(lab, transport))
    after = lab.again(transport, shipment)

    delivery = transport.send(after)

    assert delivery.size == SIZE
    assert landed(server, after)
    assert sum(row.method == "POST" for row in proxy.requests) == 1
    assert proxy.body_bytes - SIZE <= CHUNK


@pytest.mark.fault(48, 5, 6)
@pytest.mark.parametrize("number", [1, 2, 3, 5, 6], ids=["question", "creation", "first", "third", "last"])
def test_a_lost_answer_makes_nothing_twice(lab, server, way, number):
    proxy, transport = way(Rule(do=Lost(), request=number))
    _, shipment = lab.broken(transport, begin(lab, transport))
    after = lab.again(transport, shipment)

    transport.send(after)

    assert landed(server, after)
    assert proxy.body_bytes == SIZE
    assert sum(upload.held > 0 for upload in server.uploads() if upload.id in after.session.data["url"]) == 1


def test_breaks_one_after_the_other_are_all_got_over(lab, server, way):
    rules = [Rule(do=kind, method="PATCH", at=at) for kind, at in ((Reset(), 1), (Close(), 70_000), (Lost(), None), (Reset(), CHUNK - 1))]
    proxy, transport = way()
    shipment = begin(lab, transport)
    for rule in rules:
        proxy.add(rule)
        lab.broken(transport, shipment)
        shipment = lab.again(transport, shipment)

    transport.send(shipment)

    assert landed(server, shipment)


def test_an_upload_that_is_not_wanted_any_more_is_taken_away(lab, server, way):
    _, transport = way(Rule(do=Close(), method="PATCH", at=1000))
    _, shipment = lab.broken(transport, begin(lab, transport))
    leftover = Leftover(url=shipment.target.url, session=shipment.session)

    for _ in range(2):  # the second time it is not known any more
        transport.abort(leftover)

    assert not any(upload.id in shipment.session.data["url"] for upload in server.uploads())


@pytest.mark.fault(56)
def test_an_upload_that_the_server_has_dropped_is_begun_anew(lab, server, way):
    _, transport = way(Rule(do=Close(), method="PATCH", at=1000))
    _, shipment = lab.broken(transport, begin(lab, transport))
    transport.abort(Leftover(url=shipment.target.url, session=shipment.session))

    lab.broken(transport, lab.again(transport, shipment, furthest=CHUNK), kind=SessionLost)
    lab.broken(transport, lab.again(transport, shipment, furthest=SIZE), kind=OutcomeUnknown)


@pytest.mark.fault(55)
def test_a_file_that_is_too_large_is_refused_before_anything_is_sent(lab, server, way):
    proxy, transport = way()

    lab.broken(transport, begin(lab, transport, 8 * 2**20 + 1), kind=TooLarge)

    assert proxy.body_bytes == 0


@pytest.mark.fault(4, 43)
def test_a_server_that_was_killed_in_the_middle_is_gone_on_with(lab, server, way):
    proxy, transport = way(Rule(do=Close(), method="PATCH", at=CHUNK // 2))
    _, shipment = lab.broken(transport, begin(lab, transport))
    server.kill()
    lab.broken(transport, lab.again(transport, shipment))
    server.open()
    after = lab.again(transport, shipment)

    transport.send(after)

    assert landed(server, after)
    assert sum(row.method == "POST" for row in proxy.requests) == 1


@pytest.mark.parametrize("server", [TusChecksums], ids=["TusChecksums"], indirect=True)
def test_the_digest_of_checked_chunks_is_enough_where_a_digest_is_demanded(lab, server, way):
    _, transport = way()
    shipment = begin(lab, transport, demand=Demand(verify="digest"))

    delivery = transport.send(shipment)

    assert (delivery.verified, delivery.digests) == ("part-digests", {"sha256": hashlib.sha256(shipment.path.read_bytes()).hexdigest()})
