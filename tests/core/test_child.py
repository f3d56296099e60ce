"""A function in a process of its own: what it is given, and what it does not take from where it happens to be."""

import os
import sys

import pytest
from sendoff.errors import CredentialNeeded
from sendoff.runtime.child import in_child


def told() -> dict[str, object]:
    """What the other process has found."""
    import json

    return {"json": json.__file__, "path": sys.path, "theirs": os.environ.get("AWS_PROFILE")}


@pytest.fixture
def strewn(tmp_path, monkeypatch):
    """A working folder in which somebody has put modules of his own, and a process that looks there first."""
    for name in ("json", "sendoff", "subprocess", "sitecustomize"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('somebody else was imported')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", ".", *sys.path])
    return tmp_path


def test_nothing_is_imported_from_the_working_folder(strewn):
    import json

    found = in_child(told, {"AWS_PROFILE": "theirs"})

    assert (found["json"], found["theirs"]) == (json.__file__, "theirs")
    assert [one for one in found["path"] if not os.path.isabs(one) or one == str(strewn)] == []


def test_modules_are_found_where_they_are_found_here(tmp_path, monkeypatch):
    (tmp_path / "of_a_driver.py").write_text("def answer():\n    return 42\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import of_a_driver

    assert in_child(of_a_driver.answer, {}) == 42


@pytest.mark.fault(91)
def test_a_value_that_no_environment_can_hold_needs_a_person_and_is_not_quoted():
    with pytest.raises(CredentialNeeded, match="AWS_SESSION_TOKEN") as caught:
        in_child(told, {"AWS_SESSION_TOKEN": "canary\0x"})

    assert "canary" not in f"{caught.value}{caught.value.hint}"
