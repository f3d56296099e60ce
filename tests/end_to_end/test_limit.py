"""``sendoff limit``: what a running host may use, shown, changed and kept."""

import json
import re
import shlex
import tomllib
from pathlib import Path

from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import MIB

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "bandwidth.md").read_text()
WORK = "08:00,512k 12:00,10M:100k 23:00,off"


def limits(stage, *words):
    return json.loads(stage.run("limit", *words, "--json").stdout)


def test_a_limit_holds_at_once_for_what_is_running_and_its_end_lets_it_go(stage):
    path, digest = stage.file(4 * MIB)
    with Receiver() as receiver:
        stage.run("limit", "bandwidth", "64k")
        (id,) = stage.put(path, f"{receiver.url}a")
        receiver.wait_for(bytes=16 * 1024)
        running = json.loads(stage.run("show", id, "--json").stdout)
        assert running["status"] == "running" and running["progress"]["bytes_sent"] < MIB

        stage.run("limit", "bandwidth", "off")
        stage.run("wait", id)
    (request,) = receiver.requests
    assert request.sha256 == digest


def test_what_is_asked_for_is_told_by_limit_and_by_host_status(stage):
    stage.config.write_text('[destinations.lab]\nurl = "https://lab.example/in/"\n')
    stage.run("limit", "bandwidth", WORK, "concurrency", "3")
    told = limits(stage, "bandwidth", "1M", "--destination", "lab")
    assert (told["bandwidth"], told["concurrency"], told["destinations"]["lab"]["bandwidth"]) == (WORK, 3, "1M")
    assert told["unsaved"] == ["limits.bandwidth", "limits.concurrency", "destinations.lab.bandwidth"] and told["until"].endswith("Z")

    status = json.loads(stage.run("host", "status", "--json").stdout)
    assert status["limits"] == told
    assert f"({WORK})" in stage.run("host", "status").stdout
    shown = stage.run("limit")
    assert "to lab       1.0 MiB/s" in shown.stdout and "until the host ends" in shown.stderr


def test_what_is_not_saved_ends_with_the_host_and_what_is_saved_stays(stage):
    stage.config.write_text('# mine\n[destinations.lab]\nurl = "https://lab.example/in/" # the lab\n')
    stage.run("limit", "concurrency", "3")
    stage.run("host", "stop")
    assert limits(stage)["concurrency"] == 16

    stage.run("limit", "concurrency", "5", "--destination", "lab")
    stage.run("limit", "bandwidth", WORK, "--save")
    written = stage.config.read_text()
    assert written.startswith("# mine\n") and "# the lab" in written
    assert tomllib.loads(written) == {"destinations": {"lab": {"url": "https://lab.example/in/", "concurrency": 5}}, "limits": {"bandwidth": WORK}}
    stage.run("host", "stop")
    told = limits(stage)
    assert (told["bandwidth"], told["destinations"]["lab"]["concurrency"], told["unsaved"]) == (WORK, 5, [])


def test_a_section_that_is_gone_keeps_nothing_from_being_saved(stage):
    stage.config.write_text('[destinations.lab]\nurl = "https://lab.example/in/"\n')
    stage.run("limit", "bandwidth", "1M", "--destination", "lab")
    stage.config.write_text("# no lab any more\n")
    stage.run("limit", "bandwidth", "2M", "--save")
    assert tomllib.loads(stage.config.read_text()) == {"limits": {"bandwidth": "2M"}}
    assert limits(stage)["destinations"] == {}


def test_what_makes_no_sense_is_exit_code_2_and_one_sentence(stage):
    for words, said in (
        (("bandwidth", "fast"), "bandwidth: 'fast' is no rate"), (("bandwidth", "08:00,1M 25:00,off"), "the entry '25:00,off' has no time of day '25:00'"),
        (("bandwidth", "1M", "--destination", "lab"), "there is no [destinations.lab]"), (("concurrency", "none"), "concurrency none"),
    ):  # fmt: skip
        refused = stage.run("limit", *words, fine=(2,))
        assert said in refused.stderr and not refused.stdout
    error = json.loads(stage.run("limit", "bandwidth", "fast", "--json", fine=(2,)).stderr)["error"]
    assert error["code"] == "invalid_argument"


def test_the_page_is_played_as_it_is_written(stage):
    (section,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    stage.config.write_text(section)
    for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            stage.run(*shlex.split(line)[1:])
    stage.run("limit", "bandwidth", "500k", "--destination", "archive")
    told = limits(stage)
    assert told["bandwidth"] == "08:00,512k 19:00,10M 23:00,off" and told["unsaved"] == ["destinations.archive.bandwidth"]
    assert (told["destinations"]["archive"]["rate"], told["destinations"]["archive"]["concurrency"]) == (500 * 1024, 2)
    for written in re.findall(r"^\| `([^`]+)`", PAGE, re.MULTILINE):
        stage.run("limit", "bandwidth", written)
