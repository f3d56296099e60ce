"""What may stand next on a command line, without a shell: places, words, names and bash's quotes."""

import subprocess
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sendoff.cli.commands import COMMANDS, parser_of
from sendoff.cli.completion import quoting
from sendoff.cli.completion.slots import at
from sendoff.cli.new_plugin.kind import KINDS
from sendoff.desk.place import Place
from sendoff.errors import HostUnavailable

CONFIG = """
[destinations.archive]
url = "https://h/archive/?sig=secret"
[destinations.lab]
url = "sftp://me:word@h/in/"
[credentials.media]
use = "env"
[limits]
concurrency = 4
"""


@pytest.fixture
def offered(told, tmp_path):
    """What is offered at the end of these words: each by its word."""
    (tmp_path / "sendoff.toml").write_text(CONFIG)

    def offer(*words, shell="fish"):
        answer = told("completion", "--line", shell, "--", *words)
        assert (answer.code, answer.err) == (0, "")
        paths, *lines = answer.out.split("\n")[:-1]
        found = dict(line.partition("\t")[::2] for line in lines)
        return found | ({f"<{paths}>": ""} if paths else {})

    return offer


# -- places ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("usage", "found"),
    [
        ("[options] SOURCE... DESTINATION", [["SOURCE"], ["SOURCE", "DESTINATION"], ["SOURCE", "DESTINATION"]]),
        ("[options] [FILE...] URL", [["FILE", "URL"], ["FILE", "URL"]]),
        ("ID...", [["ID"], ["ID"]]),
        ("[--forget] DESTINATION [FINGERPRINT]", [["DESTINATION"], ["FINGERPRINT"], []]),
        ("{set,list,remove} [options] [NAME]", [["set", "list", "remove"], ["NAME"], []]),
        ("[{bash,zsh,fish}]", [["bash", "zsh", "fish"], []]),
        ("", [[]]),
    ],
)
def test_a_usage_says_what_may_stand_where(usage, found):
    assert [at(usage, position) for position in range(len(found))] == found


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_of_every_command_is_offered_and_none_twice(command, offered):
    options = {max(action.option_strings, key=len) for action in parser_of(command).known()}

    assert {*offered(command, "-")} == options
    assert "--app" not in offered(command, "--app", "x", "-")


# -- words and names ---------------------------------------------------------------------------------------------------


def test_commands_come_first_and_after_what_may_stand_before_them(offered):
    assert {*offered("")} == {*COMMANDS}
    assert {*offered("-q", "--app", "x", "sch")} == {"schema"}
    assert {*offered("--ver")} == {"--version", "--verbose"}
    assert offered("nothing-like-it", "") == {}


def test_a_value_is_what_its_option_takes(offered):
    assert {*offered("put", "--existing", "")} == {"overwrite", "skip", "fail"}
    assert {*offered("put", "--existing=s")} == {"--existing=skip"}
    assert {*offered("put", "--files-from", "")} == {"<files>"}
    assert {*offered("put", "--base=")} == {"<folders>"}
    assert offered("put", "--label", "") == {}
    assert offered("set", "--url", "") == {}
    assert {*offered("put", "--then", "")} == {"delete", "move:"}
    assert "verify=" in offered("put", "-o", "ver")
    assert "queued" in offered("list", "--reason", "q")
    assert {*offered("put", "--idempotency-key", "--wai")} == {"--wait"}


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("host", {"start", "status", "stop", "run", "install", "uninstall"}),
        ("credentials", {"set", "list", "remove"}),
        ("completion", {"bash", "zsh", "fish"}),
        ("config", {"path", "show", "explain", "init", "edit"}),
        ("limit", {"bandwidth", "concurrency"}),
        ("new-plugin", {kind.word for kind in KINDS}),
    ],
)
def test_a_word_that_is_one_of_a_few_is_offered(command, words, offered):
    assert {*offered(command, "")} == words


def test_after_two_dashes_nothing_is_an_option(offered):
    assert {*offered("put", "--", "--existing", "")} == {"<files>", "archive:", "lab:"}
    assert {*offered("put", "--", "--exi")} == {"<files>"}


def test_what_was_written_may_be_repeated_only_where_that_has_a_meaning(offered):
    assert {*offered("put", "--include", "x", "--wait", "--include", "y", "--inc")} == {"--include"}
    assert offered("put", "--wait", "--wai") == {}


def test_the_configuration_gives_names_and_shows_no_secret(offered):
    assert offered("put", "a", "ar") == {"archive:": "https://h/archive/", "<files>": ""}
    assert offered("trust", "l") == {"lab:": ""}
    assert {*offered("limit", "--destination", "")} == {"archive", "lab"}
    assert "media" in offered("put", "--credential", "m")
    assert "keyring:" in offered("credentials", "set", "key")
    assert offered("credentials", "list", "") == {}
    assert {*offered("config", "explain", "destinations.archive.u")} == {"destinations.archive.url", "destinations.archive.use"}
    assert offered("config", "show", "") == {}


def test_an_unreadable_configuration_has_no_names(offered, tmp_path):
    (tmp_path / "sendoff.toml").write_text("[destinations")

    assert {*offered("put", "a", "")} == {"<files>"}


def test_operations_are_offered_by_number_and_by_the_id_that_was_begun(desk, offered):
    desk.add("0198-aa", group="g 1", batch="b-1").add("0198-bb", group=None, batch="b-2").add("x\x1b[2J", batch="b-2")

    assert {*offered("show", "")} == {"1", "2", "3"}
    assert {*offered("show", "2", "")} == {"1", "3"}
    assert {*offered("show", "0198-a")} == {"0198-aa"}
    assert offered("show", "x") == {}  # what could move a cursor is no word
    assert "0198-aa  running  https://h/0198-aa" in offered("show", "0198-a").values()
    assert {*offered("list", "--batch", "")} == {"b-1", "b-2"}
    assert offered("list", "--batch=b-2") == {"--batch=b-2": "0198-bb and 1 more"}
    assert {*offered("list", "--group", "")} == {"g 1"}


def test_a_host_is_asked_and_none_is_started(tmp_path, capsys):
    from io import StringIO

    from sendoff.cli.main import run

    asked, out = [], StringIO()

    def opening(place, spawn):
        asked.append((place.state, spawn))
        raise HostUnavailable("no host runs")

    def placing(options):
        return Place(state=str(options.state_dir or tmp_path), config=str(tmp_path / "none"), app=options.app or "default")

    assert run(["completion", "--line", "zsh", "--", "--state-dir", "/s", "show", ""], out, StringIO(), placing, opening) == 0
    assert (asked, out.getvalue()) == ([("/s", False)], "\n")


def test_a_host_that_does_not_answer_is_not_waited_for(desk, offered, monkeypatch):
    from threading import Event

    over = Event()

    def page(*_, **__):
        over.wait(30)
        raise HostUnavailable("no host runs")

    monkeypatch.setattr(desk, "page", page)
    try:
        begun = time.monotonic()
        assert offered("show", "") == {}
        assert time.monotonic() - begun < 10
    finally:
        over.set()


# -- bash --------------------------------------------------------------------------------------------------------------


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=20), st.sampled_from(["", "'", '"']))
def test_what_is_written_for_bash_is_read_as_it_was(text, quote):
    assert quoting.read(quote + quoting.write(text, quote)) == (text, quote)


def test_bash_itself_reads_what_is_written_for_it():
    texts = ['it\'s "night" $HOME; (a&b) c\\d', "a:b=c", "*?[x]{1,2}~", "#x !y `z`", "über ø", "-n", "a\tb", "$'x'"]
    lines = [f"{quote}{quoting.write(text, quote)}{quote}" for text in texts for quote in ("", "'", '"')]

    done = subprocess.run(["bash", "-c", f"printf '%s\\0' {' '.join(lines)}"], capture_output=True, text=True, check=True)

    assert done.stdout.split("\0")[:-1] == [text for text in texts for _ in range(3)]


def test_bash_gets_what_comes_after_the_beginning_that_it_takes_for_other_words(offered, desk):
    desk.add("a", group="a:b=c d")

    assert {*offered("list", "--group", "a:", "b", shell="bash")} == {"b=c\\ d"}
    assert {*offered("list", "--group", "", "'a", shell="bash")} == {"a:b=c d"}
    assert {*offered("put", "--existing=", "ov", shell="bash")} == {"overwrite"}


def test_beside_destinations_bash_gets_files_too(offered, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "archived files").mkdir()
    (tmp_path / ".archived").touch()

    assert {*offered("put", "x", "", "arch", shell="bash")} == {"archive:", "archived\\ files/"}
    assert {*offered("put", "x", "", "sta", shell="bash")} == {"<files>"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "media").mkdir()
    for name in ("item.txt", "it's", "x=y.txt", "me@home", "archive"):
        (tmp_path / name).touch()


@pytest.mark.usefixtures("folder")
def test_a_path_within_a_value_is_offered_in_every_shell(offered):
    assert {*offered("put", "x", "--then", "move:m")} == {"move:media/"}
    assert {*offered("put", "x", "--then=move:")} == {"--then=move:media/"}
    assert {*offered("post", "-F", "a=@it")} == {"a=@item.txt", "a=@it's"}
    assert {*offered("post", "--form=a=<item")} == {"--form=a=<item.txt"}
    assert {*offered("put", "--header", "@it")} == {"@item.txt", "@it's"}
    assert offered("put", "--header", "it") == offered("post", "--form-string", "a=@it") == {}


@pytest.mark.usefixtures("folder")
def test_bash_gets_the_files_whose_names_it_would_take_apart(offered):
    assert {*offered("put", "x=", "", shell="bash")} == {"y.txt"}
    assert {*offered("put", "me", "@ho", shell="bash")} == {"@home"}
    assert {*offered("put", "x", "--then", "move:", "m", shell="bash")} == {"media/"}
    assert {*offered("post", "-F", "a=", "@it", shell="bash")} == {"@item.txt", "@it\\'s"}
    assert offered("put", "x", "archive:", "it", shell="bash") == {}  # nothing here is below that


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shell", "others"), [("/usr/bin/zsh", ["bash", "fish"]), ("/bin/tcsh", [])])
def test_without_a_word_it_says_what_to_do_in_the_shell_at_hand(shell, others, told, monkeypatch):
    monkeypatch.setenv("SHELL", shell)

    answer = told("completion")

    assert answer.code == 0 and "sendoff completion zsh" in answer.out
    assert not any(f"sendoff completion {one}" in answer.out for one in others)


def test_another_shell_is_refused(told):
    assert told("completion", "tcsh").code == 2
    assert told("completion", "bash", "zsh").code == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_is_an_object_with_json(shell, told):
    assert told("completion", shell, "--json").objects == [{"shell": shell, "script": told("completion", shell).out}]
