"""Bad configurations, addresses, names and sizes: refused when handed over, in one sentence, with nothing stored."""

import json

import pytest
from sendoff.errors import ConfigurationError, InvalidArgument, SendoffError, UnsupportedScheme
from sendoff.model.operation import Request
from sendoff.model.query import Created
from sendoff.ports.transport import Transport
from sendoff.testing.receiver import Receiver

from tests.core.owned import QUICK, Owned, eventually
from tests.end_to_end.machine import Machine

D = '[destinations.d]\nurl = "https://far.example/in/"\n[destinations.m]\nurl = "session://10.0.0.1/in/"\nuse = "session"\n'


@pytest.fixture
def owned(tmp_path):
    with Owned(tmp_path, config=QUICK + D) as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One for all the rows of the tables: each leaves it empty."""
    with Owned(tmp_path_factory.mktemp("shared"), config=QUICK + D) as made:
        yield made


def refused(owned, **asked):
    """The error that refuses a request; nothing is stored."""
    (answer,) = owned.create(Request(**{"source": str(owned.file()), "destination": "plain://10.0.0.1/x", **asked}), start=False)
    assert isinstance(answer, SendoffError), answer
    assert "\n" not in answer.message and len(answer.message) < 20_000
    assert (owned.records(), owned.events()) == ([], [])
    return answer


# -- 81: a configuration that became invalid --------------------------------------------------------------------------

INVALID = {
    "[limits\n": "is not TOML",
    "[limits]\nconcurrencey = 2\n": "concurrency",
    '[limits]\nconcurrency = "many"\n': "concurrency",
    '[[sinks]]\nuse = "log"\n[[sinks]]\nuse = "log"\n': "two sinks named 'log'",
    '[destinations.d]\nurl = "ftp://h/"\n': "FTP",
    '[destinations.d]\nurl = "https://u:hunter2@h/"\n': "password",
}


@pytest.mark.fault(81)
@pytest.mark.parametrize("text", INVALID, ids=list(INVALID.values()))
def test_an_invalid_configuration_leaves_the_one_before_in_force(text, owned):
    before = owned.owner.configuration
    owned.config.write_text(text)

    with pytest.raises(ConfigurationError) as raised:
        owned.owner.reconfigure()

    assert INVALID[text] in raised.value.message and "hunter2" not in raised.value.message
    assert owned.owner.configuration is before
    owned.put(owned.file(), "d:x", start=False)
    owned.done(owned.put(owned.file(), "plain://10.0.0.1/x"))


@pytest.mark.fault(81)
def test_a_host_shows_what_is_wrong_and_goes_on_and_takes_the_corrected_one(tmp_path, receiver):
    machine = Machine(tmp_path)
    machine.config.write_text("[limits]\nconcurrency = 3\n")
    try:
        machine.run("host", "start")
        machine.config.write_text("[limits]\nconcurrencey = 5\n")
        error = eventually(lambda: machine.objects("host", "status")[0]["configuration_error"])
        assert (error["code"], "concurrencey" in error["message"]) == ("configuration_error", True)
        machine.put("--wait", machine.file(), receiver.url)
        machine.config.write_text("[limits]\nconcurrency = 7\n")
        eventually(lambda: machine.objects("host", "status")[0]["configuration_error"] is None)
        machine.put("--wait", machine.file(), receiver.url)
    finally:
        machine.run("host", "stop")
    assert len(receiver.requests) == 2


@pytest.mark.fault(81)
def test_a_new_configuration_breaks_no_upload_that_runs_nor_its_proof(tmp_path):
    (tmp_path / "slow").mkdir()
    with Receiver(tmp_path / "slow", rate=600 * 1024) as slow:
        config = f'{QUICK}[destinations.d]\nurl = "{slow.url}"\nverify = "read-back"\n'
        with Owned(tmp_path, config=config) as owned:
            id = owned.put(owned.file(content=b"x" * 300_000), "d:x")
            slow.wait_for(bytes=50_000)
            owned.config.write_text(config + "[limits]\nconcurrency = 2\n")
            owned.owner.reconfigure()
            assert owned.done(id)["receipt"]["verified"] == "read-back"
            assert owned.owner.configuration.limits.concurrency == 2
        assert [request.method for request in slow.requests] == ["PUT", "GET"]


# -- 82, 83: addresses and what stands in headers ---------------------------------------------------------------------

ADDRESSES = {
    "http://u:hunter2@h/x": "a password may not stand in an address",
    "http://u:@h/x": "a password may not stand in an address",
    "http:///x": "is not an absolute address",
    "http://": "is not an absolute address",
    "://h/x": "",
    "http://h:0/x": "port 0",
    "http://h:99999/x": "Port out of range",
    "http://h:eighty/x": "Port could not be cast",
    "http://[::1/x": "Invalid IPv6",
    "http://u:hunter2@[::1/x": "Invalid IPv6",
    "http://[::1/x?sig=hunter2": "Invalid IPv6",
    "http://h/a b": "write %20 for a blank",
    "http://h/a\r\nHost: evil": "control characters",
    "http://h/a\x00": "control characters",
    "http://h\\@evil/x": "backslashes",
    "http://h/%00": "NUL",
    "http://h/d/?sig=hunter2": "a folder's address cannot have a query",
    "h/x": "is not an address",
    "": "is not an address",
}


@pytest.mark.fault(82)
@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_that_cannot_be_used_is_refused(address, shared):
    error = refused(shared, destination=address)
    assert isinstance(error, InvalidArgument) and ADDRESSES[address] in error.message
    assert "hunter2" not in error.message + (error.hint or "")


@pytest.mark.fault(82)
@pytest.mark.parametrize(
    ("address", "regular"),
    [
        ("HTTPS://Far.Example:443/A/b", "https://far.example/A/b"),
        ("http://far.example:80/x#part", "http://far.example/x"),
        ("http://far.example:8080/x", "http://far.example:8080/x"),
        ("http://[::1]:80/x", "http://[::1]/x"),
        ("https://far.example/x;y=1,2!$&'()*+~", "https://far.example/x;y=1,2!$&'()*+~"),
        ("https://far.example/ä", "https://far.example/ä"),
        ("https://far.example/a%2Fb", "https://far.example/a%2Fb"),
        ("https://far.example", "https://far.example/a.bin"),
        ("https://far.example/x", "https://far.example/x"),
    ],
)
def test_an_address_has_one_spelling(address, regular, shared):
    (answer,) = shared.create(Request(source=str(shared.file()), destination=address), dry_run=True)
    assert answer.url == regular


@pytest.mark.fault(83)
@pytest.mark.parametrize("secret", [False, True])
@pytest.mark.parametrize("pair", [("A", "b\r\nEvil: yes"), ("A", "b\nEvil"), ("A", "\0"), ("A", "\x7f"), ("A\r\nB", "c"), ("A b", "c"), ("A:", "c"), ("", "c")])
def test_a_header_that_would_be_two_is_refused(pair, secret, shared):
    error = refused(shared, **{"secret_headers" if secret else "headers": (pair,)})
    assert isinstance(error, InvalidArgument) and "RFC 9110" in error.message


@pytest.mark.fault(83)
@pytest.mark.parametrize("asked", [{"idempotency_key": "A\r\nEvil"}, {"method": "PUT\r\nEvil"}, {"group": "a\nb"}, {"id": "a\nb"}, {"source": "/a\0b"}])
def test_control_characters_are_refused_wherever_they_could_do_harm(asked, shared):
    assert isinstance(refused(shared, **asked), InvalidArgument)


# -- 84: names that climb ---------------------------------------------------------------------------------------------

CLIMBING = [
    "..", "../x", "a/../../x", "a/..", ".", "./x", "/etc/passwd", "a//b", "a/", "%2e%2e/x", "%2E%2e%2Fx", "..%2fx", "a%2f..%2f..%2fx", "%252e%252e/x",
    "..\\x", "a\\..\\x", "x\0", "x%00",
]  # fmt: skip


@pytest.mark.fault(84)
@pytest.mark.parametrize("name", CLIMBING)
@pytest.mark.parametrize("destination", ["plain://10.0.0.1/in/", "https://far.example/in/", "d:", "m:", "d:sub/"])
def test_a_name_stays_below_its_destination(name, destination, shared):
    error = refused(shared, destination=destination, name=name)
    assert isinstance(error, InvalidArgument) and repr(name)[1:-1].split("\\")[0] in error.message


@pytest.mark.fault(84)
@pytest.mark.parametrize("path", [path for path in CLIMBING if path != "a/"])
@pytest.mark.parametrize("before", ["plain://10.0.0.1/in/", "https://far.example/in/", "d:", "m:"])
def test_an_address_does_not_climb_either(path, before, shared):
    if "://" in before and path in ("/etc/passwd", "a//b"):
        return  # two slashes in an address are an address
    assert isinstance(refused(shared, destination=before + path), InvalidArgument)


@pytest.mark.fault(84)
@pytest.mark.parametrize("name", ["a/b/c", "..a", "a..", "a/..b", "...", "x y", "ä", "100%", "%41", "~root"])
def test_a_name_that_only_looks_odd_lands_below_its_destination(name, owned, receiver):
    id = owned.put(owned.file(), f"{receiver.url}in/", name=name)
    owned.done(id)
    assert receiver.stored(receiver.requests[0].path) == b"x" * 1000
    assert receiver.requests[0].path.startswith("/in/")


# -- 85: schemes ------------------------------------------------------------------------------------------------------


class FtpTransport(Transport):
    """A stranger's attempt to bring FTP back."""

    schemes = ("ftp", "ftps", "ftpes", "tftp")
    methods = ()
    Settings = dict

    def send(self, shipment):
        raise AssertionError("FTP was used")


@pytest.mark.fault(85)
@pytest.mark.parametrize("scheme", ["ftp", "FTP", "ftps", "ftpes", "tftp", "Tftp"])
def test_ftp_is_refused_by_name_with_what_to_use_instead_and_no_plugin_brings_it_back(scheme, tmp_path):
    with Owned(tmp_path, own={("transports", "ftp"): (FtpTransport, dict)}) as owned:
        for address in (f"{scheme}://h/x", f"{scheme}://u:hunter2@h/x", f"{scheme}:x"):
            error = refused(owned, destination=address)
            assert isinstance(error, UnsupportedScheme)
            assert error.message.startswith(f"{scheme.lower()}:// is not supported: ") and "use sftp:// or https:// instead" in error.message


@pytest.mark.fault(85)
@pytest.mark.parametrize("scheme", ["gopher", "file", "javascript", "htp", "h2c"])
def test_a_scheme_that_nobody_serves_is_refused_and_the_served_ones_are_named(scheme, shared):
    error = refused(shared, destination=f"{scheme}://h/x")
    assert isinstance(error, UnsupportedScheme)
    assert f"{scheme}://" in error.message and "http://" in error.message


# -- 86: sizes and repetitions ----------------------------------------------------------------------------------------

LARGE = "x" * 70_000


def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.fault(86)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("destination", f"https://far.example/{LARGE}"), ("name", LARGE), ("source", f"/{LARGE}"), ("method", LARGE), ("credential", LARGE), ("id", LARGE),
        ("group", LARGE), ("priority", LARGE), ("label", LARGE), ("idempotency_key", LARGE), ("headers", (("A", LARGE),)),
        ("headers", tuple((f"A{number}", "x" * 100) for number in range(1000))), ("secret_headers", (("A", LARGE),)), ("metadata", {"a": LARGE}),
        ("metadata", {str(number): number for number in range(10_000)}), ("metadata", {"a": deep(100_000)}), ("metadata", {"a": deep(40)}),
        ("options", {"a": LARGE}), ("options", deep(50)), ("metadata", {"a": float("nan")}), ("metadata", {"a": float("inf")}), ("metadata", {"a": b"x"}),
        ("metadata", {1: 2}), ("metadata", {"a": {1, 2}}),
    ],
    ids=lambda value: str(type(value).__name__) if not isinstance(value, str) or len(value) > 50 else value,
)  # fmt: skip
def test_every_field_has_a_limit_and_stays_in_it(field, value, shared):
    assert isinstance(refused(shared, **{field: value}), InvalidArgument)


@pytest.mark.fault(86)
def test_what_is_within_the_limits_is_kept_whole(owned):
    metadata = {"deep": deep(20), "text": "x" * 15_000, "none": None, "number": 2**70, "ü": [1.5, True, {"k": ["\udcff", "\u2028"]}]}
    id = owned.put(owned.file(), "plain://10.0.0.1/x", metadata=metadata, label="l" * 1000, start=False)
    assert json.loads(json.dumps(owned.view(id)["metadata"])) == json.loads(json.dumps(metadata))


@pytest.mark.fault(86)
def test_one_id_is_one_upload_however_often_it_is_asked_for(owned):
    source = str(owned.file())
    answers = list(owned.owner.create((Request(source=source, destination="plain://10.0.0.1/x", id="mine") for _ in range(2500)), environment={}))
    assert all(isinstance(one, Created) for one in answers)
    assert [one.existing for one in answers] == [False] + [True] * 2499
    owned.done("mine")
    assert (len(owned.records()), owned.types("mine")) == (1, ["created", "completed"])


@pytest.mark.fault(86)
def test_a_bad_one_among_very_many_harms_none_of_them(owned):
    source = str(owned.file())

    def requests():
        for number in range(1500):
            yield Request(source=source, destination="plain://10.0.0.1/x" if number % 100 else "ftp://h/x", name=None, id=f"n{number}")

    answers = list(owned.owner.create(requests(), start=False, environment={}))
    assert sum(isinstance(one, UnsupportedScheme) for one in answers) == 15
    assert len(owned.records()) == 1485
