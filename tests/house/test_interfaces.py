"""What programs, scripts and plugins build on is what was recorded; what breaks one of them is told in the changelog.

After a change: ``python -m tests.house.interfaces``.
"""

import json
import re
import shutil
import subprocess
import sys
from abc import ABC, abstractmethod

import pytest
import sendoff
from sendoff import __version__
from sendoff.cli import exits
from sendoff.cli.commands import COMMANDS
from sendoff.drivers import Drivers
from sendoff.testing.sink_contract import SinkContract
from sendoff.testing.world import ReceiverWorld

from tests.house.interfaces import records
from tests.house.interfaces.changes import Change, changes
from tests.house.interfaces.programs import pages
from tests.house.interfaces.records import COMMAND, DRAWN, ROOT, breaks_told, drawn, read, record, untold, untold_since_release

CHANGELOG = (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("interface", DRAWN)
def test_an_interface_is_what_was_recorded(interface):
    found = changes(read(interface).names, drawn(interface))

    assert untold(interface, found, CHANGELOG) == []
    assert [str(change) for change in found] == [], f"run: {COMMAND}"
    assert read(interface).version == __version__, f"run: {COMMAND}"


@pytest.mark.parametrize("interface", DRAWN)
def test_what_was_recorded_as_broken_is_told_in_the_changelog(interface):
    lacking = {version: {*names} - breaks_told(CHANGELOG, version) for version, names in read(interface).broken.items()}

    assert not any(lacking.values()), "a line of CHANGELOG.md below its version, that begins with `- Breaking:`, has the name in backquotes"


# -- what breaks somebody: real interfaces with one thing changed ------------------------------------------------------


def changed(interface, name, **facts):
    """The interface with other facts of one name; None takes a fact away."""
    names = dict(read(interface).names)
    names[name] = {key: value for key, value in {**names.get(name, {}), **facts}.items() if value is not None}
    return names


BREAKS = [
    ("face", "put(source)", {"type": "str"}),
    ("face", "put(source)", {"place": 1}),
    ("face", "put", {"gives": "UploadOperation | None"}),
    ("face", "put", {"is": "async function"}),
    ("face", "put(surprise)", {"type": "str", "needed": True}),
    ("face", "Client.find(all)", {"default": "True"}),
    ("face", "Client.find(all)", {"default": None, "needed": True}),
    ("face", "CostPolicy.ALWAYS", {"value": 7}),
    ("face", "UnknownOperation", {"bases": ["Exception", "SendoffError"]}),
    ("face", "BackgroundUploader.method", {"settable": False}),
    ("ports", "Sink.deliver(notice)", {"handed": "Notice | None"}),
    ("ports", "Sink.deliver(patience)", {"handed": "float"}),
    ("ports", "Sink.close", {"needed": True}),
    ("ports", "Sink.open", {"is": "method", "needed": True, "answers": "None"}),
    ("ports", "Network.look", {"answers": "Conditions | None"}),
    ("ports", "Shipment.size", {"gives": "int | None"}),
    ("hooks", "sendoff_completed(receipt)", {"told": "Receipt | None"}),
    ("commands", "sendoff put", {"needs": 3}),
    ("commands", "sendoff host", {"choices": ["start", "stop", "run"]}),
    ("commands", "sendoff put --recursive", {"also": []}),
    ("commands", "sendoff put --existing", {"choices": ["overwrite", "skip"]}),
    ("commands", "sendoff put --existing", {"default": "fail"}),
    ("commands", "sendoff put --group", {"choices": ["night", "day"]}),
    ("commands", "sendoff put --wait", {"takes": 1}),
    ("commands", "sendoff put --meta", {"repeats": None}),
    ("commands", "sendoff put --idempotency-key", {"alone": None}),
    ("commands", "exit FAILED", {"value": 8}),
    ("commands", "sendoff put", {"words": ["DESTINATION", "SOURCE..."]}),
    ("commands", "sendoff check", {"words": []}),
    ("commands", "sendoff show", {"words": ["ID"]}),
    ("commands", "sendoff put --group", {"needed": True}),
    ("commands", "sendoff wait --timeout", {"reads": ["7"]}),
    ("commands", "sendoff put --group", {"stands for": "night"}),
    ("face", "Batch.errors", {"is": "function"}),
    ("face", "TransferGroup.create", {"is": "function"}),
    ("face", "Client.__exit__(surprise)", {"type": "str", "needed": True}),
    ("settings", "limits.concurrency", {"ge": 100}),
    ("settings", "limits.concurrency", {"le": 100}),
    ("settings", "sinks.status.mode", {"pattern": "^[0-7]{4}$"}),
    ("testing", "sink_contract.SinkContract[received]", {"is": "function"}),
    ("testing", "sink_contract.SinkContract[surprise]", {"is": "fixture", "needed": True}),
    ("testing", "sink_contract.SinkContract[notice]", {"needed": True}),
    ("testing", "world.World.landed(surprise)", {"handed": "str"}),
    ("testing", "world.World.surprise", {"is": "method", "needed": True, "answers": "None"}),
    ("schema", "operation.number", {"shape": "string"}),
    ("schema", "operation.url", {"shape": "null | string"}),
    ("schema", "operation.url", {"always": False}),
    ("schema", "operation.status", {"choices": ["running"]}),
    ("schema", "operation.schema", {"value": 2}),
    ("schema", "time", {"pattern": "^.*$"}),
    ("settings", "limits.concurrency", {"default": "8"}),
    ("settings", "limits.concurrency", {"type": "str"}),
    ("settings", "limits.surprise", {"type": "int", "needed": True}),
    ("settings", "mode", {"choices": ["auto"]}),
    ("settings", "sinks.webhook.surprise", {"type": "int", "needed": True}),
    ("errors", "no_space", {"exit": 1}),
    ("errors", "no_space", {"retryable": True}),
    ("errors", "no_space", {"is": "DiskFull"}),
]


@pytest.mark.parametrize(("interface", "name", "facts"), BREAKS, ids=[f"{name}-{'-'.join(facts)}" for _, name, facts in BREAKS])
def test_a_break_is_found_and_must_be_told(interface, name, facts):
    found = changes(read(interface).names, changed(interface, name, **facts))

    assert {change.name for change in found if change.breaks} == {name}
    assert any(f"`{name}`" in sentence for sentence in untold(interface, found, "## 0.1.0\n", "0.1.0"))
    assert all("CHANGELOG" not in sentence for sentence in untold(interface, found, f"## 0.1.0\n\n- Breaking: `{name}` is another.\n", "0.1.0"))


ADDITIONS = [
    ("face", "put_all", {"is": "function", "gives": "Batch"}),
    ("face", "put(surprise)", {"type": "str | None", "default": "None"}),
    ("face", "put(source)", {"type": "UploadSource | int"}),
    ("face", "put(source)", {"needed": None, "default": "None"}),
    ("face", "CostPolicy.NEVER", {"value": 9}),
    ("ports", "Sink.flush", {"is": "method", "needed": False, "answers": "None"}),
    ("ports", "Sink.deliver", {"needed": False}),
    ("ports", "Signing.sign", {"is": "method", "needed": True, "answers": "bytes"}),
    ("hooks", "sendoff_completed(batch)", {"told": "str"}),
    ("commands", "sendoff put", {"needs": 1}),
    ("commands", "sendoff put", {"words": ["[SOURCE...]", "DESTINATION", "[WHEN]"]}),
    ("commands", "sendoff response", {"words": ["ID..."]}),
    ("settings", "limits.concurrency", {"ge": 0, "le": 10**6}),
    ("settings", "sinks.status.mode", {"pattern": None}),
    ("testing", "sink_contract.SinkContract[surprise]", {"is": "fixture", "needed": False}),
    ("testing", "surprise_contract.SurpriseContract[surprise]", {"is": "fixture", "needed": True}),
    ("variables", "SENDOFF_SURPRISE", {"is": "variable"}),
    ("answers", "sendoff plugins surprise", {"is": "key"}),
    ("commands", "sendoff put --surprise", {"takes": 0, "also": []}),
    ("commands", "sendoff put --existing", {"choices": ["overwrite", "skip", "fail", "rename"]}),
    ("commands", "sendoff put --existing", {"choices": None}),
    ("schema", "operation.surprise", {"shape": "string", "always": True}),
    ("settings", "limits.surprise", {"type": "int", "default": "1"}),
    ("settings", "surprises.NAME.use", {"type": "str", "needed": True}),
    ("settings", "limits.concurrency", {"type": "int | str"}),
    ("errors", "surprise", {"is": "Surprise", "retryable": False, "side": "local", "number": 0, "exit": 1}),
]


@pytest.mark.parametrize(("interface", "name", "facts"), ADDITIONS, ids=[f"{name}-{'-'.join(facts)}" for _, name, facts in ADDITIONS])
def test_what_grows_is_found_and_breaks_nobody(interface, name, facts):
    found = changes(read(interface).names, changed(interface, name, **facts))

    assert {change.name for change in found} == {name}
    assert untold(interface, found, "") == []


@pytest.mark.parametrize("interface", DRAWN)
def test_whatever_goes_breaks_somebody(interface):
    names = read(interface).names
    beside = {}  # what has the same beginning, and so may matter
    for name, facts in names.items():
        beside.setdefault(re.split(r"[(.[ ]", name)[0], {})[name] = facts
    unseen = []
    for near in beside.values():
        for gone in near:
            left = {name: facts for name, facts in near.items() if name != gone}
            unseen += [] if Change(gone, "is gone", True) in changes(near, left) else [gone]

    assert unseen == []


def test_of_what_goes_as_a_whole_only_the_whole_is_told():
    names = read("face").names

    found = changes(names, {name: facts for name, facts in names.items() if name.partition("(")[0].partition(".")[0] != "Batch"})

    assert found == [Change("Batch", "is gone", True)]


def test_who_breaks_the_json_gives_it_another_number():
    names = changed("schema", "operation.label", shape="string")
    told = "## 0.1.0\n\n- Breaking: `operation.label` is never null, `operation.schema` is 2.\n"

    assert "still the same number" in untold("schema", changes(read("schema").names, names), told, "0.1.0")[0]
    assert untold("schema", changes(read("schema").names, {**names, "operation.schema": {"value": 2}}), told, "0.1.0") == []


def test_only_a_line_below_the_version_that_is_made_tells_a_break():
    text = "# Changes\n\n## 0.2.0\n\n- Breaking: `a(b)` and `c`.\n- `d` is nicer.\n\n## 0.1.0\n\n- Breaking: `e`.\n"

    assert (breaks_told(text, "0.2.0"), breaks_told(text, "0.1.0"), breaks_told(text, "0.3.0")) == ({"a(b)", "c"}, {"e"}, set())


# -- what is drawn from the code, and written --------------------------------------------------------------------------


def test_a_command_an_option_and_an_exit_code_that_go_are_seen(monkeypatch):
    monkeypatch.setattr("sendoff.cli.receipt.arguments", lambda parser, _: parser.option("--surprise"))
    monkeypatch.setattr("sendoff.cli.response.arguments", lambda *_: None)
    monkeypatch.delitem(COMMANDS, "gc")
    monkeypatch.setattr(exits, "PERSON", 7)
    told = {change.name: change.breaks for change in changes(read("commands").names, drawn("commands"))}

    assert {name for name, breaks in told.items() if breaks} >= {"sendoff response --head", "sendoff gc", "exit PERSON"}
    assert told["sendoff receipt --surprise"] is False


@pytest.mark.parametrize(
    ("interface", "of", "name", "seen"),
    [
        ("face", sendoff.Client, "__enter__", "Client.__enter__"),
        ("face", sendoff.Client, "__exit__", "Client.__exit__"),
        ("face", sendoff.Batch, "__len__", "Batch.__len__"),
        ("face", sendoff.Batch, "__iter__", "Batch.__iter__"),
        ("testing", ReceiverWorld, "hang_up", "world.ReceiverWorld.hang_up"),
        ("testing", SinkContract, "notice", "sink_contract.SinkContract[notice]"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_class_does_no_more_is_seen(monkeypatch, interface, of, name, seen):
    monkeypatch.delattr(of, name)
    found = [change.name for change in changes(read(interface).names, drawn(interface)) if change.breaks]

    assert seen in [one.partition("(")[0] for one in found]


def test_an_attribute_that_is_set_by_another_name_is_seen(monkeypatch):
    def __init__(self, message="", *, hint=None, **facts):
        self.sentence, self.advice, self.facts = message, hint, facts

    monkeypatch.setattr(sendoff.SendoffError, "__init__", __init__)
    told = {change.name: change.breaks for change in changes(read("face").names, drawn("face"))}

    assert (told["SendoffError.message"], told["SendoffError.hint"], told["SendoffError.advice"]) == (True, True, False)


def test_a_method_that_is_called_on_one_from_now_on_is_seen(monkeypatch):
    def create(self, name: str) -> sendoff.TransferGroup: ...

    monkeypatch.setattr(sendoff.TransferGroup, "create", create)

    assert "TransferGroup.create" in {change.name for change in changes(read("face").names, drawn("face")) if change.breaks}


@pytest.mark.parametrize(
    ("command", "words"),
    [("put", "[options] DESTINATION SOURCE..."), ("put", "[options] SOURCE DESTINATION"), ("check", ""), ("trust", "[--forget] DESTINATION FINGERPRINT")],
)
def test_words_of_a_command_that_stand_otherwise_are_seen(monkeypatch, command, words):
    monkeypatch.setitem(COMMANDS, command, (COMMANDS[command][0], words, ""))

    assert [change.name for change in changes(read("commands").names, drawn("commands")) if change.breaks].count(f"sendoff {command}")


@pytest.mark.parametrize("facts", [{"type": int}, {"required": True}], ids=str)
def test_an_option_that_takes_less_or_must_be_given_is_seen(monkeypatch, facts):
    monkeypatch.setattr("sendoff.cli.response.arguments", lambda parser, _: parser.option("--timeout"))
    before = drawn("commands")
    monkeypatch.setattr("sendoff.cli.response.arguments", lambda parser, _: parser.option("--timeout", **facts))

    assert [change.name for change in changes(before, drawn("commands")) if change.breaks] == ["sendoff response --timeout"]


def test_a_key_of_an_answer_and_a_variable_that_go_are_seen(monkeypatch):
    rows = Drivers().describe()
    monkeypatch.setattr(Drivers, "describe", lambda _: [{"label" if key == "name" else key: value for key, value in row.items()} for row in rows])
    monkeypatch.delitem(pages().lookup.VARIABLES, "SENDOFF_APP")

    assert Change("sendoff plugins name", "is gone", True) in changes(read("answers").names, drawn("answers"))
    assert changes(read("variables").names, drawn("variables")) == [Change("SENDOFF_APP", "is gone", True)]


def test_a_parameter_with_another_name_is_seen(monkeypatch):
    def get_status(error: BaseException) -> sendoff.WebErrorStatus: ...

    monkeypatch.setattr(sendoff, "get_status", get_status)
    found = changes(read("face").names, drawn("face"))

    assert {change.name for change in found if change.breaks and "(" in change.name} == {"get_status(exception)", "get_status(error)"}


def test_a_method_that_authors_must_write_from_now_on_is_seen(monkeypatch):
    class Watching(sendoff.Watching, ABC):
        """As it is, and more."""

        __module__ = "sendoff.ports.network"

        @abstractmethod
        def unwatch(self) -> None: ...

    monkeypatch.setattr(sendoff, "Watching", Watching)
    found = changes(read("ports").names, drawn("ports"))

    assert Change("Watching.unwatch", "is new, and nothing goes without it", True) in found


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Records of the test's own; the interface of errors had one code more when they were made."""
    monkeypatch.setattr(records, "FOLDER", tmp_path / "recorded")
    monkeypatch.setattr(records, "DRAWN", {name: DRAWN[name] for name in ("errors", "hooks")})
    assert record("", new=["errors", "hooks"]) == []
    real = records.drawn
    monkeypatch.setattr(records, "drawn", lambda one: real(one) | ({"surprise": {"is": "Surprise"}} if one == "errors" else {}))
    assert record("") == []
    monkeypatch.setattr(records, "drawn", real)
    return tmp_path / "recorded"


def test_a_break_is_recorded_only_once_it_is_told(folder):
    before = (folder / "errors.json").read_text()

    assert record("")[0].startswith("`surprise` is gone: CHANGELOG.md")
    assert (folder / "errors.json").read_text() == before
    assert record(f"## {__version__}\n- Breaking: there is no `surprise` any more.\n") == []
    assert (read("errors").names, read("errors").broken) == (drawn("errors"), {__version__: ["surprise"]})


def test_what_has_not_changed_is_written_no_second_time(folder):
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    record(f"## {__version__}\n- Breaking: there is no `surprise` any more.\n")

    assert {path.name for path in folder.iterdir() if path.stat().st_mtime_ns != before[path.name]} == {"errors.json"}


def test_a_record_that_is_missing_is_no_empty_one(folder):
    (folder / "errors.json").unlink()

    with pytest.raises(FileNotFoundError, match="--new errors"):
        record("")
    assert not (folder / "errors.json").exists()
    assert record("", new=["errors"]) == [] and (folder / "errors.json").exists()


def git(root, *words):
    subprocess.run(["git", "-C", root, "-c", "user.name=n", "-c", "user.email=n@h.example", *words], check=True, capture_output=True)


def test_a_break_cannot_be_washed_away_by_a_new_record(tmp_path):
    """What the last tag holds is what counts, whatever was recorded since."""
    recorded = tmp_path / "tests" / "house" / "interfaces" / "recorded"
    recorded.mkdir(parents=True)
    older = {"interface": "errors", "version": "0.0.1", "broken": {}, "names": {**drawn("errors"), "surprise": {"is": "Surprise"}}}
    (recorded / "errors.json").write_text(json.dumps(older))
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "as it was")
    assert untold_since_release("errors", "", tmp_path) == [], "there is no tag"
    git(tmp_path, "tag", "v0.0.1")
    (recorded / "errors.json").write_text(json.dumps({**older, "names": drawn("errors")}))

    assert [one.partition(":")[0] for one in untold_since_release("errors", "", tmp_path)] == ["`surprise` is gone"]
    assert untold_since_release("errors", f"## {__version__}\n- Breaking: `surprise` is gone.\n", tmp_path) == []
    assert untold_since_release("hooks", "", tmp_path) == [], "it is newer than the tag"


@pytest.mark.parametrize("interface", DRAWN)
def test_what_broke_since_the_last_release_is_told(interface):
    assert untold_since_release(interface, CHANGELOG) == []


# -- as the page says --------------------------------------------------------------------------------------------------


def blocks_of(page, language):
    """What stands between the fences of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)


def test_the_command_of_the_page_records_what_was_added(tmp_path):
    (command,) = blocks_of("docs/explanation/interfaces.md", "sh")
    recorded = tmp_path / "tests" / "house" / "interfaces"
    shutil.copytree(ROOT / "tests" / "house" / "interfaces", recorded)
    for name in ("docs", "plugins", "CHANGELOG.md"):
        (tmp_path / name).symlink_to(ROOT / name)
    face = recorded / "recorded" / "face.json"
    whole = face.read_text()
    face.write_text("".join(line for line in whole.splitlines(keepends=True) if '"Options.label"' not in line))

    done = subprocess.run([sys.executable, *command.split()[1:]], cwd=tmp_path, capture_output=True, text=True, timeout=100)

    assert (done.returncode, done.stderr, command.strip()) == (0, "", COMMAND)
    assert face.read_text() == whole


def test_the_line_of_the_page_tells_a_break():
    (line,) = blocks_of("docs/explanation/interfaces.md", "markdown")

    assert "Options.label" in breaks_told(f"## 0.2.0\n\n{line}", "0.2.0")
