"""Programs that tests ask: scripts of their own, and a credential helper of git's that keeps a file."""

import json
import sys

from sendoff import Credential, Secret
from sendoff_credentials_basic.command import CommandCredentials

HELPER = """
import json, pathlib, sys
path = pathlib.Path({path!r})
held = json.loads(path.read_text()) if path.exists() else {{}}
asked = dict(line.rstrip("\\n").split("=", 1) for line in sys.stdin if "=" in line)
with open({log!r}, "a") as log:
    print(json.dumps([sys.argv[1], asked]), file=log)
if sys.argv[1] == "store":
    held = asked
elif sys.argv[1] == "erase" and asked.get("password") in (None, held.get("password")):
    held = {{}}
elif sys.argv[1] == "get" and held.get("host") == asked.get("host"):
    print("".join(f"{{key}}={{value}}\\n" for key, value in {{**held, **{more!r}}}.items()), end="")
path.write_text(json.dumps(held))
"""


def program(path, text):
    """An executable file that does this."""
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o700)
    return str(path)


def made(toolkit, *argv, **settings):
    return CommandCredentials(CommandCredentials.Settings(argv=argv, **settings), toolkit)


def shell(toolkit, text, **settings):
    return made(toolkit, "/bin/sh", "-c", text, **settings)


def of_git(toolkit, *argv, **settings):
    return made(toolkit, *argv, protocol="git", **{"url": "https://forge.example/team", **settings})


def helper_in(folder, **more):
    """A helper of git's that keeps what it is told in a folder, and says more than that."""
    return program(folder / "helper.py", HELPER.format(path=str(folder / "held"), log=str(folder / "log"), more=more))


def asked(folder):
    """What that helper was asked, each time."""
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


def login(secret="s3cret", username="me", **more):
    return Credential(kind="basic", username=username, secret=Secret(secret), **more)
