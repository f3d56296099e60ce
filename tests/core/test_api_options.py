"""The options of ``sendoff.put``: those of the command line, under the same names, and plain words where one is wrong."""

import inspect
from datetime import timedelta

import pytest
import sendoff
from sendoff.api import averbs, functions, verbs
from sendoff.api.options import NAMES, fields_of
from sendoff.cli.commands import parser_of
from sendoff.model.operation import Request

# --header and --header-secret may be repeated, so a program gives several at once
SPELLED = {"header": "headers", "header_secret": "secret_headers", "meta": "metadata", "option": "options"}
# what a program says with its own code, or another call
OF_THE_COMMAND = {
    "recursive", "files_from", "zero", "base", "include", "exclude", "min_age", "follow", "dry_run", "wait", "here",
    "app", "state_dir", "config", "json", "quiet", "verbose", "help",
}  # fmt: skip
OF_A_PROGRAM = {"start"}


def of_the_command(command):
    return {action.dest: action for action in parser_of(command)._actions}


def test_put_has_the_options_of_the_command_line():
    given = {SPELLED.get(name, name) for name in of_the_command("put") if name not in OF_THE_COMMAND}

    assert given - set(NAMES) == set(), "options of the command that a program cannot use"
    assert set(NAMES) - given - OF_A_PROGRAM == set(), "options of a program that the command does not have"


def test_put_has_the_defaults_of_the_command_line():
    actions = {SPELLED.get(name, name): action.default for name, action in of_the_command("put").items()}
    blank = Request(**fields_of({}))

    assert (actions["priority"], actions["cost"]) == (blank.priority, blank.cost_policy)
    assert all(not actions[name] for name in NAMES if name in actions and name not in ("priority", "cost"))
    assert blank == Request()


def test_find_has_the_options_of_list():
    listed = {SPELLED.get(name, name) for name in of_the_command("list") if name not in OF_THE_COMMAND}

    assert listed == set(inspect.signature(verbs.Verbs.find).parameters) - {"self"}


@pytest.mark.parametrize("name", ["put", "put_many", "get", "find", "events"])
def test_the_functions_of_the_module_and_their_twins_take_what_a_client_takes(name):
    of_a_client = inspect.signature(getattr(verbs.Verbs, name)).parameters
    twins = [getattr(averbs.AwaitableVerbs, f"a{name}"), getattr(functions, name), getattr(functions, f"a{name}")]

    for twin in twins:
        assert {key: one.replace(annotation="") for key, one in inspect.signature(twin).parameters.items() if key != "self"} == {
            key: one.replace(annotation="") for key, one in of_a_client.items() if key != "self"
        }


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        ({"method": "POST"}, "method", "POST"),
        ({"headers": {"X-A": "1"}}, "headers", (("X-A", "1"),)),
        ({"headers": [("X-A", "1"), ("X-A", "2")]}, "headers", (("X-A", "1"), ("X-A", "2"))),
        ({"secret_headers": {"X-Key": sendoff.Secret("env:KEY")}}, "secret_headers", (("X-Key", "env:KEY"),)),
        ({"credential": "env:TOKEN"}, "credential", "env:TOKEN"),
        ({"priority": sendoff.TransferPriority.HIGH}, "priority", "high"),
        ({"cost": sendoff.CostPolicy.UNRESTRICTED_ONLY}, "cost_policy", "unrestricted-only"),
        ({"cost": "always"}, "cost_policy", "always"),
        ({"patience": "5m"}, "patience", 300_000_000),
        ({"patience": 1.5}, "patience", 1_500_000),
        ({"patience": timedelta(days=1)}, "patience", 86_400_000_000),
        ({"recoverable_errors": [sendoff.WebErrorStatus.GONE, 403, 422, "timeout"]}, "recoverable_errors", (7, 403, 410, 422)),
        ({"idempotency_key": True}, "idempotency_key", "Idempotency-Key"),
        ({"idempotency_key": "X-Once"}, "idempotency_key", "X-Once"),
        ({"existing": "fail", "options": {"verify": "size"}}, "options", {"verify": "size", "existing": "fail"}),
        ({"metadata": {"order": 42, "lines": [1, None]}}, "metadata", {"order": 42, "lines": [1, None]}),
        ({"label": None, "group": None}, "label", None),
    ],
)
def test_an_option_becomes_what_is_asked(options, field, value):
    assert getattr(Request(**fields_of(options)), field) == value


def test_a_digest_that_is_known_is_demanded():
    assert fields_of({"sha256": "ab" * 32})["demand"].expected_sha256 == "ab" * 32


def test_a_credential_itself_travels_as_one_and_stays_secret():
    me = sendoff.Credential(username="me", secret=sendoff.Secret("open sesame"))

    fields = fields_of({"credential": me, "secret_headers": {"X-A": "b"}})

    assert (fields["identities"], fields["secret_headers"]) == ({"server": me}, (("X-A", "b"),))
    assert "credential" not in fields
    assert "sesame" not in repr(fields["identities"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"metdata": {}}, "put() has no option 'metdata'; did you mean 'metadata'?"),
        ({"priority": "urgent"}, "priority='urgent': it is one of default, high, low"),
        ({"cost": 7}, "cost=7: it is one of default, unrestricted-only, always"),
        ({"patience": "soon"}, "'soon' is not a length of time; write 90, 90s, 5m, 12h or 3d"),
        ({"patience": -1}, "patience=-1: a length of time is not negative and not infinite"),
        ({"patience": True}, "patience=True: seconds, a text like '5m' or a timedelta is expected"),
        ({"headers": "X-A: b"}, "headers: a mapping, or pairs of name and value, is expected"),
        ({"secret_headers": {"X-Key": 5}}, "secret_headers: each is a name and a value, both text"),
        ({"metadata": {"when": timedelta(1)}}, "metadata: it cannot be written as JSON: timedelta is no JSON value"),
        ({"metadata": {1: 2}}, "metadata={1: 2}: a mapping with texts as keys is expected"),
        ({"retry_unsafe": "yes"}, "retry_unsafe='yes': True or False is expected"),
        ({"recoverable_errors": 403}, "recoverable_errors=403: several are expected, like [403, sendoff.WebErrorStatus.GONE]"),
        ({"recoverable_errors": [200]}, "200 is no error that can be listed; write an HTTP status like 403, or a name like server-unreachable"),
        ({"recoverable_errors": ["gnoe"]}, "'gnoe' is no error that can be listed; write an HTTP status like 403, or a name like server-unreachable"),
        ({"label": 5}, "label=5: a text is expected"),
        ({"label": "\ud800"}, "label: it cannot be written as UTF-8"),
        ({"credential": sendoff.Credential(username="me")}, "the credential has no secret"),
        ({"credential": sendoff.Credential(secret=sendoff.Secret("x"))}, "the credential has no user name"),
    ],
    ids=lambda value: "" if isinstance(value, str) else next(iter(value)),
)
def test_a_wrong_option_is_named_in_one_sentence(options, sentence):
    with pytest.raises(sendoff.InvalidArgument) as caught:
        fields_of(options)

    assert str(caught.value) == sentence
