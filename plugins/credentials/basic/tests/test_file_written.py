"""The file of credentials while it is written: what else stands in it stays, and nobody sees half of it or what is left of a draft."""

import os
import subprocess
import sys
import threading
import traceback

import pytest
from sendoff import Credential, CredentialNeeded, InvalidArgument, Secret
from sendoff.testing.credential_contract import WritableContract
from sendoff_credentials_basic.file import FileCredentials

from plugins.credentials.basic.tests.programs import login

LAB = """\
# top
[lab]  # of the lab
username = "x"  # who
# rotates in May
secret = 'y'

# the other one, of the forge
[other]
secret = "z"
"""


@pytest.fixture
def path(toolkit):
    return toolkit.folder / "credentials.toml"


@pytest.fixture
def file(toolkit):
    return FileCredentials(FileCredentials.Settings(), toolkit)


@pytest.fixture
def write(path):
    def write(text, mode=0o600):
        path.touch()
        path.chmod(mode)
        path.write_text(text)

    return write


class TestFileWritten(WritableContract):
    """By ``sendoff credentials set file:NAME``."""

    @pytest.fixture
    def driver(self):
        return FileCredentials


# -- what else stands in it ------------------------------------------------------------------------------------------------


def test_setting_changes_values_in_their_place_and_keeps_every_comment(file, write, path):
    write(LAB)

    file.set("lab", login("new", "x"))
    assert path.read_text() == LAB.replace("secret = 'y'\n", 'secret = "new"\nkind = "basic"\n')
    file.set("lab", login("newer", "you"))
    assert path.read_text() == LAB.replace("secret = 'y'\n", 'secret = "newer"\nkind = "basic"\n').replace('"x"', '"you"')
    file.set("lab", Credential(kind="bearer", secret=Secret("token")))
    assert path.read_text() == LAB.replace("secret = 'y'\n", 'secret = "token"\nkind = "bearer"\n').replace('username = "x"  # who\n', "")


def test_removing_keeps_the_comments_that_stand_before_the_next(file, write, path):
    write(LAB)

    assert file.remove("lab") is True

    assert path.read_text() == '# top\n\n# the other one, of the forge\n[other]\nsecret = "z"\n'


def test_removing_the_last_keeps_what_stands_before_it(file, write, path):
    write(LAB)

    assert file.remove("other") is True

    assert path.read_text() == LAB.partition("[other]")[0]


def test_whatever_else_stands_in_it_stays_as_it_is(file, write, path):
    text = "# mine\n[a]  # the first\nsecret = 'x'\n\n['b.c']\nsecret = \"y\"\n"
    write(text)

    for _ in range(3):
        file.set("lab", login())
        file.remove("lab")
    assert path.read_text().rstrip() == text.rstrip()
    assert list(file.names()) == ["a", "b.c"]


@pytest.mark.parametrize(
    "text",
    [
        '[lab]\nsecret = "old"',
        '[lab]\n[other]\nsecret = "z"\n',
        '[lab]\n# only a comment\n\n[other]\nsecret = "z"\n',
        'lab = {secret = "old", username = "who"}\n[other]\nsecret = "z"\n',
        'lab.secret = "old"\nlab.username = "who"\n[other]\nsecret = "z"\n',
        '[other]\nsecret = """\n[lab]\nsecret = "not mine"\n"""\n[lab]\nsecret = "old"\n',
        '[a]\nsecret = "x"\n[a.b]\nc = 1\n[lab]\nsecret = "old"\n[a.d]\ne = 1\n',
        '[lab]\nsecret = "old"\n[lab.sub]\nc = 1\n\n# next\n[other]\nsecret = "z"\n',
        '[lab]\r\nsecret = "old"\r\n\r\n# next\r\n[other]\r\nsecret = "z"\r\n',
        'top = 1\n[lab]\nsecret = "old"\n[[list]]\nx = 1\n[[list]]\nx = 2\n',
        '["lab"]\n"secret" = "old"\n',
    ],
)
def test_however_it_is_written_it_is_set_and_removed_and_the_rest_stays(file, write, path, text):
    import tomllib

    write(text)
    rest = {name: value for name, value in tomllib.loads(text).items() if name != "lab"}

    file.set("lab", login("new"))
    assert tomllib.loads(path.read_text()) == {**rest, "lab": {"username": "me", "secret": "new", "kind": "basic"}}
    assert file.remove("lab") is True
    assert tomllib.loads(path.read_text()) == rest
    assert path.read_text().count("#") == text.count("#")


@pytest.mark.parametrize("text", ["lab = 3\n", "[[lab]]\nsecret = 'x'\n"])
def test_what_is_no_section_is_not_overwritten(file, write, path, text):
    write(text)

    with pytest.raises(InvalidArgument, match=r"file:lab: .*credentials.toml: lab in it is no section"):
        file.set("lab", login())
    assert file.remove("lab") is False
    assert path.read_text() == text


@pytest.mark.parametrize(("text", "said"), [("[lab]\n[a]\n[lab.sub]\n", "something else would change"), ("[lab.sub]\n[lab]\nx = 1\n", "IndexError")])
def test_what_cannot_be_changed_faithfully_is_left_to_a_person(file, write, path, text, said):
    write(text)

    with pytest.raises(InvalidArgument, match=rf"file:lab: .*credentials.toml: \[lab\] in it cannot be changed: {said}") as caught:
        file.set("lab", login())
    assert caught.value.hint == "change it by hand"
    assert path.read_text() == text


# -- who may touch it ------------------------------------------------------------------------------------------------------


def test_a_file_is_made_for_its_owner_alone(file, path):
    before = os.umask(0)
    file.set("lab", login())
    os.umask(before)

    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == [path.name]


def test_a_link_is_followed_and_stays_one(file, path, tmp_path):
    (tmp_path / "real").mkdir()
    path.symlink_to(tmp_path / "real" / "credentials.toml")

    file.set("lab", login())
    file.set("lab", login("newer"))

    assert path.is_symlink() and "newer" in (tmp_path / "real" / "credentials.toml").read_text()


@pytest.mark.parametrize("text", ["[a\n", "[a]\nsecret = 'x'\n"], ids=["no TOML", "others may read it"])
def test_a_file_that_cannot_be_used_is_not_written(file, write, path, text):
    write(text, 0o600 if text == "[a\n" else 0o644)

    for act in (lambda: file.set("lab", login()), lambda: file.remove("a")):
        with pytest.raises(CredentialNeeded):
            act()
    assert path.read_text() == text and os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_not_written_not_even_by_a_link(file, path, tmp_path):
    theirs = tmp_path / "theirs.toml"
    theirs.touch(0o600)
    os.chown(theirs, 12345, -1)
    path.symlink_to(theirs)

    with pytest.raises(CredentialNeeded, match="belongs to user 12345"):
        file.set("lab", login())
    assert theirs.read_text() == ""


def test_what_is_in_the_way_is_told_in_a_sentence(toolkit, tmp_path):
    (tmp_path / "no-folder").write_text("")
    file = FileCredentials(FileCredentials.Settings(path=str(tmp_path / "no-folder" / "credentials.toml")), toolkit)

    for act in (lambda: file.set("lab", login()), lambda: file.remove("lab"), lambda: list(file.names()), lambda: file.get("lab", environment={})):
        with pytest.raises(CredentialNeeded, match=r"no-folder/credentials\.toml cannot be"):
            act()


# -- on disk ---------------------------------------------------------------------------------------------------------------

DIES = """
import os, pathlib, random, sys
from logging import getLogger
from sendoff import Credential, Secret
from sendoff.ports.clock import SystemClock
from sendoff.ports.toolkit import Toolkit
from sendoff_credentials_basic.file import FileCredentials
os.replace = lambda *_: os._exit(9)
toolkit = Toolkit(clock=SystemClock(), random=random.Random(1), log=getLogger("x"), folder=pathlib.Path(sys.argv[1]))
FileCredentials(FileCredentials.Settings(), toolkit).set("lab", Credential(username="me", secret=Secret("half-written")))
"""


def test_the_draft_of_a_writer_that_died_is_gone_with_the_next_writing(file, path):
    file.set("a", login())
    died = subprocess.run([sys.executable, "-c", DIES, str(path.parent)])
    left = [one for one in os.listdir(path.parent) if one != path.name]

    assert died.returncode == 9 and len(left) == 1
    assert (path.parent / left[0]).stat().st_mode & 0o777 == 0o600
    assert "half-written" not in path.read_text()
    file.set("b", login())
    assert os.listdir(path.parent) == [path.name]
    assert list(file.names()) == ["a", "b"]


def test_the_draft_follows_no_link_that_stands_in_its_place(file, path, tmp_path):
    (tmp_path / "elsewhere").write_text("untouched")
    (path.parent / f".{path.name}.draft").symlink_to(tmp_path / "elsewhere")

    file.set("lab", login())

    assert (tmp_path / "elsewhere").read_text() == "untouched"
    assert sorted(os.listdir(path.parent)) == [path.name, "elsewhere"]


def test_writers_wait_for_each_other(toolkit, file):
    writers = [
        threading.Thread(target=lambda name=f"n{number}": FileCredentials(FileCredentials.Settings(), toolkit).set(name, login())) for number in range(8)
    ]
    for one in writers:
        one.start()
    for one in writers:
        one.join()

    assert list(file.names()) == [f"n{number}" for number in range(8)]


# -- what cannot be written ------------------------------------------------------------------------------------------------


def test_it_has_no_place_for_an_end(file):
    with pytest.raises(InvalidArgument, match="expires"):
        file.set("lab", Credential(secret=Secret("x"), expires_at=1))


@pytest.mark.parametrize(
    ("credential", "said"),
    [
        (login("very-secret\nX-Evil: 1"), "secret has a line break"),
        (login("very-secret\x7f"), "secret has a line break"),
        (login("very-secret", "m\ne"), "username has a line break"),
        (Credential(kind="bearer", secret=Secret(" very-secret")), "secret has a blank at either end"),
        (Credential(kind="header", username="X-A", secret=Secret("very-secret ")), "secret has a blank at either end"),
        (Credential(kind="bearer", secret=Secret("")), "secret is empty"),
        (login("very-secret\ud800"), "secret is not text"),
        (login("very-secret" * 100_000), "larger than 1 MiB"),
    ],
)
def test_what_cannot_be_sent_or_read_again_is_not_kept(file, write, path, credential, said):
    write(LAB)

    with pytest.raises(InvalidArgument, match=f"file:lab: .*{said}") as caught:
        file.set("lab", credential)
    assert "very-secret" not in "".join(traceback.format_exception(caught.value))
    assert path.read_text() == LAB


def test_a_login_without_a_password_is_one(file):
    file.set("lab", login(""))

    assert file.get("lab", environment={}) == login("")


@pytest.mark.parametrize("name", ["lab\ud800", "a\nb", ""])
def test_a_name_that_no_section_has_is_refused(file, name):
    for act in (lambda: file.set(name, login()), lambda: file.get(name, environment={}), lambda: file.remove(name)):
        with pytest.raises(InvalidArgument, match="the name of a credential"):
            act()


@pytest.mark.parametrize("name", ['a"b', "a]b", "a.b", "a b", "ü", "#a", "'", "\\"])
def test_any_other_name_is_one(file, name):
    file.set(name, login())

    assert file.get(name, environment={}) == login()
    assert file.remove(name) is True
