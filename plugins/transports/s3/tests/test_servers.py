"""The same against servers that are not ours: what our own strict one promises has to be so."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from sendoff import Credential, CredentialNeeded, Secret, TargetExists, Transient
from sendoff.model.delivery import Demand

from plugins.transports.s3.tests.conftest import MIB
from tests.servers.proxy import CountingProxy
from tests.servers.s3 import ACCESS_KEY, BUCKET, SECRET_KEY, RcloneS3, Seaweed

pytestmark = pytest.mark.needs_server
LOGIN = Credential(username=ACCESS_KEY, secret=Secret(SECRET_KEY))
PART = 5 * MIB


@pytest.fixture(scope="module")
def seaweed(tmp_path_factory):
    with Seaweed(tmp_path_factory.mktemp("seaweed")) as server:
        yield server


@pytest.fixture(scope="module")
def rclone(tmp_path_factory):
    with RcloneS3(tmp_path_factory.mktemp("rclone")) as server:
        yield server


@pytest.fixture(params=["seaweed", "rclone"])
def server(request):
    return request.getfixturevalue(request.param)


def to(lab, server, url=None, *, login=LOGIN, **settings):
    return lab.transport(url or server.url, login, **{"part_size": PART, **settings})


@pytest.mark.parametrize("size", [0, 1, PART, PART + 1, 3 * PART])
@pytest.mark.fault(36)
def test_every_size_arrives(lab, server, size):
    transport = to(lab, server)
    shipment = lab.shipment(transport, size, name=f"size-{size}", lanes=3)

    delivery = transport.send(shipment)

    assert server.body(f"size-{size}") == shipment.path.read_bytes()
    assert delivery.verified == ("size" if isinstance(server, RcloneS3) else "server-digest")


@pytest.mark.fault(40)
@pytest.mark.parametrize("key", ["ünï cödé", "👩‍🚀", "a+b&c=d;e", "100%", "%41", "?#:@", "e\u0301 and é", "'\"<>&", "~$*(),!"])
def test_a_key_is_there_exactly_as_it_was_named(lab, seaweed, key):
    transport = to(lab, seaweed)
    shipment = lab.shipment(transport, 100, name=f"keys/{key}")

    transport.send(shipment)

    listed = [one["Key"] for one in seaweed.client().list_objects_v2(Bucket=BUCKET, Prefix="keys/").get("Contents", [])]
    assert f"keys/{key}" in listed
    assert seaweed.body(f"keys/{key}") == shipment.path.read_bytes()


def test_an_upload_that_broke_goes_on_where_it_was(lab, server):
    with CountingProxy("127.0.0.1", server.port, rate=20 * MIB) as proxy:
        transport = to(lab, server, f"http://127.0.0.1:{proxy.port}")
        shipment = lab.shipment(transport, 4 * PART, name="going on", lanes=2)
        with ThreadPoolExecutor(1) as pool:
            running = pool.submit(transport.send, shipment)
            proxy.wait_until(lambda rows: sum(row.received for row in rows) > 2.5 * PART)
            proxy.hang_up()
            with pytest.raises(Transient):
                running.result(30)
        before = proxy.body_bytes
        transport.send(lab.again(transport, shipment))

    assert server.body("going on") == shipment.path.read_bytes()
    assert proxy.body_bytes - before < 4 * PART
    assert proxy.body_bytes <= 4 * PART + 2 * PART + 10_000


def test_a_completion_whose_answer_is_lost_is_known_again(lab, seaweed):
    from sendoff.testing.receiver import Lost, Rule

    with CountingProxy("127.0.0.1", seaweed.port) as proxy:
        transport = to(lab, seaweed, f"http://127.0.0.1:{proxy.port}")
        shipment = lab.shipment(transport, 2 * PART, name="lost answer")
        shipment.on_read = lambda offset: proxy.add(Rule(do=Lost(), method="POST")) if offset == 0 and len(proxy.requests) == 1 else None
        with pytest.raises(Transient):
            transport.send(shipment)
        transport.send(lab.again(transport, shipment))
        created = [row for row in proxy.requests if row.method == "POST" and "uploads" in row.path]

    assert len(created) == 1
    assert seaweed.uploads() == []


def test_what_is_there_is_not_overwritten(lab, server):
    transport = to(lab, server)
    first, second = lab.shipment(transport, 100, name="there"), lab.shipment(transport, 100, name="there", demand=Demand(existing="fail"))
    transport.send(first)

    with pytest.raises(TargetExists):
        transport.send(second)

    assert server.body("there") == first.path.read_bytes()


def test_a_server_that_ignores_conditions_is_found_out(lab, server):
    transport = to(lab, server)

    transport.send(lab.shipment(transport, 100, name=f"new-{time.time_ns()}", demand=Demand(existing="fail")))

    assert lab.learned.get("if-none-match") is isinstance(server, Seaweed)


def test_a_wrong_secret_needs_a_person(lab, seaweed):
    transport = to(lab, seaweed, login=Credential(username=ACCESS_KEY, secret=Secret("wrong")))

    with pytest.raises(CredentialNeeded):
        transport.send(lab.shipment(transport, 10))


def test_reading_back_proves_it_everywhere(lab, server):
    transport = to(lab, server)
    shipment = lab.shipment(transport, PART + 1, name="read back", demand=Demand(verify="read-back"))

    assert transport.send(shipment).verified == "read-back"


def test_metadata_tags_and_type_arrive(lab, seaweed):
    transport = to(lab, seaweed, metadata={"project": "films"}, tags={"kind": "raw"}, part_size=PART)
    for size in (10, 2 * PART):
        shipment = lab.shipment(transport, size, name="described.html", headers=(("X-Amz-Meta-Who", "me"), ("Cache-Control", "no-store")))

        transport.send(shipment)

        held = seaweed.client().head_object(Bucket=BUCKET, Key="described.html")
        tags = seaweed.client().get_object_tagging(Bucket=BUCKET, Key="described.html")["TagSet"]
        assert {name: held["Metadata"].get(name) for name in ("project", "who")} == {"project": "films", "who": "me"}
        assert (held["ContentType"], held["CacheControl"]) == ("text/html", "no-store")
        assert tags == [{"Key": "kind", "Value": "raw"}]
