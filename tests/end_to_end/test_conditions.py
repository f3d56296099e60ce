"""What the network and the machine allow: held at once, at no cost in tries, and gone on with by itself."""

from contextlib import suppress

import pytest
import sendoff
from sendoff.testing.fake_network import become
from sendoff.testing.receiver import Receiver

from tests.core.owned import eventually
from tests.end_to_end.stage import MIB, PACE, Stage

SIZE = 24 * MIB
SOON = 60
FAR = "http://far.example/"  # behind a proxy on this machine: what is local needs no network
SEEN = "the network is another"
STATUS = sendoff.TransferStatus


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One place and one host for all, whose network is what a test says, and which sends one upload at a time."""
    with Stage(tmp_path_factory.mktemp("conditions")) as made:
        made.install("fakenet", "sendoff.networks", "fake = sendoff.testing.fake_network:FakeNetwork", "")
        network = f'[network]\nuse = "fake"\nsettle = "0s"\nfile = "{made.folder / "network"}"\n'
        made.config.write_text(f'{network}[retry]\nbackoff = ["0.05s", "0.1s"]\n[limits]\nconcurrency = 1\n')
        host = made.own_host()
        made.network = None  # as it was told last
        yield made
        made.kill_host()
        host.wait()


@pytest.fixture
def network(stage):
    """Says how the network is from now on, and waits until the host has seen it; it begins, and ends, without a fault."""

    def network(**conditions):
        wanted = {"online": True, "metered": False, "power": True, **conditions}
        seen, same = stage.log().count(SEEN), stage.network == wanted
        become(stage.folder / "network", **wanted)
        eventually(lambda: same or stage.log().count(SEEN) > seen, "the host sees it")
        stage.network = wanted

    network()
    yield network
    network()


@pytest.fixture
def receiver(tmp_path, stage, monkeypatch):
    """Everything far goes through here."""
    with Receiver(tmp_path / "received", rate=PACE) as made:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{made.port}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{made.port}")
        stage.environment |= {"HTTP_PROXY": f"http://127.0.0.1:{made.port}", "http_proxy": f"http://127.0.0.1:{made.port}"}
        yield made


@pytest.fixture
def client(stage, receiver, network):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as made:
        yield made
        network()
        for operation in made.find():
            operation.cancel()
            with suppress(sendoff.SendoffError):
                operation.wait(SOON)
        for operation in made.find():
            operation.acknowledge()


def paths(receiver):
    """What was received whole, in the order in which it was."""
    return [request.path for request in receiver.requests if request.complete]


@pytest.mark.parity("A17", "F121", "F148", "F129", "F57")
def test_a17_the_cable_is_pulled_in_mid_transfer_and_no_try_is_spent(client, stage, receiver, network):
    path, digest = stage.file(SIZE)
    told = []
    operation = client.put(path, f"{FAR}a", patience=0, headers={"X-Ticket": "old"})
    handle = operation.attach(told.append)
    receiver.wait_for(bytes=MIB)

    network(online=False)
    stage.until(operation.id, status="paused_no_network", reason="offline")
    receiver.wait_for(over=True)
    assert (operation.refresh().status, operation.progress.attempt, operation.error) == (STATUS.PAUSED_NO_NETWORK, 1, None)
    operation.set_request_header("X-Ticket", "new")
    network()

    assert handle.result(SOON).receipt.size == SIZE
    before, after = receiver.requests
    assert (before.complete, before.header("X-Ticket")) == (False, "old")
    assert (after.sha256, after.header("X-Ticket")) == (digest, "new")
    assert any(progress.has_restarted for progress in told)
    assert "attempt_failed" not in [event.type for event in operation.events()]


@pytest.mark.parity("F121", "F129", "F148", "F152")
def test_what_is_put_while_offline_goes_out_by_itself_when_the_network_is_back(client, stage, receiver, network):
    network(online=False)
    path, _ = stage.file(1000)
    (id,) = stage.put(path, f"{FAR}a", "--patience", "0")

    view = stage.until(id, status="paused_no_network")
    assert (view["reason"], view["progress"]["attempt"], view["needs"], receiver.requests) == ("offline", 0, None, ())
    network()

    assert stage.until(id, status="completed")["progress"]["attempt"] == 1


@pytest.mark.parity("A18", "F120", "F129")
def test_a18_what_may_only_go_where_it_is_free_waits_for_such_a_network(client, stage, receiver, network):
    path, digest = stage.file(SIZE)
    operation = client.put(path, f"{FAR}a", patience=0, cost=sendoff.CostPolicy.UNRESTRICTED_ONLY)
    receiver.wait_for(bytes=MIB)

    network(metered=True)
    stage.until(operation.id, status="paused_costed_network", reason="metered")
    receiver.wait_for(over=True)
    other = client.put(b"it may", f"{FAR}b").wait(SOON)
    assert (operation.refresh().status, operation.progress.attempt) == (STATUS.PAUSED_COSTED_NETWORK, 1)
    network()

    assert operation.wait(SOON).receipt.size == SIZE
    assert paths(receiver) == [other.requested_url, operation.requested_url]
    assert receiver.requests[-1].sha256 == digest


FREE, METERED, NEAR, ROAMING, OVER = {}, {"metered": True}, {"approaching_limit": True}, {"roaming": True}, {"over_limit": True, "restricted": True}
POLICIES = ("unrestricted-only", "default", "always")


@pytest.mark.parity("F128", "F129")
@pytest.mark.parametrize(
    ("now", "held"),
    [
        (FREE, {}),
        (METERED, {0: "metered"}),
        (NEAR, {0: "over_limit", 1: "over_limit"}),
        (ROAMING, {0: "roaming", 1: "roaming"}),
        (OVER, dict.fromkeys(range(3), "over_limit")),
    ],
    ids=["free", "metered", "near-its-limit", "roaming", "over-its-limit"],
)
def test_what_may_be_sent_on_which_network(client, stage, receiver, network, now, held):
    network(online=False)
    operations = [client.put(b"x", f"{FAR}{place}", cost=policy) for place, policy in enumerate(POLICIES)]
    for operation in operations:
        stage.until(operation.id, status="paused_no_network")

    network(**now)

    for place, operation in enumerate(operations):
        if place in held:
            stage.until(operation.id, status="paused_costed_network", reason=held[place])
        else:
            operation.wait(SOON)
    network()
    for operation in operations:
        assert "attempt_failed" not in [event.type for event in operation.wait(SOON).events()]
    assert sorted(paths(receiver)) == [operation.requested_url for operation in operations]


@pytest.mark.parity("F52")
def test_another_cost_policy_stops_what_runs_and_lets_it_go_on(client, stage, receiver, network):
    network(metered=True)
    path, digest = stage.file(SIZE)
    operation = client.put(path, f"{FAR}a", patience=0)
    receiver.wait_for(bytes=MIB)

    operation.cost_policy = sendoff.CostPolicy.UNRESTRICTED_ONLY
    stage.until(operation.id, status="paused_costed_network", reason="metered")
    receiver.wait_for(over=True)
    assert (operation.refresh().status, operation.progress.attempt) == (STATUS.PAUSED_COSTED_NETWORK, 1)
    operation.cost_policy = sendoff.CostPolicy.ALWAYS

    receiver.wait_until(lambda rows: len(rows) == 2 and rows[1].received > 0)
    assert operation.refresh().status is STATUS.RUNNING
    assert operation.wait(SOON).receipt.size == SIZE
    assert receiver.requests[-1].sha256 == digest


@pytest.mark.parity("F52")
def test_a_cost_policy_that_was_set_while_it_ran_holds_when_the_network_changes(client, stage, receiver, network):
    path, _ = stage.file(SIZE)
    operation = client.put(path, f"{FAR}a", cost="unrestricted-only")
    receiver.wait_for(bytes=MIB)

    operation.cost_policy = sendoff.CostPolicy.ALWAYS
    network(metered=True, roaming=True)

    assert (operation.wait(SOON).progress.attempt, len(receiver.requests)) == (1, 1)


@pytest.mark.parity("F124", "F153")
def test_while_power_is_to_be_saved_only_what_always_may_is_sent(client, stage, receiver, network):
    network(power=False)
    held = client.put(b"it waits", f"{FAR}a")

    stage.until(held.id, status="paused_system_policy", reason="power")
    always = client.put(b"it may", f"{FAR}b", cost="always").wait(SOON)
    assert held.refresh().status is STATUS.PAUSED_SYSTEM_POLICY
    assert "saves power" in stage.view(held.id)["reason_text"]
    network()

    held.wait(SOON)
    assert paths(receiver) == [always.requested_url, held.requested_url]


@pytest.mark.parity("F53")
def test_another_priority_puts_what_waits_into_another_order(client, stage, receiver, network):
    network(online=False)
    first, second, third = (client.put(b"x", f"{FAR}{number}") for number in range(3))
    stage.until(first.id, status="paused_no_network")

    first.priority, third.priority = sendoff.TransferPriority.LOW, sendoff.TransferPriority.HIGH
    network()

    for operation in (first, second, third):
        operation.wait(SOON)
    assert paths(receiver) == [one.requested_url for one in (third, second, first)]


@pytest.mark.parity("F53")
def test_another_priority_of_what_runs_holds_when_it_is_its_turn_again(client, stage, receiver, network):
    path, _ = stage.file(SIZE)
    large, other = client.put(path, f"{FAR}large"), client.put(b"x", f"{FAR}other")
    receiver.wait_for(bytes=MIB)

    large.priority = sendoff.TransferPriority.LOW
    network(online=False)
    stage.until(large.id, status="paused_no_network")
    network()

    for operation in (large, other):
        operation.wait(SOON)
    assert paths(receiver) == [other.requested_url, large.requested_url]


@pytest.mark.parity("F154", "F155")
def test_where_it_does_not_what_was_asked_for_pauses_as_before(client, stage, receiver, network):
    network(power=False)
    operation = client.put(b"it waits", f"{FAR}a")
    stage.until(operation.id, status="paused_system_policy", reason="power")

    result = sendoff.BackgroundUploader.request_unconstrained([operation])
    assert isinstance(result, sendoff.UnconstrainedResult) and not result.is_unconstrained
    assert operation.refresh().status is STATUS.PAUSED_SYSTEM_POLICY and not stage.view(operation.id)["unconstrained"]
    network()
    operation.wait(SOON)


@pytest.mark.parity("F154", "F155", "F124")
def test_where_the_policy_consents_what_was_asked_for_ignores_power_saving_and_nothing_else(client, stage, receiver, network):
    with stage.config.open("a") as config:
        config.write("[policy]\nunconstrained = true\n")
    network(power=False)
    asked, other = client.put(b"it was asked for", f"{FAR}a"), client.put(b"it was not", f"{FAR}b")
    stage.until(asked.id, status="paused_system_policy", reason="power")
    behind = stage.view(other.id)
    assert (behind["reason"], behind["reason_text"]) in (("queued", "the machine saves power"), ("power", "the machine saves power"))

    eventually(lambda: sendoff.BackgroundUploader.request_unconstrained([asked]).is_unconstrained)  # the file is read again within a second
    assert asked.wait(SOON).receipt.size == 16 and stage.view(asked.id)["unconstrained"]
    stage.until(other.id, status="paused_system_policy", reason="power")

    network(power=False, online=False)
    assert sendoff.BackgroundUploader.request_unconstrained([other]).is_unconstrained
    stage.until(other.id, status="paused_no_network", reason="offline")
    network(power=False)
    other.wait(SOON)
    assert paths(receiver) == [asked.requested_url, other.requested_url]
