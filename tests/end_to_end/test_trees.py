"""Trees, lists and choices, typed at a real command: what lands where, what is left out, and what is refused whole."""

import json
import os
from copy import copy
from pathlib import Path

import pytest
from sendoff.testing.receiver import Receiver

from tests.core.test_walk import ODD
from tests.end_to_end.machine import AS_ANYBODY, Machine

NOWHERE = "http://127.0.0.1:9/in/"


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    made = Machine(tmp_path_factory.mktemp("trees"), AS_ANYBODY)
    yield made
    made.run("host", "stop")


@pytest.fixture(scope="module")
def receiver(tmp_path_factory):
    with Receiver(tmp_path_factory.mktemp("received")) as made:
        yield made


@pytest.fixture
def place(request, machine, receiver):
    """A folder, an address and what has landed there: of each test its own."""
    name = f"{len(os.listdir(machine.folder))}-{request.node.originalname}"[:60]
    return Place(machine.folder / name, f"{receiver.url}{name}/", receiver.folder / name)


class Place:
    def __init__(self, folder, url, there):
        self.folder, self.url, self._there = folder, url, there
        self.folder.mkdir()

    def tree(self, *names, root="tree"):
        for name in names:
            path = self.folder / root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{root}/{name}")
        return str(self.folder / root)

    def landed(self):
        """What the receiver holds: content by name."""
        return {str(path.relative_to(self._there)): path.read_bytes().decode() for path in self._there.rglob("*") if path.is_file()}


# -- names ------------------------------------------------------------------------------------------------------------


def test_a_directory_lands_under_its_name_and_with_a_final_slash_only_its_contents_do(machine, place):
    tree = place.tree("a", "deep/er/b")
    done = machine.run("put", "-r", tree, f"{tree}/deep/", place.url, "--wait")
    assert place.landed() == {"tree/a": "tree/a", "tree/deep/er/b": "tree/deep/er/b", "er/b": "tree/deep/er/b"}
    assert "3 operations queued" in done.stderr and len(done.stdout.split()) == 3


@pytest.mark.parametrize("source", [".", "./", "deep/..", "../tree/."])
def test_the_current_folder_means_what_is_in_it(source, machine, place):
    tree = place.tree("a", "deep/b")
    there = copy(machine)
    there.folder = Path(tree)
    done = there.run("put", "-r", "--dry-run", source, place.url)
    assert done.stdout == f"would put {tree}/a to {place.url}a\nwould put {tree}/deep/b to {place.url}deep/b\n"


@pytest.mark.fault(40)
def test_every_name_lands_as_it_is_on_disk(machine, place):
    tree = place.tree(*ODD)
    machine.run("put", "-r", f"{tree}/", place.url, "--wait")
    assert place.landed() == {name: f"tree/{name}" for name in ODD}


def test_equal_names_in_two_folders_stay_apart_under_the_folders_names(machine, place):
    one, other = place.tree("same", root="one"), place.tree("same", root="other")
    machine.run("put", "-r", one, other, place.url, "--wait")
    assert place.landed() == {"one/same": "one/same", "other/same": "other/same"}


def test_a_list_keeps_the_paths_of_its_relative_lines(machine, place):
    tree, far = place.tree("a", "x/b", "x/y/c", "not"), place.tree("d", "e/f", root="far")
    (place.folder / "list").write_text(f"a\n\nx//b\n   \n./x/y\n{far}/d\n{far}/e\n")
    machine.run("put", "-r", "--files-from", f"{place.folder}/list", "--base", tree, f"{far}/e/f", place.url, "--wait")
    assert set(place.landed()) == {"a", "x/b", "x/y/c", "d", "e/f", "f"}


def test_a_list_from_standard_input_may_end_its_names_with_nul(machine, place):
    tree = place.tree("line\nbreak", " blank ", "x/#1")
    done = machine.run("put", "--files-from", "-", "-0", "--base", tree, place.url, "--wait", feed="line\nbreak\0 blank \0\0x/#1")
    assert set(place.landed()) == {"line\nbreak", " blank ", "x/#1"}, done.stderr


# -- choice -----------------------------------------------------------------------------------------------------------


def test_patterns_choose_and_the_last_note_says_what_was_left_out(machine, place):
    tree = place.tree("a.jpg", "b.raw", "cache/c.jpg", "d/e.jpg")
    os.symlink("a.jpg", f"{tree}/link.jpg")
    os.mkfifo(f"{tree}/pipe.jpg")
    done = machine.run("put", "-r", f"{tree}/", place.url, "--include", "*.jpg", "--exclude", "cache/", "--wait")
    assert set(place.landed()) == {"a.jpg", "d/e.jpg"}
    assert "2 operations queued; left out: 1 symbolic link, 1 pipe, socket or device" in done.stderr


def test_a_nightly_put_stores_only_what_is_new_and_says_so(machine, place):
    tree = place.tree("a", "x/b", "x/c")
    words = ["put", "-r", tree, place.url, "--only-new", "--wait"]
    assert len(machine.run(*words).stdout.split()) == 3

    again = machine.run(*words)
    assert (again.stdout, again.stderr) == ("", "nothing to put; left out: 3 unchanged files\n")
    told = machine.objects(*words)
    assert {(one["skipped"], one["source"]) for one in told} == {("unchanged", f"{tree}/{name}") for name in ("a", "x/b", "x/c")}
    assert all(one["id"] for one in told)

    place.tree("new")
    (Path(tree) / "x" / "b").write_text("changed")
    third = machine.run(*words)
    assert len(third.stdout.split()) == 2 and "left out: 2 unchanged files" in third.stderr
    assert place.landed()["tree/x/b"] == "changed"
    # without it everything goes out again
    assert len(machine.run("put", "-r", tree, place.url, "--wait").stdout.split()) == 4


def test_what_was_changed_too_recently_waits_for_the_next_time(machine, place):
    tree = place.tree("old", "young")
    os.utime(f"{tree}/old", (1000, 1000))
    done = machine.run("put", "-r", tree, f"{tree}/young", place.url, "--min-age", "1h", "--wait")
    assert set(place.landed()) == {"tree/old"}
    assert "left out: 2 files changed too recently" in done.stderr


def test_links_are_followed_when_asked_and_a_loop_is_told_of(machine, place):
    tree = place.tree("a", "d/b")
    os.symlink("..", f"{tree}/d/up")
    os.symlink("a", f"{tree}/too")
    done = machine.run("put", "-r", f"{tree}/", place.url, "--follow", "--wait")
    assert set(place.landed()) == {"a", "d/b", "too"}
    assert f"warning: {tree}/d/up leads back to a folder that it lies in" in done.stderr


def test_a_link_that_is_named_is_followed(machine, place):
    tree = place.tree("a")
    os.symlink("tree", place.folder / "link")
    machine.run("put", "-r", str(place.folder / "link"), place.url, "--wait")
    assert place.landed() == {"link/a": "tree/a"} and tree


def test_nothing_to_do_is_done(machine, place):
    tree = place.tree("a/b")
    os.makedirs(place.folder / "empty" / "folder")
    (place.folder / "list").write_text("\n\n")
    for words in ([tree, "--exclude", "*"], [f"{tree}/a/b", "--include", "*.none"], [f"{place.folder}/empty"], ["--files-from", f"{place.folder}/list"]):
        done = machine.run("put", "-r", *words, place.url, "--wait")
        assert (done.stdout, done.stderr) == ("", "nothing to put\n")


def test_the_same_is_not_queued_twice_unless_it_is_asked_for_again(machine, place):
    tree = place.tree("a", "b")
    first = machine.put("-r", tree, NOWHERE)
    done = machine.run("put", "-r", tree, NOWHERE)
    assert (done.stdout.split(), done.stderr) == (first, "2 operations were there already\n")
    more = machine.run("put", "-r", tree, NOWHERE, "--again")
    assert not set(more.stdout.split()) & set(first) and "2 operations queued" in more.stderr
    machine.run("cancel", *first, *more.stdout.split())


# -- all or nothing ---------------------------------------------------------------------------------------------------


@pytest.fixture
def bad(place):
    """Two trees with all that can be wrong in them."""
    tree = place.tree("a", "closed/b", "d/c", "d/secret")
    place.tree("a", root="other")
    with open(os.path.join(os.fsencode(tree), b"caf\xe9"), "wb"):
        pass
    os.chmod(f"{tree}/d/secret", 0)
    os.chmod(f"{tree}/closed", 0)
    yield tree
    os.chmod(f"{tree}/closed", 0o700)


def test_all_that_is_wrong_in_a_tree_is_told_at_once_and_nothing_is_stored(bad, machine, place):
    before = len(machine.stored())
    done = machine.tried("put", "-r", bad, place.url)
    lines = done.stderr.splitlines()
    assert (done.returncode, done.stdout, len(machine.stored())) == (2, "", before)
    assert lines[0].startswith("sendoff: ") and len(lines) == 4
    for sentence in (f"{bad}/closed cannot be read: permission denied", f"{bad}/d/secret cannot be read", f"{bad}/caf\\xe9 is not valid UTF-8"):
        assert sentence in done.stderr
    error = json.loads(machine.tried("put", "-r", bad, place.url, "--json").stderr)["error"]
    assert len(error["facts"]["candidates"]) == 2
    assert machine.run("put", "-r", bad, place.url, "--exclude", "closed", "--exclude", "caf?", "--exclude", "secret", "--wait").returncode == 0


@pytest.mark.parametrize(
    ("words", "sentences"),
    [
        (["{tree}", "{url}"], ["/tree is a directory", "-r puts all that is in it"]),
        (["-r", "{tree}", "{url}x"], ["/tree cannot become ", "end the destination with /"]),
        (["-r", "{tree}/", "{other}/", "{url}"], ["/tree/a and ", "/other/a would both become ", "nothing was stored"]),
        (["-r", "{tree}/", "{tree}/a", "{url}"], ["/tree/a and ", "would both become "]),
        (["-r", "{tree}", "{url}", "--id", "x"], ["--id names one operation"]),
        (["{tree}/a/", "{url}"], ["/tree/a/ is not a folder"]),
        (["--files-from", "{list}", "{url}"], ["../up leads out of its base", "--base"]),
        (["--files-from", "{folder}/none", "{url}"], ["no such file"]),
        (["--files-from", "{zero}", "{url}"], ["holds a NUL", "-0"]),
        (["--base", "{tree}", "{tree}/a", "{url}"], ["--base goes with --files-from"]),
        (["-0", "{tree}/a", "{url}"], ["-0 goes with --files-from"]),
        (["{tree}/a", "{url}", "-o", "existng=skip"], ["-o: unknown key 'existng'; did you mean 'existing'?"]),
        (["{tree}/a", "{url}", "-o", "stall_timeout"], ["write it as -o KEY=VALUE"]),
        (["{tree}/a", "{url}", "-o", "credential=env:X"], ["-o credential: say --credential REF"]),
        (["{tree}/a", "{url}", "--existing", "skip", "--method", "POST"], ["existing skip: a POST makes a new thing each time"]),
        (["{tree}/a", "{url}", "--exclude", "!"], ["this is no pattern"]),
        (["{tree}/a", "{url}", "--min-age", "soon"], ["'soon' is not a length of time"]),
    ],
    ids=lambda value: " ".join(value)[:40] if "{" in str(value) else "",
)
def test_a_bad_choice_is_one_sentence_and_nothing_is_stored(words, sentences, machine, receiver, tmp_path):
    place = Place(tmp_path / "place", f"{receiver.url}bad/", receiver.folder / "bad")
    known = {"tree": place.tree("a", "b"), "other": place.tree("a", root="other"), "url": place.url, "folder": tmp_path}
    for name, text in (("list", "../up\n"), ("zero", "a\0b\0")):
        known[name] = tmp_path / name
        known[name].write_text(text)
    before = len(machine.stored())
    done = machine.tried("put", *(word.format(**known) for word in words))
    assert (done.returncode, done.stdout, len(machine.stored())) == (2, "", before), done.stderr
    assert all(sentence.lower() in done.stderr.lower() for sentence in sentences), done.stderr
    assert done.stderr.startswith("sendoff: ") and len(done.stderr.splitlines()) <= 2
    assert place.landed() == {}


# -- how --------------------------------------------------------------------------------------------------------------


def test_what_exists_is_left_alone_or_a_failure_as_asked(machine, place):
    tree = place.tree("a")
    machine.run("put", f"{tree}/a", place.url, "--wait")
    (Path(tree) / "a").write_text("tree/b")  # as long as before
    assert machine.run("put", f"{tree}/a", place.url, "--existing", "skip", "--wait").returncode == 0
    assert machine.run("put", f"{tree}/a", place.url, "--existing", "fail", "--wait", fine=(1,)).returncode == 1
    assert place.landed() == {"a": "tree/a"}
    assert machine.run("put", f"{tree}/a", place.url, "--existing", "overwrite", "--wait").returncode == 0
    assert place.landed() == {"a": "tree/b"}


def test_a_dry_run_of_a_tree_says_what_would_go_where(machine, place):
    tree = place.tree("a", "b/c")
    done = machine.run("put", "-r", tree, place.url, "--dry-run")
    assert done.stdout == f"would put {tree}/a to {place.url}tree/a\nwould put {tree}/b/c to {place.url}tree/b/c\n"
    assert done.stderr == "2 uploads checked, nothing stored\n"
    assert place.landed() == {}
