"""Changing the configuration with a person at the keyboard."""

import sys

import pytest

from tests.end_to_end.machine import Machine
from tests.end_to_end.terminal import Terminal

EDITOR = """
import pathlib, sys
path = pathlib.Path(sys.argv[1])
path.write_text(path.read_text().replace("concurency", "concurrency") if "concurency" in path.read_text() else "[limits]\\nconcurency = 4\\n")
"""


@pytest.fixture
def editing(tmp_path):
    """``config edit`` with an editor that makes a mistake, and corrects it when it is asked again."""
    machine = Machine(tmp_path)
    (tmp_path / "editor.py").write_text(EDITOR)
    environment = machine.environment | {"EDITOR": f"{sys.executable} {tmp_path / 'editor.py'}"}
    with Terminal([*machine.command, "config", "edit"], environment=environment, folder=machine.folder) as terminal:
        terminal.until("unknown key 'concurency'", "Edit it again? [Y/n]")
        yield machine, terminal


def test_a_mistake_is_shown_and_can_be_corrected_at_once(editing):
    machine, terminal = editing
    terminal.type("\n")
    assert terminal.ended() == 0
    assert "in force from now on" in terminal.text()
    assert machine.config.read_text() == "[limits]\nconcurrency = 4\n"


def test_whoever_does_not_want_to_correct_it_now_keeps_what_was_written(editing):
    machine, terminal = editing
    terminal.type("n\n")
    assert terminal.ended() == 2
    assert not machine.config.exists() and machine.config.with_name("sendoff.toml.draft").read_text() == "[limits]\nconcurency = 4\n"
    assert "sendoff.toml.draft" in "".join(terminal.shown())
