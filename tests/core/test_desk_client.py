"""The seven verbs over the socket, against a host in this process."""

import os
import threading

import pytest
from sendoff.desk.client import DeskClient
from sendoff.desk.place import find_place
from sendoff.errors import ConfigurationError, HostUnavailable, InvalidArgument, InvalidState, JournalFull, OtherVersion, SendoffError, UnknownOperation
from sendoff.model.event import Event
from sendoff.model.operation import Request
from sendoff.model.progress import UploadProgress
from sendoff.model.query import Applied, Order, Query, Question, Selection
from sendoff.model.secret import Credential, Secret

from tests.core.desk_twin import BIG, running, wait_until

ENVIRONMENT = {"HOME": "/nowhere", "WHO": "me", "SENDOFF_LOG_LEVEL": "info"}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return find_place({}, state_dir=tmp_path_factory.mktemp("desk") / "state")


@pytest.fixture(scope="module")
def host(place):
    with running(place, ENVIRONMENT) as host:
        yield host


@pytest.fixture
def twin(host):
    host.work.__init__(folder=host.work.folder, config_file=host.work.config_file, environ=host.work.environ)
    return host.work


@pytest.fixture
def desk(place, twin):
    return DeskClient(place, environment={"PATH": "/bin", "TOKEN": "t"}, spawn=False)


def requests(count, size=100):
    return [Request(source=f"/srv/{number}", destination="https://h/", metadata={"pad": "x" * size}) for number in range(count)]


def test_each_request_is_answered_for_itself_in_order(desk, twin):
    asked = [Request(source="/a", destination="h:a", label="again"), Request(source="bad one"), Request(source="/c", destination="h:c", id="mine")]

    first, second, third = desk.create(asked)

    assert (first.id, first.url, first.existing) == ("op-1", "h:a", True)
    assert type(second) is InvalidArgument
    assert (second.message, second.hint, second.facts) == ("bad one: bad", "another", {"line": 7})
    assert (third.id, third.number) == ("mine", 2)
    assert [request for request, _ in twin.rows] == [asked[0], asked[2]]


def test_the_terms_of_a_create_arrive(desk, twin):
    assert [type(answer).__name__ for answer in desk.create([Request(source="bad"), Request(source="/a")], together=True)] == ["InvalidArgument", "Refused"]
    assert len(list(desk.create([Request(source="/a")], dry_run=True))) == 1
    assert twin.rows == []
    assert list(desk.create([])) == []
    list(desk.create([], environment={"WHO": "else"}))

    assert twin.environments == [{"PATH": "/bin", "TOKEN": "t"}] * 3 + [{"WHO": "else"}]


def test_requests_and_answers_stream_both_ways_at_once(desk, twin):
    """Far more than all buffers hold, in both directions; the first answers are here while the last requests are not yet made."""
    made = 0

    def many():
        nonlocal made
        for request in requests(12_000, 500):
            made += 1
            yield request

    answers = desk.create(many())
    first = next(answers)

    assert made < 12_000
    assert first.id == "op-1"
    assert [answer.number for answer in answers] == list(range(2, 12_001))
    assert len(twin.rows) == 12_000


def test_a_reader_who_stops_holds_the_host_back_and_hurts_nobody(desk, twin):
    answers = desk.create(iter(requests(50_000, 10)))
    next(answers)

    assert desk.page(Query()).items, "others are served meanwhile"
    assert len(twin.rows) < 50_000

    answers.close()
    wait_until(lambda: twin.sealed, "the end of the create that nobody reads")
    assert len(twin.rows) % 1000 == 0, "slices are whole"


def test_an_error_that_ends_a_create_is_raised_with_its_class_before_or_amid_the_answers(desk, twin):
    twin.refusal = JournalFull("no space on /x", path="/x")
    with pytest.raises(JournalFull) as error:
        list(desk.create(requests(1)))
    assert (error.value.message, error.value.facts, error.value.retryable) == ("no space on /x", {"path": "/x"}, True)

    twin.refusal = None
    answers = desk.create(iter(requests(20_000)))
    next(answers)
    twin.refusal = JournalFull()
    with pytest.raises(JournalFull):
        list(answers)


def test_an_error_of_the_callers_own_iterable_reaches_the_caller_and_leaves_whole_slices(desk, twin):
    def broken():
        yield from requests(2500, 500)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(desk.create(broken()))

    wait_until(lambda: twin.sealed, "the end of the broken create")
    assert len(twin.rows) in (0, 1000, 2000)


def test_an_order_arrives_and_its_outcome_comes_back(desk, twin):
    order, which = Order(verb="resume", details={"now": True}), Selection(ids=("op-1", "17"), group="g")

    assert desk.order(order, which) == Applied(count=1, ids=("op-1", "17"), skipped=(("op-9", "was paused already"),))
    assert twin.orders == [(order, which)]


def test_what_the_host_raises_is_raised_here_with_all_its_fields(desk):
    with pytest.raises(InvalidState) as error:
        desk.order(Order(verb="cancel"), Selection(all=True))
    assert (error.value.message, error.value.hint, error.value.facts) == ("it is completed", "nothing to do", {"status": "completed"})

    with pytest.raises(UnknownOperation) as unknown:
        list(desk.answer("op-2"))
    assert unknown.value.facts == {"candidates": ["op-1"]}

    with pytest.raises(SendoffError, match="ZeroDivisionError"):
        desk.ask(Question(what="explode"))
    assert desk.ask(Question(what="plugins"))["what"] == "plugins", "the host lives on"


def test_pages_go_on_where_the_last_ended(desk, twin):
    list(desk.create(requests(5)))

    first = desk.page(Query(), limit=3)
    second = desk.page(Query(), after=first.next, limit=3)

    assert [view["id"] for view in [*first.items, *second.items]] == [f"op-{number}" for number in range(1, 6)]
    assert second.next is None
    assert first.items[0]["label"] == "ünïcode"
    assert desk.page(Query(), limit=0).items == []


def test_a_query_too_long_for_an_address_arrives_whole(desk, twin):
    list(desk.create(requests(3)))
    ids = tuple(f"none-{number:040}" for number in range(10_000))

    assert [view["id"] for view in desk.page(Query(ids=(*ids, "op-2"))).items] == ["op-2"]


def test_events_are_followed_from_a_position_with_none_for_silence(desk, twin):
    for name in ("a", "b", "c"):
        twin.tell(name)

    news = desk.follow(Query(), after=1)
    assert next(news) is None, "connected"
    assert [next(news).seq for _ in range(2)] == [2, 3]
    assert next(news) is None
    twin.tell("d")
    event = next(one for one in news if one)
    assert event == Event(id="d", time=3, type="created", operation="d", data={"n": [1, None]}, seq=4)
    news.close()
    wait_until(lambda: not twin_followers(desk), "the end of following")


def twin_followers(desk):
    return [thread for thread in threading.enumerate() if thread.name == "sendoff-follow"]


def test_progress_is_pushed_beside_events(desk, twin):
    twin.progress = UploadProgress(operation="o", bytes_sent=5, total_bytes=9, rate=1.5)
    news = desk.follow(Query(), after=None, progress=True)

    assert [next(news), next(news)] == [None, twin.progress]
    news.close()


def test_from_now_on_means_from_when_the_first_none_came(desk, twin):
    twin.tell("before")
    news = desk.follow(Query(), after=None)
    assert next(news) is None
    twin.tell("after")

    assert next(one for one in news if one).id == "after"
    news.close()


def test_a_kept_answer_comes_from_its_offset(desk):
    assert b"".join(desk.answer("op-1")) == BIG
    assert b"".join(desk.answer("op-1", 123)) == BIG[123:]


def test_a_credential_is_kept_and_removed(desk, twin):
    desk.keep("file:media", Credential(kind="bearer", secret=Secret("s")))
    assert twin.credentials == {"file:media": Credential(kind="bearer", secret=Secret("s"))}

    desk.keep("file:media", None)
    assert twin.credentials == {}


def test_the_status_says_who_answers(desk, place):
    status = desk.ask(Question(what="status", details={"deep": True}))

    assert (status["pid"], status["state"], status["config"]) == (os.getpid(), place.state, place.config)
    assert status["interpreter"] and status["version"] and status["socket"] == place.socket
    assert status["uptime"] >= 0
    assert status["survives"] == {"shell": False, "logout": False, "reboot": False}
    assert status["details"] == {"deep": True}
    assert status["configuration_error"] is None


def test_many_callers_at_once_get_their_own_answers(desk, twin):
    failures = []

    def work(number):
        try:
            answers = list(desk.create([Request(source="/a", destination=f"h:{number}")]))
            assert [answer.url for answer in answers] == [f"h:{number}"]
            assert desk.ask(Question(what="sleep", details={"seconds": 0.05, "n": number}))["details"]["n"] == number
        except BaseException as error:  # noqa: BLE001 - told below, in the thread of the test
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(twin.rows) == 60


def test_without_a_host_and_without_leave_to_start_one_the_caller_is_told(tmp_path):
    desk = DeskClient(find_place({}, state_dir=tmp_path / "none"), environment={}, spawn=False)

    with pytest.raises(HostUnavailable, match="no host runs") as error:
        desk.page(Query())
    assert error.value.hint == "start one with: sendoff host start"
    assert desk.stop() is False
    assert not (tmp_path / "none").exists(), "looking leaves nothing behind"


def test_a_client_that_means_another_configuration_is_refused_with_both_paths(place, host, tmp_path):
    other = find_place({}, state_dir=place.state, config=tmp_path / "other.toml")
    with pytest.raises(ConfigurationError) as error:
        DeskClient(other, spawn=False).page(Query())
    assert str(tmp_path / "other.toml") in error.value.message
    assert place.config in error.value.message

    same = find_place({}, state_dir=place.state, config=place.config)
    assert DeskClient(same, spawn=False).page(Query()) is not None


def test_a_variable_that_only_the_host_can_honor_is_not_ignored(place, host):
    def desk(**variables):
        return DeskClient(place, environment=variables, spawn=False)

    with pytest.raises(ConfigurationError, match=r"SENDOFF_LIMITS__CONCURRENCY is set here, and the host .* runs without it"):
        desk(SENDOFF_LIMITS__CONCURRENCY="3").page(Query())
    with pytest.raises(ConfigurationError, match=r"SENDOFF_LOG_LEVEL .* with another value"):
        desk(SENDOFF_LOG_LEVEL="debug").page(Query())
    for harmless in ({"SENDOFF_LOG_LEVEL": "info"}, {}, {"SENDOFF_CONFIG": "x", "SENDOFF_NOTICE_ID": "1"}):
        assert desk(**harmless).page(Query()) is not None


@pytest.mark.fault(87)
def test_a_client_of_another_version_is_told_and_nothing_is_done(desk, twin, place, monkeypatch):
    monkeypatch.setattr("sendoff.desk.road.__version__", "0.0.1")
    for call in (lambda: desk.page(Query()), lambda: list(desk.create(requests(1))), lambda: list(desk.create(requests(3000)))):
        with pytest.raises(OtherVersion) as error:
            call()
        assert error.value.facts["pid"] == os.getpid()
    assert twin.rows == []
    assert twin.environments == []
    assert desk.ask(Question(what="status"))["pid"] == os.getpid(), "who runs may be asked in any version"


def test_as_many_as_like_follow_and_each_is_told_of_everything_once(place, twin):
    """80 of them, where the host keeps a stream open for fewer: the others ask again."""
    told = [[] for _ in range(80)]
    listening, over = threading.Semaphore(0), threading.Barrier(81)

    def follow(mine):
        for news in DeskClient(place, environment={}, spawn=False).follow_always(Query(), after=0):
            if news is None and not mine:
                listening.release()
            elif news is not None:
                mine.append(news.id)
                if len(mine) == 3:
                    break
        over.wait(60)

    for mine in told:
        threading.Thread(target=follow, args=(mine,), daemon=True).start()
    for _ in told:
        assert listening.acquire(timeout=60)
    for name in "abc":
        twin.tell(name)
    over.wait(60)

    assert told == [["a", "b", "c"]] * 80
    wait_until(lambda: not twin_followers(place), "the end of following")


def test_a_history_is_read_however_many_follow(place, desk, twin):
    wait_until(lambda: not twin_followers(desk), "the end of whoever followed before")
    twin.tell("a")
    followers = [desk.follow(Query(), after=None) for _ in range(64)]
    assert [next(news) for news in followers] == [None] * 64

    told = list(desk.follow(Query(), after=0))

    assert [getattr(news, "id", None) for news in told] == [None, "a", None]
    for news in followers:
        news.close()
    wait_until(lambda: not twin_followers(desk), "the end of following")
