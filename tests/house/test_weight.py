"""What a command and a plugin load, read from the interpreter itself."""

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = {"asyncio", "ssl", "http.client", "pydantic", "stevedore", "pluggy", "httpx", "prompt_toolkit", "pathspec"}
GROUPS = ("transports", "stores", "credentials", "sinks", "networks", "http_protocols", "hooks")
LIBRARIES = {
    "apprise",
    "azure",
    "jeepney",
    "opentelemetry",
    "prometheus_client",
    "httpx",
    "httpcore",
    "boto3",
    "botocore",
    "urllib3",
    "paramiko",
    "psycopg",
    "keyring",
    "asyncio.events",
    "rich",
}
LEAVES = [entry for group in GROUPS for entry in entry_points(group=f"sendoff.{group}") if entry.module.startswith("sendoff_")]


def run(*words, environment, fine=(0,)):
    """One command with the interpreter telling every module that it loads; its standard output, and those names."""
    done = subprocess.run([sys.executable, "-X", "importtime", "-m", "sendoff", *words], env=environment, capture_output=True, text=True, timeout=60)
    told = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    said = [line for line in done.stderr.splitlines() if not line.startswith("import time:")]

    assert done.returncode in fine, (words, done.stdout, said)
    return done.stdout, {line.rpartition("|")[2].strip() for line in told}


@pytest.fixture(scope="module")
def queued(tmp_path_factory):
    """A host that runs, and an operation that waits for a server that is not there."""
    folder = tmp_path_factory.mktemp("weight")
    (folder / "a.bin").write_bytes(b"x" * 100)
    environment = {**os.environ, "SENDOFF_STATE_DIR": str(folder / "state")}
    subprocess.run([sys.executable, "-m", "sendoff", "host", "start"], env=environment, check=True, capture_output=True, timeout=60)
    try:
        put, _ = run("put", str(folder / "a.bin"), "http://127.0.0.1:9/a.bin", "--json", environment=environment)
        yield environment, json.loads(put)["id"], folder
    finally:
        subprocess.run([sys.executable, "-m", "sendoff", "host", "stop"], env=environment, capture_output=True, timeout=60)


VERBS = [
    ("-q",),  # the overview
    ("list",),
    ("show", "ID"),
    ("events", "ID"),
    ("put", "FILE", "http://127.0.0.1:9/b.bin"),
    ("post", "-F", "a=b", "FILE", "http://127.0.0.1:9/form"),
    ("wait", "ID", "--timeout", "0.2"),
    ("pause", "ID"),
    ("resume", "ID"),
    ("cancel", "ID"),
    ("retry", "ID"),
    ("move", "ID", "--first"),
    ("set", "ID", "--label", "x"),
    ("gc",),
    ("receipt", "ID"),
    ("response", "ID"),
    ("host", "status"),
    ("completion", "--line", "fish", "--", "show", ""),
    ("completion", "--line", "fish", "--", "list", "--group", ""),
]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_verb_loads_nothing_heavy(verb, queued):
    environment, id, folder = queued
    words = [{"ID": id, "FILE": str(folder / "a.bin")}.get(word, word) for word in verb]

    _, loaded = run(*words, environment=environment, fine=(0, 1, 2, 3))

    assert "sendoff.desk.client" in loaded, "the verb did not get as far as the desk"
    assert not {name for name in loaded if name in HEAVY or name.partition(".")[0] in HEAVY}


@pytest.mark.parametrize("line", [("config", "explain", ""), ("put", "a", ""), ("put", "--protocol", ""), ("list", "--reason", "")], ids=" ".join)
def test_a_tab_loads_nothing_heavy(line):
    said, loaded = run("completion", "--line", "zsh", "--", *line, environment=dict(os.environ))

    assert said.strip(), "nothing was offered"
    assert not {name for name in loaded if name in HEAVY or name.partition(".")[0] in HEAVY}


@pytest.mark.parametrize("entry", LEAVES, ids=lambda entry: f"{entry.group.removeprefix('sendoff.')}-{entry.name}")
def test_a_driver_is_loaded_without_its_library(entry):
    """A driver's class is looked at often and used rarely: it gets its library when it sends."""
    wanted = f"from {entry.module} import {entry.attr}" if entry.attr else f"import {entry.module}"
    code = f"import sys; {wanted}; print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    assert not {name for name in done.stdout.split() if name in LIBRARIES}


def test_every_leaf_has_a_driver_that_is_looked_at():
    modules = {entry.module.partition(".")[0] for entry in LEAVES}

    assert {path.parent.name for room in ("plugins", "contrib") for path in ROOT.glob(f"{room}/*/*/sendoff_*/__init__.py")} == modules
