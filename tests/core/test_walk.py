"""What is found in a folder, and what is left out."""

import os
import socket
import sys
import time
from contextlib import contextmanager

import pytest
from sendoff.cli.put.choice import Choice
from sendoff.cli.put.refusals import Refusals
from sendoff.cli.put.walk import Found, Walk
from sendoff.errors import InvalidArgument

ODD = [
    "a b", "line\nbreak", "tab\there", "50%", "a%2Fb", "a#b", "a?b", "a;b=c", "a&b=c", "a:b", "back\\slash", "quote'\"", "-rf", ".hidden", "...", "~", "*",
    "[a]", "caf\u00e9", "cafe\u0301", "\u202egpj.exe", "\u200bzero", "猫", "👩‍👩‍👧", "x" * 255, "é" * 127, "\x01", "\x7f", " ", " both ", "a\r",
]  # fmt: skip


@pytest.fixture
def tree(tmp_path):
    """A folder with files in it, by their names."""

    def make(*names, root="tree"):
        for name in names:
            path = tmp_path / root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        return tmp_path / root

    return make


@contextmanager
def calls_of(*names):
    """Which functions of the interpreter of these names are called meanwhile; a look at an entry of a folder is one of them."""
    seen = []
    sys.setprofile(lambda frame, event, given: seen.append(given) if event == "c_call" and given.__name__ in names else None)
    try:
        yield seen
    finally:
        sys.setprofile(None)


def walked(root, *, include=(), exclude=(), before=None, **how):
    """The walk, and the names it found."""
    walk = Walk(Choice(include, exclude, before=before), Refusals(), **how)
    return walk, [found.name for found in walk.below(str(root), "")]


def test_files_come_in_the_order_of_their_names_those_of_a_folder_before_those_below_it(tree):
    root = tree("b", "a", "d/z", "c/y/1", "c/x")

    assert walked(root)[1] == ["a", "b", "c/x", "c/y/1", "d/z"]


def test_what_was_found_says_where_it_lies_and_that_nobody_named_it(tree):
    root = tree("a/b")

    assert list(Walk(Choice(), Refusals()).below(str(root), "up/")) == [Found(f"{root}/a/b", "up/a/b", None, True)]


def test_a_name_is_what_it_is_on_disk(tree):
    root = tree(*ODD)

    walk, names = walked(root)

    assert (set(names), bool(walk.refusals)) == (set(ODD), False)


def test_a_name_that_is_not_utf8_is_refused_unless_it_is_left_out(tree):
    root = tree("good")
    os.makedirs(os.path.join(os.fsencode(root), b"caf\xe9"))
    for name in (b"caf\xe9/inside", b"b\xff.bin"):
        with open(os.path.join(os.fsencode(root), name), "wb"):
            pass

    walk, names = walked(root)
    error = walk.refusals.error()

    assert (names, walk.refusals.count, error.code) == (["good"], 2, "source_unsuitable")
    assert error.message.endswith("b\udcff.bin is not valid UTF-8") and "--exclude" in error.hint
    assert not walked(root, exclude=["caf?", "*.bin"])[0].refusals


@pytest.mark.parametrize(
    ("include", "exclude", "taken"),
    [
        ([], [], {"a.jpg", "b.raw", "old/c.jpg", "old/deep/d.jpg", "x/old/e.jpg", "x/old.jpg"}),
        (["*.jpg"], [], {"a.jpg", "old/c.jpg", "old/deep/d.jpg", "x/old/e.jpg", "x/old.jpg"}),
        (["*.jpg", "*.raw"], ["old/"], {"a.jpg", "b.raw", "x/old.jpg"}),
        ([], ["/old"], {"a.jpg", "b.raw", "x/old/e.jpg", "x/old.jpg"}),
        (["/old/"], [], {"old/c.jpg", "old/deep/d.jpg"}),
        (["old/*.jpg"], [], {"old/c.jpg"}),
        (["**/old/*.jpg"], [], {"old/c.jpg", "x/old/e.jpg"}),
        ([], ["*.jpg", "!a.jpg"], {"a.jpg", "b.raw"}),
        ([], ["*"], set()),
    ],
)
def test_patterns_are_those_of_gitignore_for_the_path_below_the_source(include, exclude, taken, tree):
    root = tree("a.jpg", "b.raw", "old/c.jpg", "old/deep/d.jpg", "x/old/e.jpg", "x/old.jpg")

    assert set(walked(root, include=include, exclude=exclude)[1]) == taken


def test_an_excluded_folder_is_not_even_looked_into(tree):
    root = tree("a", "cache/b")

    with calls_of("scandir") as opened:
        assert walked(root, exclude=["cache/"])[1] == ["a"]
    assert len(opened) == 1


@pytest.mark.parametrize("pattern", ["", " ", "!", "\\", "/"])
def test_a_pattern_that_matches_nothing_is_a_mistake(pattern):
    with pytest.raises(InvalidArgument, match=r"--exclude .* is no pattern"):
        Choice(exclude=[pattern])


def test_a_pattern_that_would_be_a_comment_is_a_mistake():
    with pytest.raises(InvalidArgument, match="begins a comment") as found:
        Choice(include=["#1.jpg"])

    assert r"'\#1.jpg'" in found.value.hint


def test_what_was_changed_too_recently_is_left_out_and_counted(tree):
    root = tree("new", "old", "below/new")
    os.utime(root / "old", (1000, 1000))

    walk, names = walked(root, before=time.time_ns() - 3600 * 10**9)

    assert (names, walk.left) == (["old"], {"young": 2})


def test_links_and_what_is_no_file_are_left_out_and_counted(tree, monkeypatch):
    root = tree("a", "d/b")
    os.symlink("a", root / "to_file")
    os.symlink("d", root / "to_folder")
    os.symlink("nowhere", root / "to_nothing")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        monkeypatch.chdir(root)  # the address of a socket is short
        listening.bind("sock")
        walk, names = walked(root)

    assert (names, walk.left, walk.warnings) == (["a", "d/b"], {"links": 3, "special": 2}, [])


def test_links_are_followed_when_asked_and_land_under_the_links_name(tree):
    root = tree("a", "d/b")
    tree("far/away", "one", root="elsewhere")
    os.symlink("../elsewhere", root / "there")
    os.symlink("a", root / "too")

    walk, names = walked(root, follow=True)

    assert (names, walk.warnings) == (["a", "too", "d/b", "there/one", "there/far/away"], [])


def test_a_loop_of_links_is_left_out_with_a_warning_that_names_it(tree):
    root = tree("d/e/a")
    os.symlink("..", root / "d" / "up")
    os.symlink("../../d/e", root / "d" / "e" / "itself")
    os.symlink("self", root / "self")
    os.symlink("nowhere", root / "lost")

    walk, names = walked(root, follow=True)

    assert names == ["d/e/a"]
    assert sorted(walk.warnings) == [
        f"{root}/d/e/itself leads back to a folder that it lies in; it was not followed",
        f"{root}/d/up leads back to a folder that it lies in; it was not followed",
        f"{root}/lost is a symbolic link that leads nowhere; it was left out",
        f"{root}/self is a symbolic link that leads nowhere; it was left out",
    ]


def test_two_links_to_one_folder_are_no_loop(tree):
    root = tree("d/a")
    os.symlink("d", root / "e")

    assert walked(root, follow=True)[1] == ["d/a", "e/a"]


def test_of_very_many_warnings_a_few_are_kept(tree):
    root = tree("a")
    for number in range(30):
        os.symlink("nowhere", root / f"lost{number}")

    walk, _ = walked(root, follow=True)

    assert (len(walk.warnings), walk.more_warnings) == (10, 20)


def test_a_walk_without_choice_looks_at_no_file_and_one_that_remembers_looks_once_at_each(tree):
    root = tree(*(f"d{folder}/{name}" for folder in range(5) for name in range(20)))

    for how, most in (({}, 0), ({"seeing": True}, 100), ({"seeing": True, "before": time.time_ns() + 10**18}, 100)):
        with calls_of("stat", "lstat", "fstat") as looked:
            _, names = walked(root, **how)
        assert (len(names), len(looked)) == (100, most)


def test_the_one_look_gives_size_and_time(tree):
    root = tree("a")

    (found,) = Walk(Choice(), Refusals(), seeing=True).below(str(root), "")

    assert found.seen == (1, os.stat(root / "a").st_mtime_ns)


def test_what_vanishes_on_the_way_is_left_out_and_counted(tree):
    root = tree("a", "b", "c/x", "d/y")

    def look(entry, follow):
        if entry.name == "a":
            os.unlink(root / "b")
            os.unlink(root / "c" / "x")
            os.rmdir(root / "c")
        return entry.stat(follow_symlinks=follow)

    walk, names = walked(root, seeing=True, look=look)

    assert (names, walk.left, bool(walk.refusals)) == (["a", "d/y"], {"vanished": 2}, False)


def test_what_cannot_be_read_is_refused_all_of_it(tree):
    root = tree(*(f"d{number:02}/x" for number in range(12)), "a")

    def look(entry, follow):
        raise PermissionError(13, "Permission denied")

    walk, names = walked(root, seeing=True, look=look)
    error = walk.refusals.error()

    assert (names, walk.refusals.count, error.message) == ([], 13, f"{root}/a cannot be read: permission denied")
    assert len(error.facts["candidates"]) == 10 and error.facts["candidates"][-1] == "and 3 more"
