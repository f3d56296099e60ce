"""How the words of a command line are read and how results are written."""

import io
import json
import os
import re
from pathlib import Path

import pytest
from sendoff import __version__
from sendoff.cli import commands, exits, headers
from sendoff.cli.main import run
from sendoff.cli.nested import flat
from sendoff.cli.output import Output
from sendoff.cli.parser import split
from sendoff.cli.put.refusals import Refusals
from sendoff.cli.put.requests import asking
from sendoff.cli.put.sources import Sources, check_words
from sendoff.cli.text import aligned, clean
from sendoff.errors import CredentialNeeded, InvalidArgument, SendoffError, SourceUnsuitable, UnknownOperation, classes

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "commands.md"


def told(*words):
    """Exit code, standard output and standard error of a command that needs no desk."""
    results, notes = io.StringIO(), io.StringIO()
    code = run(words, results, notes, lambda options: pytest.fail("no place is needed"), lambda place, spawn: pytest.fail("no desk is needed"))
    return code, results.getvalue(), notes.getvalue()


def read(*words):
    return commands.parser_of(words[0]).read(words[1:])


def asked(*words):
    options = read("put", *words)
    *sources, destination = options.words
    check_words(options, sources, destination)
    refusals = Refusals()
    found = Sources(options, sources, destination, refusals).found()
    if refusals:
        raise refusals.error()
    return [*map(asking(options, destination), found)]


def names(text, option):
    """Whether a page has it in backquotes: it, and no longer one."""
    return re.search(rf"`{option}(?![a-z0-9-])", text) is not None


def test_an_option_is_not_named_by_a_longer_one():
    assert (names("`--timeout`", "--time"), names("`--time-zone Z`", "--time"), names("`--time T`", "--time"), names("`--time=T`", "--time")) == (
        False,
        False,
        True,
        True,
    )


@pytest.mark.parametrize("command", commands.COMMANDS)
def test_the_reference_names_every_command_and_each_of_its_options(command):
    page = PAGE.read_text()
    section = re.split(rf"^## `{command}\b.*$", page, flags=re.MULTILINE)[1:]
    everywhere = {"--help", "--app", "--state-dir", "--config", "--json", "--quiet", "--verbose"}
    assert section, f"commands.md has no section for {command}"
    text = section[0].partition("\n## ")[0]
    assert [] == [option for option in commands.parser_of(command).options() if option not in everywhere and not names(text, option)]
    assert all(names(page, option) for option in everywhere)


def test_the_reference_names_no_option_that_does_not_exist():
    known = {option for command in commands.COMMANDS for option in commands.parser_of(command).options()} | {"--version"}
    assert set(re.findall(r"`(--[a-z0-9-]+)", PAGE.read_text())) <= known


@pytest.mark.parametrize(
    ("words", "command", "rest"),
    [
        (["list", "--all"], "list", ["--all"]),
        (["--app", "list", "show", "7"], "show", ["--app", "list", "7"]),
        (["--app=x", "-q", "list"], "list", ["--app=x", "-q"]),
        (["--json"], None, ["--json"]),
        ([], None, []),
    ],
)
def test_global_options_may_stand_before_the_command(words, command, rest):
    assert split(words) == (command, rest)


def test_global_options_may_stand_after_the_command_too():
    options = read("list", "--state-dir", "/s", "--json", "--app", "x")
    assert (options.state_dir, options.json, options.app) == ("/s", True, "x")


def test_words_and_options_may_be_mixed_and_all_after_two_dashes_is_a_word():
    options = read("put", "a", "--method", "PUT", "b", "--wait", "--", "--c", "-d")
    assert (options.words, options.method, options.wait) == (["a", "b", "--c", "-d"], "PUT", True)


def test_an_option_whose_value_may_be_left_out_swallows_no_file():
    assert asked("--idempotency-key", "/a", "https://h/a")[0].idempotency_key == "Idempotency-Key"
    assert asked("--idempotency-key=X-Once", "/a", "https://h/a")[0].idempotency_key == "X-Once"
    assert asked("/a", "https://h/a")[0].idempotency_key is None


def test_version_and_help_are_results():
    assert told("--version") == (0, f"sendoff {__version__}\n", "")
    assert json.loads(told("--version", "--json")[1]) == {"version": __version__}
    code, text, notes = told("--help")
    assert (code, notes) == (0, "")
    assert all(command in text for command in commands.COMMANDS)


def test_every_command_explains_itself(capsys):
    for command in commands.COMMANDS:
        assert told(command, "--help")[0] == 0
        assert f"usage: sendoff {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["lst"], "did you mean sendoff list?"),
        (["attach"], "there is no command 'attach'"),
        (["list", "--stat", "error"], "did you mean --status?"),
        (["--bogus"], "there is no option --bogus"),
        (["list", "--limit", "0"], "--limit 0"),
        (["list", "--status", "done"], "it is one of idle, running"),
        (["list", "extra"], "takes no 'extra'"),
        (["put", "a"], "needs a file and a destination"),
        (["put", "a", "https://h/", "--priority", "urgent"], "invalid choice: 'urgent'"),
        (["put", "a", "https://h/", "--patience", "long"], "'long' is not a length of time"),
        (["put", "a", "https://h/", "--meta", "novalue"], "write it as KEY=VALUE"),
        (["put", "a", "https://h/", "--header", "novalue"], "write it as 'Name: value'"),
        (["put", "a", "https://h/", "--header", "@/does/not/exist"], "@/does/not/exist: No such file"),
        (["put", "a", "b", "https://h/c"], "end the destination with /"),
        (["put", "x/a", "y/a", "https://h/"], "/y/a would both become https://h/a"),
        (["put", "a", "a", "https://h/"], "/a would both become https://h/a"),
        (["put", "a", "b", "https://h/", "--id", "one"], "--id names one operation"),
        (["put", "-", "https://h/"], "standard input has no name"),
        (["put", "-", "-", "https://h/x"], "can be sent only once"),
        (["put", "-", "https://h/x", "--header", "@-"], "cannot be both"),
        (["put", "", "https://h/x"], "the name of a file is empty"),
        (["wait"], "needs an id"),
        (["wait", "7", "--all"], "not both"),
        (["wait", "7", "--timeout", "soon"], "'soon' is not a length of time"),
        (["pause"], "needs an id, --batch, --group or --all"),
        (["retry"], "needs an id, --batch, --group, --failed or --all"),
        (["cancel", "7", "--all"], "not both"),
        (["show"], "needs an id"),
        (["receipt"], "needs an id"),
        (["events", "--after", "x"], "the seq of an event"),
        (["host"], "takes one of start, status, stop, run"),
        (["host", "restart"], "takes one of start"),
        (["config", "draw"], "takes one of path, show"),
        (["plugins", "all"], "takes no 'all'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_word_is_one_sentence_and_exit_code_2(words, sentence):
    code, results, notes = told(*words)
    assert (code, results) == (2, "")
    assert sentence in notes
    assert notes.startswith("sendoff: ") and "Traceback" not in notes and notes.count("\n") <= 2
    code, results, notes = told(*words, "--json")
    assert (code, results) == (2, "")
    error = json.loads(notes)["error"]
    assert set(error) >= {"code", "message", "hint"} and sentence in f"{error['message']} {error['hint']}"


def test_relative_paths_are_made_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert [one.source for one in asked("a", "./d/../b", "https://h/")] == [f"{os.getcwd()}/a", f"{os.getcwd()}/b"]


@pytest.mark.parametrize(("destination", "name"), [("https://h/in/", "a.iso"), ("archive:2026/", "a.iso"), ("archive:", "a.iso"), ("https://h/b", None)])
def test_a_file_lands_under_its_name_where_the_destination_is_a_folder(destination, name):
    assert asked("/x/a.iso", destination)[0].name == name


def test_a_name_that_is_not_utf8_is_refused_and_never_mangled():
    with pytest.raises(SourceUnsuitable, match=r"not valid UTF-8") as found:
        asked(os.fsdecode(b"/x/caf\xe9"), "https://h/")
    assert "sendoff put - TARGET" in found.value.hint


@pytest.mark.parametrize("words", [["--label", "\udce9"], ["--meta", "k=\udce9"], ["--header", "A: \udce9"]])
def test_no_other_word_is_mangled_either(words):
    with pytest.raises(InvalidArgument, match="not valid UTF-8"):
        asked("/a", "https://h/a", *words)


def test_every_option_of_put_reaches_the_request():
    (one,) = asked(
        *("/a", "https://h/a", "--method", "post", "--header", "A: b: c", "--header-secret", "T: env:TOKEN", "--credential", "env:ME", "--id", "x-1"),
        *("--group", "g", "--priority", "high", "--cost", "always", "--label", "l", "--meta", "k=v=w", "--meta", "j=", "--patience", "5m", "--retry-unsafe"),
    )
    assert (one.method, one.headers, one.secret_headers, one.credential) == ("post", (("A", "b: c"),), (("T", "env:TOKEN"),), "env:ME")
    assert (one.id, one.group, one.priority, one.cost_policy, one.label) == ("x-1", "g", "high", "always", "l")
    assert (one.metadata, one.patience, one.retry_unsafe) == ({"k": "v=w", "j": ""}, 300_000_000, True)


def test_headers_come_from_files_and_standard_input(tmp_path, monkeypatch):
    file = tmp_path / "headers"
    file.write_text("# ours\nA: 1\n\nB:2\n")
    monkeypatch.setattr("sys.stdin", io.StringIO("C: 3\n"))
    assert headers.headers([f"@{file}", "@-", "D: 4"]) == (("A", "1"), ("B", "2"), ("C", "3"), ("D", "4"))


def test_a_line_break_in_a_header_is_kept_for_whoever_refuses_it():
    assert headers.headers(["A: b\r\nEvil: yes"]) == (("A", "b\r\nEvil: yes"),)


@pytest.mark.parametrize(
    ("word", "literal"), [("T: Bearer abc", True), ("T: abc", True), ("T: env:TOKEN", False), ("T: file:/run/token", False), ("@/file", False)]
)
def test_a_literal_secret_on_the_command_line_is_noticed(word, literal):
    assert bool(headers.literal_secrets([word])) is literal


@pytest.mark.parametrize(
    ("error", "code"),
    [("unknown_operation", 4), ("host_unavailable", 5), ("other_version", 5), ("store_refused", 5), ("needs_attention", 6), ("host_key_unknown", 6)]
    + [(code, 2) for code in ("invalid_argument", "unsupported_scheme", "source_missing", "id_conflict", "invalid_state", "refused", "configuration_error")]
    + [(code, 2) for code in ("driver_missing", "driver_broken")]
    + [(code, 1) for code in ("error", "upload_failed", "upload_canceled")],
)
def test_an_error_has_its_exit_code(error, code):
    assert exits.exit_code_of(classes()[error]()) == code
    assert exits.exit_code_of(CredentialNeeded()) == 6


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2Jx", "\\x1b[2Jx"),
        ("a\nb\tc", "a\\x0ab\\x09c"),
        ("\x9b1m", "\\x9b1m"),
        ("a\u202egpj", "a\\u202egpj"),
        ("caf\udce9", "caf\\xe9"),
        ("grün 猫", "grün 猫"),
    ],
)
def test_what_could_move_a_cursor_or_hide_a_name_is_shown_as_an_escape(text, shown):
    assert clean(text) == shown
    assert aligned([[text, "b"]]) == [f"{shown}  b"]


def test_columns_are_as_wide_as_their_widest_cell():
    assert aligned([["a", "bbb", "c"], ["aaaa", "b", ""]]) == ["a     bbb  c", "aaaa  b"]


def test_an_error_lists_its_candidates_and_its_hint_for_people_and_keeps_them_in_json():
    error = UnknownOperation("no such", hint="look", candidates=["one", "two\x1b"])
    notes = io.StringIO()
    Output(io.StringIO(), notes).fail(error)
    assert notes.getvalue() == "sendoff: no such\n  one\n  two\\x1b\n  look\n"
    notes = io.StringIO()
    Output(io.StringIO(), notes, json=True).fail(error)
    assert json.loads(notes.getvalue())["error"]["facts"] == {"candidates": ["one", "two\x1b"]}


def test_quiet_leaves_results_and_errors_and_json_leaves_only_json():
    results, notes = io.StringIO(), io.StringIO()
    for output in (Output(results, notes, quiet=True), Output(results, notes, json=True)):
        output.note("n")
        output.detail("d")
    assert (results.getvalue(), notes.getvalue()) == ("", "")
    Output(results, notes, json=True).warn("careful")
    assert json.loads(notes.getvalue()) == {"warning": {"message": "careful"}}


def test_a_terminal_that_cannot_write_a_letter_gets_an_escape():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    Output(stream, io.StringIO()).line("猫")
    assert raw.getvalue() == b"\\u732b\n"


def test_a_reader_who_leaves_ends_the_command_quietly():
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        assert run(["--version"], gone, io.StringIO(), lambda options: None, lambda place, spawn: None) == exits.READER_GONE


def test_nested_values_become_rows():
    value = {"a": {"b": 1, "c": None}, "d": [1, 2], "e": [{"f": True}], "g": []}
    assert list(flat(value)) == [("a.b", "1"), ("d", "1, 2"), ("e[0].f", "yes")]


def test_an_unforeseen_error_of_ours_is_exit_code_1():
    assert exits.exit_code_of(SendoffError("x")) == 1
