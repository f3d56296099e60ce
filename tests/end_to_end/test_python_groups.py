"""Groups: found by their name in any process, one after the other where they are serialized, and reordered."""

import subprocess
import sys
import time
import uuid

import pytest
import sendoff
from sendoff import TransferBehavior, TransferGroup, TransferPriority
from sendoff.testing.receiver import Answer, Delay, Receiver, Rule, Stall

from tests.end_to_end.stage import Stage

SOON = 60
PARALLEL, SERIALIZED = TransferBehavior.PARALLEL, TransferBehavior.SERIALIZED
HELD = [Rule(do=Stall(), at=0, path="/1", times=None)]  # whoever sends this one holds its slot until somebody stops it


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """One place and one host for all."""
    with Stage(tmp_path_factory.mktemp("groups")) as made:
        made.config.write_text('[retry]\nbackoff = ["0.05s", "0.1s"]\n')
        yield made


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received", script=HELD) as made:
        yield made


@pytest.fixture
def client(stage):
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        yield client
        for operation in client.find():
            if not operation.status.terminal:
                operation.cancel()
            operation.acknowledge()


@pytest.fixture
def group(client):
    """A group that no other test has."""
    return TransferGroup.create(f"group-{uuid.uuid4()}", client)


@pytest.fixture
def uploader(client, group):
    made = sendoff.BackgroundUploader(client)
    made.method, made.transfer_group = "PUT", group
    return made


def created(uploader, receiver, *names):
    """Uploads of a few bytes, created and not started."""
    return [uploader.create_upload(f"{receiver.url}{name}", str(name).encode()) for name in names]


def overlaps(requests):
    """How many requests were under way at once, at most."""
    turns = sorted([(one.began_at, 1) for one in requests] + [(one.answered_at, -1) for one in requests])
    now = most = 0
    for _, step in turns:
        now += step
        most = max(most, now)
    return most


def by(stage, code, *words):
    """What another process says."""
    done = subprocess.run([sys.executable, "-c", code, *words], env=stage.environment, capture_output=True, text=True, timeout=SOON)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parity("F67", "F68", "F135")
def test_a_group_is_its_name_and_creating_it_again_changes_nothing(client, group):
    group.behavior = SERIALIZED

    again = TransferGroup.create(group.name, client)

    assert (again == group, hash(again) == hash(group), again.name, again.behavior) == (True, True, group.name, SERIALIZED)
    assert TransferGroup.create("another", client) != group
    assert [(one.name, one.value) for one in TransferBehavior] == [("PARALLEL", 0), ("SERIALIZED", 1)]
    assert TransferGroup.create("another", client).behavior is PARALLEL
    with pytest.raises(AttributeError):
        group.name = "other"


@pytest.mark.parametrize("name", ["", "a|b", "x" * 129, None, 5])
def test_what_is_no_name_of_a_group_is_refused_where_it_is_said(uploader, name):
    with pytest.raises(sendoff.InvalidArgument, match="a group's name has 1 to 128 characters and no bar"):
        TransferGroup.create(name)
    if name is not None:
        with pytest.raises(sendoff.InvalidArgument, match="a group's name"):
            uploader.group = name
    with pytest.raises(sendoff.InvalidArgument, match="is a TransferBehavior"):
        uploader.transfer_group.behavior = name


@pytest.mark.parity("F15", "F16", "F17", "F55")
def test_an_operation_says_its_group_and_the_name_is_sugar_for_it(client, uploader, group, receiver):
    group.behavior = SERIALIZED
    (one,) = created(uploader, receiver, "a")
    uploader.group = "by-name"
    (two,) = created(uploader, receiver, "b")
    uploader.group = group.name
    (three,) = created(uploader, receiver, "c")
    uploader.transfer_group = None
    (four,) = created(uploader, receiver, "d")

    assert [one.transfer_group, two.transfer_group, three.transfer_group, four.transfer_group] == [group, TransferGroup.create("by-name"), group, None]
    assert [one.group, two.group, three.group, four.group, uploader.group] == [group.name, "by-name", group.name, None, None]
    assert (one.transfer_group.behavior, two.transfer_group.behavior) == (SERIALIZED, PARALLEL)
    for name in ("group", "transfer_group"):
        with pytest.raises(AttributeError):
            setattr(one, name, None)
    with pytest.raises(sendoff.InvalidArgument, match=r"TransferGroup.create\(name\) gives one"):
        uploader.transfer_group = "by-name"


LOOKED = """
import sys, sendoff
group = sendoff.TransferGroup.create(sys.argv[1])
print(group.behavior.name)
for operation in sendoff.BackgroundUploader().current_uploads_for_group(group):
    print(operation.id, operation.transfer_group == group)
"""


@pytest.mark.parity("F64", "F69", "F55")
def test_another_process_finds_a_group_and_its_behavior_after_the_hosts_death(stage, uploader, group, receiver):
    group.behavior = SERIALIZED
    operations = created(uploader, receiver, "a", "b")
    stage.kill_host()

    assert by(stage, LOOKED, group.name) == ["SERIALIZED", operations[0].id, "True", operations[1].id, "True"]
    group.behavior = PARALLEL
    stage.kill_host()
    assert by(stage, LOOKED, group.name)[0] == "PARALLEL"
    with pytest.raises(sendoff.InvalidArgument, match="is no TransferGroup"):
        uploader.current_uploads_for_group(group.name)


@pytest.mark.parity("F71")
@pytest.mark.parametrize("behavior", [PARALLEL, SERIALIZED])
def test_a_serialized_group_sends_one_at_a_time_wherever_it_goes_and_a_parallel_one_several(tmp_path, uploader, group, behavior):
    slow = [Rule(do=Delay(0.05), times=None)]
    with Receiver(tmp_path / "one", script=slow) as one, Receiver(tmp_path / "two", script=slow) as two:
        group.behavior = behavior
        operations = [operation for name in range(8) for operation in created(uploader, two if name % 3 else one, f"{name}")]
        for handle in [operation.start() for operation in operations]:
            handle.result(SOON)

        requests = sorted((*one.requests, *two.requests), key=lambda request: request.began_at)
        assert (overlaps(requests) == 1) is (behavior is SERIALIZED)
        if behavior is SERIALIZED:
            assert [request.path for request in requests] == [f"/{name}" for name in range(8)]


@pytest.mark.parity("F71")
def test_a_behavior_that_is_set_is_obeyed_at_once_by_what_waits(uploader, group, receiver):
    group.behavior = SERIALIZED
    first, second, third = created(uploader, receiver, 1, 2, 3)
    first.start()
    receiver.wait_for(request=1)
    handle = second.start()
    assert (second.refresh().reason, first.id in second._known["reason_text"]) == ("limit", True)

    group.behavior = PARALLEL
    handle.result(SOON)
    group.behavior = SERIALIZED
    last = third.start()
    assert (third.refresh().status.name, third.reason, first.refresh().status.name, len(receiver.requests)) == ("IDLE", "limit", "RUNNING", 2)

    first.cancel()
    last.result(SOON)


@pytest.mark.parity("F71", "F69")
def test_one_at_a_time_holds_over_the_hosts_death(stage, tmp_path, uploader, group):
    with Receiver(tmp_path / "slow", script=[Rule(do=Delay(0.05), times=None)]) as receiver:
        group.behavior = SERIALIZED
        operations = created(uploader, receiver, *range(8))
        handles = [operation.start() for operation in operations]
        receiver.wait_until(lambda rows: sum(row.over for row in rows) >= 2)
        stage.kill_host()
        for handle in handles:
            handle.result(SOON)

        whole = [request for request in receiver.requests if request.complete and request.answered_at is not None]
        assert overlaps(whole) == 1


@pytest.mark.parity("F59", "A15")
def test_a15_what_is_made_current_and_its_followers_go_next_and_what_runs_goes_on(uploader, group, receiver):
    group.behavior = SERIALIZED
    operations = created(uploader, receiver, 1, 2, 3, 4, 5)
    handles = [operation.start() for operation in operations]
    receiver.wait_for(request=1)

    operations[3].make_current_in_group()
    assert [operation.refresh().status.name for operation in operations] == ["RUNNING", "IDLE", "IDLE", "IDLE", "IDLE"]
    operations[0].cancel()
    for handle in handles[1:]:
        handle.result(SOON)

    assert [request.path for request in receiver.requests] == ["/1", "/4", "/5", "/2", "/3"]
    assert overlaps(receiver.requests[1:]) == 1
    assert [event.data for event in operations[3].events() if event.type == "changed"] == [{"moved": "current"}]


@pytest.mark.parity("F59")
def test_without_a_group_nothing_changes_and_nothing_is_wrong(uploader, receiver):
    uploader.group = None
    one, two = created(uploader, receiver, "a", "b")

    two.make_current_in_group()
    one.start().result(SOON)
    one.make_current_in_group()

    assert [event.type for event in two.events()] == ["created"]


@pytest.mark.parity("F59")
def test_what_has_ended_is_not_made_current(uploader, receiver):
    (one,) = created(uploader, receiver, "a")
    one.start().result(SOON)

    with pytest.raises(sendoff.InvalidState, match="only what waits has a place in a line"):
        one.make_current_in_group()


@pytest.mark.parity("F73")
def test_one_of_high_priority_goes_next_and_not_beside_unless_that_is_wanted(stage, uploader, group, receiver):
    group.behavior = SERIALIZED
    stage.kill_host()  # the next one counts its slots from the first: each eighth goes to whoever waited longest, whatever its priority
    operations = created(uploader, receiver, 1, 2, 3)
    _, second, _ = [operation.start() for operation in operations]
    receiver.wait_for(request=1)
    operations[2].priority = TransferPriority.HIGH
    assert operations[2].refresh().reason == "limit"
    operations[0].cancel()
    second.result(SOON)
    assert [request.path for request in receiver.requests] == ["/1", "/3", "/2"]

    stage.config.write_text("[limits]\nhigh_beside = true\n")
    stage.kill_host()
    try:
        operations = created(uploader, receiver, 1, 2, 4)
        operations[2].priority = TransferPriority.HIGH
        handles = [operation.start() for operation in operations[:2]]
        receiver.wait_for(request=4)
        operations[2].start().result(SOON)
        assert [operation.refresh().status.name for operation in operations] == ["RUNNING", "IDLE", "COMPLETED"]
        operations[0].cancel()
        handles[1].result(SOON)
    finally:
        stage.config.write_text('[retry]\nbackoff = ["0.05s", "0.1s"]\n')
        stage.kill_host()


COMPONENT = """
import sys, uuid, sendoff
url, other = sys.argv[1], sys.argv[2]
uploader = sendoff.BackgroundUploader()
uploader.transfer_group = sendoff.TransferGroup.create(f"component-{uuid.uuid4()}")
mine = uploader.create_upload(url, b"of a component")
assert uploader.current_uploads() == [], "what another component has queued is seen"
assert uploader.current_uploads_for_group(uploader.transfer_group) == [mine]
assert other not in [one.id for one in uploader.current_uploads(uploader.group)]
print(mine.id, uploader.group)
"""


@pytest.mark.parity("F65", "A19")
def test_a19_components_with_groups_of_their_own_do_not_see_each_others_uploads(stage, client, receiver):
    one, of_one = by(stage, COMPONENT, receiver.url + "a", "none")
    two, of_two = by(stage, COMPONENT, receiver.url + "b", one)

    third = sendoff.BackgroundUploader(client)
    assert third.current_uploads() == []
    assert [[operation.id for operation in third.current_uploads(name)] for name in (of_one, of_two)] == [[one], [two]]
    assert {operation.id for operation in client.find()} == {one, two}  # whoever asks for all of the app sees all of it
    for operation in third.current_uploads(of_one):
        operation.cancel()
    assert client.get(two).status is sendoff.TransferStatus.IDLE, "who cancels all of its own cancels nobody else's"


def test_one_that_fails_again_and_again_holds_up_nobody_of_its_group(tmp_path, uploader, group):
    with Receiver(tmp_path / "busy", script=[Rule(do=Answer(503), path="/1", times=None)]) as receiver:
        group.behavior = SERIALIZED
        failing, *others = created(uploader, receiver, 1, 2, 3)
        handle = failing.start()
        for operation in others:
            operation.start().result(SOON)
        with pytest.raises(sendoff.UploadFailed):
            handle.result(SOON)


@pytest.mark.parity("F70")
def test_hundreds_of_groups_are_created_and_all_of_them_work(stage, client, receiver):
    groups = [TransferGroup.create(f"of-hundreds-{number}", client) for number in range(250)]
    groups[-1].behavior = SERIALIZED
    in_groups(client, receiver, stage.file(100)[0], groups)

    uploader = sendoff.BackgroundUploader(client)
    for place in (0, -1):
        (operation,) = uploader.current_uploads_for_group(groups[place])
        assert (operation.status, operation.transfer_group) == (sendoff.TransferStatus.COMPLETED, groups[place])


@pytest.mark.campaign
@pytest.mark.parity("F70")
@pytest.mark.timeout(900)
def test_five_thousand_groups_of_one_small_file_each_are_not_much_slower_than_one(stage, client, receiver, say):
    path, _ = stage.file(100)
    spread = in_groups(client, receiver, path, [TransferGroup.create(f"of-thousands-{number}", client) for number in range(5000)])
    together = in_groups(client, receiver, path, [TransferGroup.create("of-all", client)] * 5000)

    say(f"5,000 small files: {5000 / spread:.0f} a second in 5,000 groups, {5000 / together:.0f} in one")
    assert spread < 5 * together


def in_groups(client, receiver, path, groups):
    """One upload in each; how many seconds it took until the receiver had all of them, the puts included."""
    before, began = len(receiver.requests), time.monotonic()
    names = [f"{uuid.uuid4()}" for _ in groups]
    batch = client.put_many((path, receiver.url + name, {"group": group.name}) for name, group in zip(names, groups, strict=True))
    receiver.wait_until(lambda rows: len(rows) >= before + len(groups), timeout=300)
    passed = time.monotonic() - began
    for operation in client.find(batch=batch.id, status="running", all=True):
        operation.wait(SOON)
    assert {row.path for row in receiver.requests[before:]} == {f"/{name}" for name in names}
    return passed
