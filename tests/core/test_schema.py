"""The schema describes what is really shown: every field, in every state."""

import io
import json

import pytest
from jsonschema import Draft202012Validator
from sendoff.cli.events import as_json
from sendoff.cli.main import run
from sendoff.cli.schema import document
from sendoff.model.event import TYPES
from sendoff.testing.receiver import Answer, Receiver, Rule

from tests.core.owned import Owned

SCHEMA = document()


def of(name):
    return Draft202012Validator({**SCHEMA, "anyOf": [{"$ref": f"#/$defs/{name}"}]}, format_checker=Draft202012Validator.FORMAT_CHECKER)


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """Operations in many states and all their events, as they are shown."""
    folder = tmp_path_factory.mktemp("schema")
    script = [Rule(do=Answer(404, (("X-Why", "gone"),), b"not here"), path="/fails"), Rule(do=Answer(401), path="/secret", times=None)]
    with Receiver(folder / "received", script=script) as receiver, Owned(folder) as owned:
        file, url = owned.file(), receiver.url
        done = owned.put(file, f"{url}done", label="mine", metadata={"n": [1, None]}, group="g", headers=(("X-One", "1"),))
        failed, canceled, paused = owned.put(file, f"{url}fails"), owned.put(file, "http://127.0.0.1:9/c"), owned.put(file, "http://127.0.0.1:9/p")
        unreachable, asking, unstarted = owned.put(file, "http://127.0.0.1:9/u"), owned.put(file, f"{url}secret"), owned.put(file, f"{url}later", start=False)
        owned.done(done)
        owned.until(failed, "error")
        owned.order("cancel", canceled)
        owned.order("pause", paused)
        owned.until(paused, "paused_by_application")
        owned.until(unreachable, "running", reason="unreachable")
        owned.until(asking, "paused_recoverable")
        owned.order("acknowledge", done)
        owned.order("retry", canceled)
        views = {id: owned.view(id) for id in (done, failed, canceled, paused, unreachable, asking, unstarted)}
        assert {view["status"] for view in views.values()} >= {"completed", "error", "paused_by_application", "paused_recoverable", "idle"}
        assert views[done]["receipt"] and views[failed]["error"] and views[failed]["response"] and views[asking]["needs"]
        yield list(views.values()), [as_json(event) for event in owned.events()]


def test_the_schema_itself_is_one():
    Draft202012Validator.check_schema(SCHEMA)


def test_every_operation_fits_it(shown):
    for view in shown[0]:
        of("operation").validate(json.loads(json.dumps(view)))


def test_every_event_fits_it(shown):
    for event in shown[1]:
        of("event").validate(json.loads(json.dumps(event)))
    assert {event["type"] for event in shown[1]} >= {"created", "completed", "failed", "canceled", "retried", "paused", "acknowledged"}
    assert SCHEMA["$defs"]["event"]["properties"]["type"]["enum"] == list(TYPES)


def unknown(value, kind, place=""):
    """Fields of a real value that the schema does not name."""
    if "$ref" in kind:
        kind = SCHEMA["$defs"][kind["$ref"].rpartition("/")[2]]
    for one in kind.get("anyOf", ()):
        kind = {**kind, **(SCHEMA["$defs"][one["$ref"].rpartition("/")[2]] if "$ref" in one else one)} if one.get("type") != "null" else kind
    if isinstance(value, dict) and "properties" in kind:
        for name, inner in value.items():
            if name in kind["properties"]:
                yield from unknown(inner, kind["properties"][name], f"{place}.{name}")
            else:
                yield f"{place}.{name}"


def test_no_field_is_shown_that_it_does_not_name(shown):
    assert [] == sorted({found for view in shown[0] for found in unknown(view, SCHEMA["$defs"]["operation"])})
    assert [] == sorted({found for event in shown[1] for found in unknown(event, SCHEMA["$defs"]["event"])})


@pytest.mark.parametrize(
    "broken", [{"status": "done"}, {"number": "17"}, {"created_at": "yesterday"}, {"progress": {}}, {"needs": {}}, {"reason": "because"}, {"schema": 2}]
)
def test_it_notices_what_is_wrong(broken, shown):
    assert not of("operation").is_valid(shown[0][0] | broken)


def test_it_is_printed_without_a_host():
    results = io.StringIO()
    nowhere = lambda *_: pytest.fail("no host is needed")  # noqa: E731
    assert run(["schema"], results, io.StringIO(), nowhere, nowhere) == 0
    assert json.loads(results.getvalue()) == SCHEMA
    one_line = io.StringIO()
    assert run(["schema", "--json"], one_line, io.StringIO(), nowhere, nowhere) == 0
    assert (json.loads(one_line.getvalue()), one_line.getvalue().count("\n")) == (SCHEMA, 1)
