"""From a request to an operation: what is accepted, what is refused, and what goes before what."""

import threading

import pytest
from sendoff.errors import ConfigurationError, IdConflict, InvalidArgument, Refused, SendoffError, SourceMissing, UnsupportedScheme
from sendoff.model.operation import Request
from sendoff.model.query import Created

from tests.core.coming import HOST, request
from tests.core.owned import QUICK, Owned, eventually


def configured(tmp_path, text):
    return Owned(tmp_path, config=QUICK + text)


def refusal(owned, **more):
    """The error that refuses a request, which stores nothing."""
    (answer,) = owned.create(request(owned, **more))
    assert isinstance(answer, SendoffError), answer
    assert owned.records() == []
    return answer


# -- one target -------------------------------------------------------------------------------------------------------


class Meeting:
    """Transports stop at a point until the test lets them go on; who is there at once is seen."""

    def __init__(self, owned, point="body"):
        self.inside, self.most, self.order = set(), 0, []
        self._point, self._lock, self._go = point, threading.Lock(), threading.Event()
        owned.server.point = self.seen

    def seen(self, name, operation):
        if name == "connect":
            with self._lock:
                self.inside.add(operation)
                self.order.append(operation)
                self.most = max(self.most, len(self.inside))
        if name == self._point:
            self._go.wait(20)
        if name == "answer":
            with self._lock:
                self.inside.discard(operation)

    def end(self):
        self._go.set()


@pytest.mark.fault(67)
def test_two_puts_to_one_target_run_one_after_the_other_in_order_of_creation(owned):
    meeting = Meeting(owned)
    ids = [owned.put(owned.file(), f"{HOST}same", priority=priority, again=True) for priority in ("low", "default", "high", "default")]
    free = owned.put(owned.file(), f"{HOST}other")
    eventually(lambda: len(meeting.inside) == 2)
    assert set(meeting.order) == {ids[0], free}
    view = owned.view(ids[1])
    assert (view["status"], view["reason"]) == ("idle", "earlier_upload") and ids[0] in view["reason_text"]
    meeting.end()
    for id in ids:
        owned.done(id)
    assert [id for id in meeting.order if id != free] == ids


def test_one_address_in_another_spelling_is_the_same_target(owned, receiver):
    spellings = [f"{receiver.url}a", f"HTTP://127.0.0.1:{receiver.port}/a", f"{receiver.url}a#part"]
    assert len({owned.record(owned.put(owned.file(), one, start=False)).target for one in spellings}) == 1
    assert owned.record(owned.put(owned.file(), "https://A.example:443/x", start=False)).spec.url == "https://a.example/x"


def test_posts_make_new_things_and_wait_for_nobody(owned):
    meeting = Meeting(owned)
    ids = [owned.put(owned.file(), f"{HOST}same", method="POST") for _ in range(3)]
    eventually(lambda: len(meeting.inside) == 3)
    meeting.end()
    for id in ids:
        owned.done(id)
    assert len(owned.server.posted) == 3


def test_one_paused_by_a_person_is_passed_by_and_never_runs_beside_the_later_one(owned):
    meeting = Meeting(owned)
    first = owned.put(owned.file(), f"{HOST}same", start=False)
    owned.order("pause", first)
    later = owned.put(owned.file(), f"{HOST}same")
    eventually(lambda: meeting.order == [later])
    owned.order("resume", first)
    marker = owned.put(owned.file(), f"{HOST}other")  # given its slot after the resumed one could have been
    eventually(lambda: marker in meeting.order)
    meeting.end()
    owned.done(later)
    owned.done(first)
    assert meeting.order == [later, marker, first]


# -- ids --------------------------------------------------------------------------------------------------------------


def test_the_same_id_with_the_same_request_is_the_same_operation(owned):
    first, again = (owned.create(request(owned, id="mine"), start=False)[0] for _ in range(2))
    assert (first.existing, again.existing) == (False, True)
    assert (again.id, again.number, again.batch, again.url) == (first.id, first.number, first.batch, first.url)
    assert (len(owned.records()), owned.types("mine")) == (1, ["created"])


@pytest.mark.parametrize(
    ("other", "shown"),
    [
        ({"destination": f"{HOST}y"}, "it is PUT of {source} (1000 bytes) to plain://10.0.0.1/x, not PUT of {source} (1000 bytes) to plain://10.0.0.1/y"),
        ({"method": "POST"}, "it is PUT of {source} (1000 bytes) to plain://10.0.0.1/x, not POST of"),
        ({"headers": (("A", "1"),)}, "to plain://10.0.0.1/x with other headers"),
        ({"label": "l", "group": "g"}, "with other label and group"),
        ({"metadata": {"k": 1}}, "with other data"),
    ],
)
def test_the_same_id_with_another_request_shows_both(other, shown, owned):
    owned.create(request(owned, id="mine"), start=False)
    (answer,) = owned.create(request(owned, **{"id": "mine", **other}), start=False)
    assert isinstance(answer, IdConflict)
    assert answer.message.startswith("--id mine is taken: ") and shown.format(source=owned.file()) in answer.message
    assert len(owned.records()) == 1


@pytest.mark.parametrize("id", ["", "x" * 129, "a b", "a/b", "ä", "a\n", "../x"])
def test_an_id_that_is_none_is_refused(id, owned):
    assert isinstance(refusal(owned, id=id), InvalidArgument)


def test_who_asks_twice_at_the_same_moment_gets_one_operation(owned):
    start, answers = threading.Barrier(8), []

    def ask():
        start.wait(10)
        answers.extend(owned.create(request(owned, id="mine"), start=False))

    owned.file()
    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(one.existing for one in answers) == [False] + [True] * 7
    assert len(owned.records()) == 1


# -- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"priority": "urgent"}, "--priority 'urgent': choose from default, high, low"),
        ({"cost_policy": "never"}, "--cost 'never': choose from default, unrestricted-only, always"),
        ({"group": "a|b"}, "a group's name has 1 to 128 characters and no bar"),
        ({"group": ""}, "a group's name has 1 to 128 characters"),
        ({"method": "GET"}, "carries no file; use PUT or POST"),
        ({"method": "PUT\r\nX: y"}, "is not an HTTP method"),
        ({"if_changed": "maybe"}, "if_changed 'maybe': choose from fail, restart"),
        ({"destination": "session://10.0.0.1/x", "method": "PUT"}, "session has no methods"),
        ({"destination": "nowhere"}, "'nowhere' is not an address"),
        ({"destination": "nowhere:x"}, "there is no destination named 'nowhere'"),
        ({"destination": "http:/h/x"}, "'//' is missing after 'http:'"),
        ({"destination": "sftp:h"}, "'//' is missing after 'sftp:'"),
        ({"destination": "Session:h/x"}, "'//' is missing after 'Session:'"),
        ({"destination": "ftp:/h/x"}, "ftp:// is not supported"),
        ({"credential": "nobody:x"}, "nobody"),
        ({"credential": "nobody"}, "there is no credential 'nobody'"),
    ],
)
def test_a_word_that_means_nothing_is_named(asked, sentence, owned):
    error = refusal(owned, **asked)
    assert sentence in error.message
    assert isinstance(error, InvalidArgument | ConfigurationError) or "DriverMissing" in type(error).__name__


def test_group_priority_and_cost_make_the_lane(owned):
    owned.put(owned.file(), f"{HOST}x", start=False, group="g", priority="high", cost_policy="unrestricted-only")
    (record,) = owned.records()
    assert (record.group, record.lane) == ("g", "0|1|1|g|plain://10.0.0.1")


@pytest.mark.parametrize("source", ["relative.bin", "", "\0"])
def test_a_source_is_an_absolute_path(source, owned):
    (answer,) = owned.create(Request(source=source, destination=f"{HOST}x"))
    assert isinstance(answer, InvalidArgument | SourceMissing)


# -- policy and clear text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "destination", "error"),
    [
        ('allow_schemes = ["https", "plain"]', "plain://h.example/x", None),
        ('allow_schemes = ["https"]', "plain://h.example/x", UnsupportedScheme),
        ('allow_schemes = ["https"]', "HTTPS://h.example/x", None),
        ('allow_schemes = ["https"]', "d:x", UnsupportedScheme),
        ('allow_hosts = ["*.example"]', "https://a.EXAMPLE/x", None),
        ('allow_hosts = ["*.Example"]', "https://a.example:8443/x", None),
        ('allow_hosts = ["*.example"]', "https://example/x", Refused),
        ('allow_hosts = ["*.example"]', "https://a.example.evil/x", Refused),
        ('allow_hosts = ["*.example"]', "https://a.example@evil/x", Refused),
        ('allow_hosts = ["*.example"]', "d:x", Refused),
        ("allow_hosts = []", "https://a.example/x", Refused),
    ],
)
def test_the_policy_says_where_things_may_go(policy, destination, error, tmp_path):
    with configured(tmp_path, f'[policy]\n{policy}\n[destinations.d]\nurl = "plain://10.0.0.1/"\n') as owned:
        (answer,) = owned.create(request(owned, destination), start=False)
        assert isinstance(answer, error or Created), answer
        if error:
            assert "[policy] allow_" in answer.message


SECRETS = [
    {"headers": (("Authorization", "canary"),)},
    {"secret_headers": (("X-A", "canary"),)},
    {"secret_headers": (("X-A", "env:TOKEN"),)},
    {"credential": "env:TOKEN"},
    {"destination": "http://far.example/x?sig=canary"},
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_does_not_go_out_in_clear_text(secret, owned):
    error = refusal(owned, **{"destination": "http://far.example/x", **secret})
    assert error.message.startswith("a secret would go to http://far.example/x") and error.message.endswith("in clear text")
    assert "canary" not in error.message + error.hint and "cleartext = true" in error.hint


@pytest.mark.parametrize("secret", SECRETS[:-1])
@pytest.mark.parametrize("destination", ["http://localhost/x", "http://127.0.0.1/x", "http://[::1]/x", "https://far.example/x", "d:x"])
def test_a_secret_goes_to_this_machine_over_tls_or_where_the_file_allows_it(destination, secret, tmp_path):
    with configured(tmp_path, '[destinations.d]\nurl = "http://far.example/"\ncleartext = true\n') as owned:
        (answer,) = owned.create(request(owned, destination, **secret), start=False)
        assert isinstance(answer, Created)


# -- options ----------------------------------------------------------------------------------------------------------


def test_what_a_destination_demands_is_fixed_when_the_operation_is_created(tmp_path):
    with configured(tmp_path, '[destinations.d]\nurl = "https://far.example/"\nexisting = "fail"\nverify = "size"\n') as owned:
        owned.put(owned.file(), "d:x", start=False)
        (record,) = owned.records()
        assert (record.spec.demand.existing, record.spec.demand.verify) == ("fail", "size")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"stall_timeot": "5"}, "-o: unknown key 'stall_timeot'; did you mean 'stall_timeout'?"),
        ({"existng": "skip"}, "-o: unknown key 'existng'; did you mean 'existing'?"),
        ({"stall_timeout": "soon"}, "-o: 'stall_timeout'"),
        ({"existing": "maybe"}, "existing 'maybe': choose from overwrite, skip, fail"),
        ({"verify": "hard"}, "verify 'hard': choose from auto, size, digest, read-back"),
    ],
)
def test_an_option_that_the_destination_does_not_know_is_refused_when_it_is_asked(options, sentence, owned):
    assert sentence in refusal(owned, destination="https://far.example/x", options=options).message


def test_options_are_read_as_the_transport_reads_its_section_and_go_before_it(tmp_path):
    with configured(tmp_path, '[destinations.d]\nurl = "https://far.example/"\nexisting = "fail"\nverify = "size"\nmin_tls = "1.3"\n') as owned:
        owned.put(owned.file(), "d:x", start=False, options={"existing": "overwrite", "method": "post", "min_tls": "1.2", "stall_timeout": "90"})
        (record,) = owned.records()
        assert (record.spec.demand.existing, record.spec.demand.verify, record.spec.method) == ("overwrite", "size", "POST")
        with owned.owner._connections.lent(record) as transport:
            assert (transport.settings.min_tls, transport.settings.stall_timeout) == ("1.2", 90)


def test_whether_a_post_finds_something_there_is_not_asked(owned):
    error = refusal(owned, destination="https://far.example/x", method="POST", options={"existing": "skip"})
    assert "existing skip: a POST makes a new thing each time" in error.message
