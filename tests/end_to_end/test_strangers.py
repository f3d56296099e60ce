"""Strangers' packages in a real host: each is installed as any would be, and harms only what needs it."""

import json
import subprocess
import sys

import pytest
import sendoff
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import Stage

SECRET = "s3cr3t-of-a-stranger"
TRANSPORT = """
from pathlib import PurePosixPath
from sendoff import Delivery, Target, Transport

class Strange(Transport):
    schemes = ("strange",)
    Settings = dict

    def target(self, name):
        return Target(f"{self.destination.url}{name}")

    def send(self, shipment):
        shipment.readinto(memoryview(bytearray(shipment.size)), 0)
        return Delivery(url=shipment.target.url, size=shipment.size)
"""
TALKING = f"""
import logging, sys
from sendoff import hookimpl

@hookimpl
def sendoff_queued(operation):
    print("printed: Authorization: Bearer {SECRET}")
    print("to stderr: https://me:{SECRET}@h/", file=sys.stderr)
    logging.getLogger("a.stranger").error("logged: password={SECRET}")
    raise ValueError("raised: token={SECRET}")
"""


@pytest.fixture
def stage(tmp_path):
    with Stage(tmp_path) as stage:
        yield stage


@pytest.fixture
def server(tmp_path):
    with Receiver(tmp_path / "landed") as server:
        yield server


def plugins(stage):
    """What ``sendoff plugins`` tells, by kind and name."""
    return {(one["kind"], one["name"], one["distribution"]): one for one in map(json.loads, stage.run("plugins", "--json").stdout.splitlines())}


@pytest.mark.fault(73, 76, 77, 100)
def test_every_plugin_is_shown_with_how_it_is_and_a_broken_one_takes_nothing_else_down(stage, server):
    stage.install("strange_carrier", "sendoff.transports", "strange = strange_carrier:Strange", TRANSPORT)
    stage.install("strange_library", "sendoff.sinks", "library = strange_library:Sink", "import a_library_that_is_missing")
    stage.install("strange_exit", "sendoff.hooks", "leaving = strange_exit", "import sys\nsys.exit(3)")
    stage.install("strange_one", "sendoff.hooks", "twin = strange_one", "")
    stage.install("strange_two", "sendoff.hooks", "twin = strange_two", "")
    stage.install("strange_old", "sendoff.credentials", "old = strange_old:Store", "", requires=["sendoff>=2,<3"])
    stage.install("strange_off", "sendoff.hooks", "off = strange_off", "1 / 0")
    stage.config.write_text('disabled = ["off"]\n')

    file, _ = stage.file(1000)
    stage.run("put", file, server.url, "--wait")
    stage.run("put", file, "strange://h/a", "--wait")
    found = plugins(stage)

    assert found["transports", "strange", "strange_carrier"]["state"] == "ok"
    library = found["sinks", "library", "strange_library"]
    assert (library["state"], "No module named 'a_library_that_is_missing'" in library["reason"]) == ("broken", True)
    assert "SystemExit: 3" in found["listeners", "leaving", "strange_exit"]["reason"]
    assert {found["listeners", "twin", one]["reason"] for one in ("strange_one", "strange_two")} == {
        "two distributions bring the listener 'twin': strange_one 1.0 and strange_two 1.0"
    }
    assert f"strange_old 1.0 asks for sendoff >=2,<3; this is {sendoff.__version__}" in found["credentials", "old", "strange_old"]["reason"]
    assert found["listeners", "off", "strange_off"]["state"] == "disabled"
    assert found["stores", "sqlite", "sendoff-sqlite"]["health"] == "in use"
    assert found["credentials", "env", "sendoff-credentials-basic"]["health"] == "usable"
    keys = {"kind", "name", "distribution", "version", "state", "reason", "health", "schemes", "capabilities", "hooks"}
    assert [one for one in found.values() if {*one} != keys] == []
    table = stage.run("plugins").stdout
    assert table.splitlines()[0].split() == ["KIND", "NAME", "DISTRIBUTION", "VERSION", "STATE", "REASON", "HEALTH", "SCHEMES", "CAPABILITIES"]
    assert "Aborting Bundling Probing Trusting" in table


WAITING = TRANSPORT.replace(
    "        shipment.readinto",
    "        from pathlib import Path\n        from sendoff import Transient\n"
    "        if not (Path(__file__).parent / 'go').exists():\n            raise Transient('not yet')\n        shipment.readinto",
)


@pytest.mark.fault(75)
@pytest.mark.parametrize("without", ["it is uninstalled", pytest.param("its library is missing", marks=pytest.mark.campaign)])
def test_what_needs_a_plugin_that_is_gone_after_a_restart_waits_and_goes_on_when_it_is_back(stage, without):
    stage.install("strange_carrier", "sendoff.transports", "strange = strange_carrier:Strange", WAITING)
    stage.config.write_text('[retry]\nbackoff = ["0.1s", "0.2s"]\n')
    packages = stage.folder / "packages"
    facts, module = packages / "strange_carrier-1.0.dist-info", packages / "strange_carrier.py"
    file, _ = stage.file(1000)
    (id,) = stage.put(file, "strange://h/a")
    stage.until(id, reason="backoff")

    stage.kill_host()
    if without == "it is uninstalled":
        facts.rename(packages / "elsewhere")
    else:
        module.write_text("import a_library_that_is_missing\n")
    waits = stage.until(id, reason="plugin_missing")
    assert waits["status"] == "paused_system_policy"
    assert "strange" in waits["reason_text"]

    stage.run("host", "stop")
    if without == "it is uninstalled":
        (packages / "elsewhere").rename(facts)
    module.write_text(WAITING)
    (packages / "go").touch()
    stage.until(id, status="completed")


@pytest.mark.campaign
@pytest.mark.fault(77)
def test_a_plugin_that_is_slow_to_load_keeps_nobody_else(stage, server):
    stage.install("strange_slow", "sendoff.sinks", "slow = strange_slow:Sink", "import threading\nthreading.Event().wait(600)")
    stage.install("strange_first", "sendoff.transports", "aaa = strange_first:Strange", "import threading\nthreading.Event().wait(600)")
    file, _ = stage.file(1000)

    stage.run("put", file, server.url, "--wait")
    found = plugins(stage)

    assert "is still loading" in found["sinks", "slow", "strange_slow"]["reason"]
    assert "is still loading" in found["transports", "aaa", "strange_first"]["reason"]


@pytest.mark.fault(78)
@pytest.mark.parametrize("here", [pytest.param((), id="a host"), pytest.param(("--here",), id="--here", marks=pytest.mark.campaign)])
def test_what_a_plugin_prints_logs_or_raises_is_filtered_and_never_a_result(stage, server, here):
    stage.install("strange_talk", "sendoff.hooks", "talking = strange_talk", TALKING)
    file, _ = stage.file(1000)

    done = stage.run("put", "--json", file, server.url, "--wait", *here)
    if not here:
        stage.run("host", "stop")

    assert [json.loads(line) for line in done.stdout.splitlines()]
    assert "printed" not in done.stdout + done.stderr
    log = stage.log()
    assert [word for word in ("printed:", "to stderr:", "logged:", "raised:") if word not in log] == []
    assert SECRET not in log + done.stdout + done.stderr
    assert "listener talking failed on sendoff_queued" in log


@pytest.mark.parametrize("level", ["info", "error"])
def test_every_call_of_a_listener_is_traced_where_that_is_asked_for(stage, server, level):
    stage.install("strange_talk", "sendoff.hooks", "talking = strange_talk", TALKING)
    stage.config.write_text(f'[host]\nlog_level = "{level}"\n')
    stage.environment["SENDOFF_TRACE_HOOKS"] = "1"
    file, _ = stage.file(1000)

    stage.run("put", file, server.url, "--wait")
    stage.run("host", "stop")

    assert "sendoff_queued -> talking: raised ValueError after" in stage.log()


@pytest.mark.parametrize(("value", "traced"), [("1", True), ("0", False), ("", False)])
def test_a_program_without_a_log_has_the_traces_on_its_standard_error(stage, server, value, traced):
    stage.install("strange_talk", "sendoff.hooks", "talking = strange_talk", TALKING)
    file, _ = stage.file(1000)
    code = f"import sendoff\nwith sendoff.connect(mode='embedded') as client:\n    client.put({file!r}, {server.url!r}).wait(timeout=60)"

    done = subprocess.run(
        [sys.executable, "-c", code], env=stage.environment | {"SENDOFF_TRACE_HOOKS": value}, capture_output=True, text=True, timeout=120
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert ("sendoff_queued -> talking: raised ValueError after" in done.stderr) == traced


@pytest.mark.campaign
@pytest.mark.fault(100)
def test_where_the_library_of_a_driver_is_missing_that_driver_says_so_and_the_others_work(stage, server):
    """boto3 is hidden, as it is where somebody has installed sendoff-s3 without what it needs."""
    hidden = stage.folder / "hidden"
    hidden.mkdir()
    for name in ("boto3", "botocore"):
        (hidden / f"{name}.py").write_text(f"raise ModuleNotFoundError(\"No module named '{name}'\", name='{name}')\n")
    stage.environment["PYTHONPATH"] = str(hidden)
    file, _ = stage.file(1000)

    bucket = stage.run("put", file, "s3://bucket/a", "--wait", "--json", fine=(1, 2, 6))
    stage.run("put", file, server.url, "--wait")

    assert "botocore" in bucket.stdout + bucket.stderr or "boto3" in bucket.stdout + bucket.stderr
