"""What ``sendoff new-plugin`` writes, and what it refuses before anything is written."""

import ast
import io
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import sendoff.cli.new_plugin.command
from sendoff.cli.commands import parser_of
from sendoff.cli.main import run
from sendoff.cli.new_plugin.draft import Draft, bounds
from sendoff.cli.new_plugin.kind import KINDS, kind_of
from sendoff.drivers import PORTS
from sendoff.errors import InvalidArgument

EXAMPLE = Path(__file__).parents[2] / "contrib" / "guide" / "example"
SMALL = ("transport", "credentials", "sink", "network", "listener")
LONG = "a-name-of-thirty-letters-in-it"


def told(*words):
    """Exit code, standard output and standard error of the command; it needs no host."""
    results, notes = io.StringIO(), io.StringIO()
    code = run(["new-plugin", *words], results, notes, lambda _: pytest.fail("no place is needed"), lambda *_: pytest.fail("no desk is needed"))
    return code, results.getvalue(), notes.getvalue()


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.word)
def test_one_of_each_kind_is_a_whole_distribution(kind, tmp_path):
    code, said, notes = told(kind.word, "cold-store", "--into", str(tmp_path))

    folder = tmp_path / "sendoff-cold-store"
    assert (code, said) == (0, f"{folder}\n")
    assert f"{folder / 'README.md'} says how" in notes
    assert os.listdir(tmp_path) == ["sendoff-cold-store"]
    module = [f"sendoff_cold_store/{name}" for name in ("__init__.py", "py.typed", f"{kind.part}.py")]
    written = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    assert sorted(written) == sorted(["README.md", "pyproject.toml", f"tests/test_{kind.part}.py", *module])


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.word)
def test_its_entry_point_is_what_it_holds(kind):
    files = Draft(kind, "cold-store").files()
    project = tomllib.loads(files["pyproject.toml"])["project"]
    ((name, target),) = project["entry-points"][kind.group].items()
    module, _, attribute = target.partition(":")
    tree = ast.parse(files[f"{module.replace('.', '/')}.py"])

    assert project["name"] == "sendoff-cold-store"
    assert name == ("sendoff-cold-store" if kind.word == "listener" else "cold-store")
    assert not attribute or attribute in [node.name for node in tree.body if isinstance(node, ast.ClassDef)]
    assert "$" not in "".join(text for path, text in files.items() if path != "README.md")


@pytest.mark.parametrize("name", ["x", LONG])
def test_the_linter_and_the_formatter_have_nothing_to_say_by_its_own_rules(name, tmp_path):
    for kind in KINDS:
        sendoff.cli.new_plugin.command._write(tmp_path / kind.word, Draft(kind, name).files())

    for words in (("check",), ("format", "--check")):
        done = subprocess.run([sys.executable, "-m", "ruff", *words, "--no-cache", "."], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_there_is_one_for_every_port_and_one_for_listeners():
    assert {kind.many for kind in KINDS} == {*PORTS, "listeners"}
    assert {kind.group for kind in KINDS} == {*(f"sendoff.{port}" for port in PORTS), "sendoff.hooks"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.word)
def test_a_kind_is_understood_as_one_and_as_many(kind):
    words = {kind.word, kind.many, kind.word.upper(), kind.word.replace("-", "_"), kind.many.replace("_", "-"), kind.word.removesuffix("s")}

    assert {kind_of(word) for word in words} == {kind}


@pytest.mark.parametrize("word", SMALL)
def test_the_example_is_what_is_written(word):
    """So that what is read there is what one begins with, and is tested with all the rest."""
    files = Draft(kind_of(word), "example").files()
    code = {path: text.replace("\n\nfrom sendoff_example", "\nfrom sendoff_example") for path, text in files.items() if path.endswith(".py")}

    assert {path: (EXAMPLE / path).read_text() for path in code if path != "sendoff_example/__init__.py"} == {
        path: text for path, text in code.items() if path != "sendoff_example/__init__.py"
    }


@pytest.mark.parametrize(("version", "expected"), [("0.1.0", ">=0.1,<0.2"), ("0.9.3", ">=0.9,<0.10"), ("1.0.0", ">=1.0,<2"), ("2.14.1", ">=2.14,<3")])
def test_it_works_with_the_versions_that_keep_their_promises(version, expected):
    assert bounds(version) == expected


def test_as_json_it_says_what_it_has_made(tmp_path):
    code, said, _ = told("--json", "sinks", "pager", "--into", str(tmp_path))

    made = json.loads(said)
    assert code == 0
    assert (made["kind"], made["name"], made["distribution"], made["path"]) == ("sinks", "pager", "sendoff-pager", str(tmp_path / "sendoff-pager"))
    assert all((tmp_path / "sendoff-pager" / name).is_file() for name in made["files"])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "takes a kind and a name"),
        (("sink",), "takes a kind and a name"),
        (("sink", "a", "b"), "takes a kind and a name"),
        (("snik", "pager"), "did you mean sink?"),
        (("bridge", "pager"), "it is one of transport, http-protocol, store, credentials, sink, network, listener"),
        (("sink", "Pager"), "up to 30 small letters and digits"),
        (("sink", "9pager"), "cannot be the name of a plugin"),
        (("sink", "pager_two"), "with single dashes between them"),
        (("sink", "pager--two"), "cannot be the name of a plugin"),
        (("sink", "pager-"), "cannot be the name of a plugin"),
        (("sink", "../pager"), "cannot be the name of a plugin"),
        (("sink", ""), "cannot be the name of a plugin"),
        (("sink", f"{LONG}s"), "cannot be the name of a plugin"),
        (("sink", "sendoff-pager"), "is 'pager' alone"),
        (("transport", "ftp"), "FTP sends passwords"),
        (("transport", "ftp"), "nothing was written"),
        (("transport", "FTPS"), "FTP sends passwords"),
        (("transport", "https"), "the transport 'http' carries to https:// already"),
        (("network", "auto"), "'auto' cannot be the name of a network: in a configuration it says that the network is chosen among those that are installed"),
        (("http-protocol", "auto"), "'auto' cannot be the name of a http-protocol"),
        (("sink", "webhook"), "sendoff-webhook brings a sink 'webhook' already"),
        (("listener", "webhook"), "a distribution sendoff-webhook 0.1.0 is installed already"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(words, sentence, tmp_path):
    code, said, notes = told(*words, "--into", str(tmp_path))

    assert (code, said) == (2, "")
    assert sentence in notes
    assert os.listdir(tmp_path) == []


def test_only_where_the_word_has_a_meaning_is_it_taken(tmp_path):
    assert told("sink", "auto", "--into", str(tmp_path))[0] == 0


def test_help_says_what_each_kind_is_for(capsys):
    with pytest.raises(SystemExit):
        parser_of("new-plugin").read(["--help"])

    said = " ".join(capsys.readouterr().out.split())
    assert "transport (uploads to NAME://); http-protocol (uploads over HTTP by the protocol NAME)" in said
    assert [kind.word for kind in KINDS if f"{kind.word} (" not in said] == []


def test_the_longest_name_is_one(tmp_path):
    assert told("sink", LONG, "--into", str(tmp_path))[0] == 0


@pytest.mark.parametrize("there", ["a folder", "an empty folder", "a file", "a link to nothing"])
def test_nothing_that_is_there_is_touched(tmp_path, there):
    path = tmp_path / "sendoff-pager"
    if there == "a link to nothing":
        path.symlink_to(tmp_path / "nothing")
    elif there == "a file":
        path.write_text("mine")
    else:
        path.mkdir()
    if there == "a folder":
        (path / "mine").write_text("mine")

    code, _, notes = told("sink", "pager", "--into", str(tmp_path))

    assert (code, os.listdir(tmp_path)) == (2, ["sendoff-pager"])
    assert "is there already; nothing was written" in notes
    assert path.is_symlink() or path.is_file() or os.listdir(path) == (["mine"] if there == "a folder" else [])


def test_a_folder_to_make_it_in_that_is_not_there_is_refused(tmp_path):
    code, _, notes = told("sink", "pager", "--into", str(tmp_path / "no" / "such"))

    assert code == 2
    assert "there is no folder" in notes
    assert os.listdir(tmp_path) == []


def test_a_folder_that_must_not_be_written_to_is_refused_like_any_other_bad_word():
    """A folder of the kernel, in which nobody makes another, not even root."""
    code, _, notes = told("--json", "sink", "pager", "--into", "/proc/self")

    told_as = json.loads(notes)["error"]
    assert (code, told_as["code"]) == (2, "invalid_argument")
    assert told_as["message"].startswith("/proc/self: ")
    assert told_as["message"].endswith("; nothing was written")
    assert "--into" in told_as["hint"]


def test_a_disk_that_fails_in_the_middle_leaves_nothing(tmp_path):
    """A name too long for the file system, in the last of the files."""
    texts = {**Draft(kind_of("sink"), "pager").files(), f"tests/{'x' * 300}": ""}

    with pytest.raises(InvalidArgument, match="too long; nothing was written"):
        sendoff.cli.new_plugin.command._write(tmp_path / "sendoff-pager", texts)

    assert os.listdir(tmp_path) == []


def test_the_folder_has_the_rights_that_any_new_folder_has(tmp_path):
    told("sink", "pager", "--into", str(tmp_path))
    (tmp_path / "other").mkdir()

    assert (tmp_path / "sendoff-pager").stat().st_mode == (tmp_path / "other").stat().st_mode
