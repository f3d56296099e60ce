"""Beginning, changing and explaining a configuration."""

import io
import json
import os
import re
import stat
import sys
from types import SimpleNamespace

import pytest
from sendoff.cli.main import run
from sendoff.desk.place import Place
from sendoff.settings import explain, load
from sendoff.settings.keys import key_for, keys, template


@pytest.fixture
def told(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("SENDOFF_")]:
        monkeypatch.delenv(name)

    def tell(*words):
        results, notes = io.StringIO(), io.StringIO()
        place = Place(state=str(tmp_path / "state"), config=str(tmp_path / "folder" / "sendoff.toml"))
        code = run(words, results, notes, lambda options: place, lambda place, spawn: pytest.fail("no desk is needed"))
        return SimpleNamespace(code=code, out=results.getvalue(), err=notes.getvalue())

    return tell


@pytest.fixture
def file(tmp_path):
    return tmp_path / "folder" / "sendoff.toml"


@pytest.fixture
def editor(tmp_path, monkeypatch):
    """An editor that does to the file what it is told: a program of its own."""

    def becomes(code):
        program = tmp_path / "editor.py"
        program.write_text(f"import pathlib, sys\npath = pathlib.Path(sys.argv[1])\n{code}\n")
        monkeypatch.delenv("VISUAL", raising=False)
        monkeypatch.setenv("EDITOR", f"'{sys.executable}' '{program}'")

    return becomes


# -- the template and the keys ------------------------------------------------------------------------------------------


def test_the_template_changes_nothing(tmp_path):
    path = tmp_path / "sendoff.toml"
    path.write_text(template(keys()))
    assert explain(path, {}) == explain(None, {})


def test_the_template_is_valid_with_every_comment_taken_away_and_names_every_key(tmp_path):
    path = tmp_path / "sendoff.toml"
    path.write_text(re.sub(r"^#(?! )", "", template(keys()), flags=re.MULTILINE))
    load(path, {})
    said = {place for place, _, origin in explain(path, {}) if origin == str(path)}
    assert {key.name for key in keys()} - {"transports.NAME"} == {key_for(place.replace("headers.X-Project", "headers"), keys()).name for place in said}


def test_every_default_in_the_template_is_the_one_in_force(tmp_path):
    path = tmp_path / "sendoff.toml"
    lines = [line for line in template(keys()).splitlines() if not line.startswith("# ")]
    upto = next(place for place, line in enumerate(lines) if line.startswith("#[transports"))
    path.write_text("\n".join(line.removeprefix("#") for line in lines[:upto]))
    assert {(key, json.dumps(value)) for key, value, _ in explain(path, {})} == {(key, json.dumps(value)) for key, value, _ in explain(None, {})}


# -- init ----------------------------------------------------------------------------------------------------------------


def test_init_writes_a_file_once(told, file):
    assert (told("config", "init").out, file.read_text()) == (f"{file}\n", template(keys()))
    file.write_text("mode = 'host'\n")
    answer = told("config", "init")
    assert (answer.code, file.read_text()) == (2, "mode = 'host'\n")
    assert "exists already" in answer.err and "config edit" in answer.err


# -- explain -------------------------------------------------------------------------------------------------------------


def test_explain_says_value_origin_default_and_meaning(told, file, monkeypatch):
    file.parent.mkdir()
    file.write_text("[limits]\nconcurrency = 3\n")
    (one,) = [json.loads(line) for line in told("config", "explain", "limits.concurrency", "--json").out.splitlines()]
    assert one == {
        "key": "limits.concurrency", "value": 3, "origin": str(file), "default": "16", "choices": [],
        "meaning": "uploads that run at once; small ones that share a connection count as one",
    }  # fmt: skip
    monkeypatch.setenv("SENDOFF_LIMITS__CONCURRENCY", "5")
    assert "SENDOFF_LIMITS__CONCURRENCY" in told("config", "explain", "limits.concurrency").out


def test_explain_of_a_section_explains_its_keys(told):
    text = told("config", "explain", "retry").out
    assert all(f"retry.{word}" in text for word in ("patience", "attempts", "backoff", "stall_timeout"))


def test_explain_knows_the_keys_of_what_has_a_name(told, file):
    file.parent.mkdir()
    file.write_text('[destinations.lab]\nurl = "https://lab.example/in/"\nregion = "north"\n')
    text = told("config", "explain", "destinations.lab").out
    assert "https://lab.example/in/" in text and "where it is" in text and "a key of the driver" in text
    assert "it is not set" in told("config", "explain", "destinations.lab.verify").out


def test_an_unknown_key_names_the_nearest(told):
    answer = told("config", "explain", "limits.concurency")
    assert (answer.code, answer.out) == (2, "")
    assert "did you mean 'limits.concurrency'?" in answer.err


def test_explain_hides_secrets(told, file):
    file.parent.mkdir()
    file.write_text('[destinations.lab]\nurl = "https://lab.example/in/"\nheaders = { Authorization = "hunter2" }\n')
    answer = told("config", "explain", "destinations.lab")
    assert "***" in answer.out and "hunter2" not in answer.out + answer.err


# -- edit ----------------------------------------------------------------------------------------------------------------


def test_what_is_valid_takes_the_place_of_the_file_and_keeps_its_mode(told, file, editor):
    file.parent.mkdir()
    file.write_text("mode = 'auto'\n")
    file.chmod(0o640)
    editor("path.write_text('mode = \"host\"\\n')")
    answer = told("config", "edit")
    assert (answer.code, file.read_text(), stat.S_IMODE(file.stat().st_mode)) == (0, 'mode = "host"\n', 0o640)
    assert os.listdir(file.parent) == [file.name]


def test_the_first_edit_begins_with_the_template(told, file, editor):
    editor("path.write_text(path.read_text().replace('#mode', 'mode'))")
    assert told("config", "edit").code == 0
    assert file.read_text() == template(keys()).replace("#mode", "mode")


def test_nothing_changed_leaves_everything_as_it_was(told, file, editor):
    editor("pass")
    assert "nothing was changed" in told("config", "edit").err
    assert not file.exists() and os.listdir(file.parent) == []


def test_what_is_invalid_changes_nothing_and_is_kept_for_the_next_edit(told, file, editor):
    file.parent.mkdir()
    file.write_text("mode = 'auto'\n")
    editor("path.write_text('[limits]\\nconcurency = 4\\n')")
    answer = told("config", "edit")
    assert (answer.code, file.read_text()) == (2, "mode = 'auto'\n")
    assert f"{file}: [limits] unknown key 'concurency'; did you mean 'concurrency'?" in answer.err and f"{file}.draft" in answer.err
    editor("path.write_text(path.read_text().replace('concurency', 'concurrency'))")
    assert told("config", "edit").code == 0
    assert file.read_text() == "[limits]\nconcurrency = 4\n"


def test_a_file_that_somebody_else_changed_meanwhile_is_left_as_it_is(told, file, editor):
    file.parent.mkdir()
    file.write_text("mode = 'auto'\n")
    editor(f"path.write_text('mode = \"host\"'); pathlib.Path({str(file)!r}).write_text('disabled = [\"x\"]')")
    answer = told("config", "edit")
    assert (answer.code, file.read_text()) == (2, 'disabled = ["x"]')
    assert "by somebody else" in answer.err


def test_an_editor_that_fails_changes_nothing(told, file, editor, monkeypatch):
    editor("path.write_text('mode = \"host\"'); sys.exit(7)")
    answer = told("config", "edit")
    assert (answer.code, file.exists()) == (2, False)
    assert "ended with 7" in answer.err
    monkeypatch.setenv("EDITOR", "/does/not/exist")
    assert "there is no editor /does/not/exist" in told("config", "edit").err


def test_a_link_stays_a_link(told, file, editor, tmp_path):
    real = tmp_path / "dotfiles.toml"
    real.write_text("")
    file.parent.mkdir()
    file.symlink_to(real)
    editor("path.write_text('mode = \"host\"')")
    assert told("config", "edit").code == 0
    assert file.is_symlink() and real.read_text() == 'mode = "host"'
