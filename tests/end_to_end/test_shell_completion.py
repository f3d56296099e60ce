"""Tab in real shells: what is completed is what ``sendoff`` is then called with."""

from pathlib import Path

import pytest

from tests.end_to_end.pages import blocks
from tests.end_to_end.shells import Shell, installed
from tests.end_to_end.stage import Stage

ODD = """it's "night" $HOME; (a&b) c\\d"""
CONFIG = """
[destinations.archive]
url = "http://127.0.0.1:9/archive/"
[destinations.attic]
url = "http://127.0.0.1:9/attic/"
[credentials.media]
use = "env"
"""
pytestmark = [pytest.mark.campaign, pytest.mark.needs_server, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A host with an upload in each of two groups, that wait for a server which is not there."""
    with Stage(tmp_path_factory.mktemp("shells")) as made:
        made.config.write_text(CONFIG)
        (made.odd,) = made.put("--group", ODD, made.file(10, "holiday film.bin")[0], "http://127.0.0.1:9/a")
        (made.colon,) = made.put("--group", "a:b=c", made.file(10, "other.bin")[0], "http://127.0.0.1:9/b")
        yield made


@pytest.fixture(scope="module", params=["bash", "zsh", "fish"])
def shell(request, stage, tmp_path_factory):
    environment = {name: value for name, value in stage.environment.items() if name.startswith("SENDOFF_")}
    with Shell(installed(request.param), tmp_path_factory.mktemp(request.param), environment) as made:
        for name in ("film one.mkv", "it's.txt", "my place.txt", "a:b=c.txt", "me@home.txt"):
            (made.folder / name).write_text(name)
        (made.folder / "photos").mkdir()
        (made.folder / "photos" / "one.jpg").write_text("")
        yield made


def test_tab_completes_commands_files_groups_and_shows_what_there_is(shell):
    assert shell.words("sendoff sho\t") == ["show"]
    assert shell.words("sendoff put fil\tarc\t2026/") == ["put", "film one.mkv", "archive:2026/"]
    assert shell.words("sendoff list --group it\t") == ["list", "--group", ODD]
    shell.shows("sendoff put --existing \t", "overwrite", "skip", "fail")


PAGES = Path(__file__).parents[2] / "docs" / "how-to"


def in_the_next_session(name, once, folder):
    """What Tab does, once that was done."""
    with Shell(installed(name), folder, {}, before=once) as shell:
        return shell.words("sendoff put x --exi\tov\t")


def test_what_the_page_says_once_for_bash_holds_in_the_next_session(tmp_path):
    every_session, with_the_package = blocks("shell-completion.md", "bash")
    loads_it = "echo '. ~/.local/share/bash-completion/completions/sendoff' >> ~/.bashrc"  # as the package does, with the first Tab
    for number, once in enumerate((every_session, with_the_package + loads_it)):
        (folder := tmp_path / str(number)).mkdir()

        assert in_the_next_session("bash", once, folder) == ["put", "x", "--existing", "overwrite"]


def test_what_the_page_says_once_for_zsh_holds_in_the_next_session(tmp_path):
    assert in_the_next_session("zsh", blocks("shell-completion.md", "zsh")[0], tmp_path) == ["put", "x", "--existing", "overwrite"]


def test_what_the_page_says_once_for_fish_holds_in_the_next_session(tmp_path):
    assert in_the_next_session("fish", blocks("shell-completion.md", "fish")[0], tmp_path) == ["put", "x", "--existing", "overwrite"]


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("sendoff sho\t", ["show"]),
        ("sendoff --json sho\t", ["--json", "show"]),
        ("sendoff put --exi\t", ["put", "--existing"]),
        ("sendoff put --existing ov\t", ["put", "--existing", "overwrite"]),
        ("sendoff put --existing=ov\t", ["put", "--existing=overwrite"]),
        ("sendoff put --wait --recu\t --copy", ["put", "--wait", "--recursive", "--copy"]),
        ("sendoff host sta\ttu\t", ["host", "status"]),
        ("sendoff limit band\t", ["limit", "bandwidth"]),
        ("sendoff config explain limits.sp\t", ["config", "explain", "limits.spool"]),
        ("sendoff config explain destinations.arc\turl", ["config", "explain", "destinations.archive.url"]),
        ("sendoff list --status paused_rec\t", ["list", "--status", "paused_recoverable"]),
        ("sendoff put x --protocol tu\t", ["put", "x", "--protocol", "tus"]),
        ("sendoff put x --credential med\t", ["put", "x", "--credential", "media"]),
        ("sendoff put x arc\t2026/", ["put", "x", "archive:2026/"]),
        ("sendoff limit --destination arc\t", ["limit", "--destination", "archive"]),
    ],
)
def test_a_word_is_completed(typed, words, shell):
    assert shell.words(typed) == words


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("sendoff put x my\t", ["put", "x", "my place.txt"]),
        ("sendoff put fil\t", ["put", "film one.mkv"]),
        ("sendoff put it\t", ["put", "it's.txt"]),
        ("sendoff put 'fil\t", ["put", "film one.mkv"]),
        ('sendoff put "fil\t', ["put", "film one.mkv"]),
        ("sendoff put a\t", ["put", "a:b=c.txt"]),
        ("sendoff put ph\tone\t", ["put", "photos/one.jpg"]),
        ("sendoff put -r x arch\tx photos/o\t", ["put", "-r", "x", "archive:x", "photos/one.jpg"]),
        ("sendoff put --files-from fil\t", ["put", "--files-from", "film one.mkv"]),
        ("sendoff put --files-from=fil\t", ["put", "--files-from=film one.mkv"]),
        ("sendoff put --base ph\t", ["put", "--base", "photos/"]),
        ("sendoff put -- fil\t", ["put", "--", "film one.mkv"]),
        ("sendoff put me@ho\t", ["put", "me@home.txt"]),
        ("sendoff put me@\t", ["put", "me@home.txt"]),
        ("sendoff put a:b=\t", ["put", "a:b=c.txt"]),
        ("sendoff put x --then move:ph\t", ["put", "x", "--then", "move:photos/"]),
        ("sendoff put x --header @fil\t", ["put", "x", "--header", "@film one.mkv"]),
        ("sendoff put x --header @\tfil\t", ["put", "x", "--header", "@film one.mkv"]),
        ("sendoff post -F a=@fil\t", ["post", "-F", "a=@film one.mkv"]),
        ("sendoff post -F a=@\tfil\t", ["post", "-F", "a=@film one.mkv"]),
    ],
)
def test_a_file_is_completed_where_files_are_meant(typed, words, shell):
    assert [word.rstrip("/") for word in shell.words(typed)] == [word.rstrip("/") for word in words]  # zsh takes the / of a last word away


@pytest.mark.campaign
def test_what_is_queued_is_completed_by_number_id_and_group(shell, stage):
    number = str(stage.view(stage.colon)["number"])

    assert shell.words(f"sendoff show {stage.odd[:-2]}\t") == ["show", stage.odd]
    assert shell.words(f"sendoff show {stage.odd} {number}\t") == ["show", stage.odd, number]
    assert shell.words("sendoff list --group it\t") == ["list", "--group", ODD]
    assert shell.words("sendoff list --group a\t") == ["list", "--group", "a:b=c"]
    assert shell.words("sendoff list --group a:b\t") == ["list", "--group", "a:b=c"]
    assert shell.words("sendoff list --group=a:b=\t") == ["list", "--group=a:b=c"]
    assert shell.words("sendoff list --group 'a:\t") == ["list", "--group", "a:b=c"]
    assert shell.words('sendoff list --group "it\t') == ["list", "--group", ODD]


@pytest.mark.campaign
def test_several_are_shown(shell):
    shell.shows("sendoff put --existing \t", "overwrite", "skip", "fail")
    shell.shows("sendoff put x a\t", "archive:", "attic:", "a:b=c.txt")
    shell.shows("sendoff p\t", "put", "post", "pause", "plugins", "purge")


@pytest.mark.campaign
def test_what_is_nothing_stays_as_it_is(shell):
    assert shell.words("sendoff nothing-like-it x\t") == ["nothing-like-it", "x"]
    assert shell.words("sendoff put --label fil\t") == ["put", "--label", "fil"]
    assert shell.words("sendoff show --nothing\t") == ["show", "--nothing"]
