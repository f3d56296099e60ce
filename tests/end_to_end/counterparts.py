"""The counterparts of our own drivers: what ``--store sqlite``, ``--transport http`` and ``--sink command`` and their kin mean."""

import hashlib
import json
import sys
import tempfile
from pathlib import Path
from urllib.parse import quote

import pytest
from sendoff.testing.counterpart import Counterpart, SinkCounterpart, TransportCounterpart
from sendoff.testing.openssh import OpenSsh
from sendoff.testing.receiver import Receiver

from tests.servers.s3 import BUCKET, Seaweed

# what a host that dies in that moment has not told to its end is no notice: the next one tells it again
TELLS = "import json, sys; open({place!r}, 'a').write(json.dumps(json.loads(sys.stdin.read())) + chr(10))"


def name_of(folder):
    """A word for a state folder, the same each time."""
    return hashlib.sha256(str(folder).encode()).hexdigest()[:12]


class Sqlite(Counterpart):
    """A file in the state folder."""

    driver = "sqlite"


class Roomy(Sqlite):
    """The same, with a key in its section: shows that every command and host of the suite is told what a counterpart says."""

    def section(self, folder):
        return {"max_size": "4G"}


class Placed:
    """What has a folder of its own as long as the run lasts."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="sendoff-counterpart-")
        self.server = self.open(Path(self.folder.name))
        return self

    def __exit__(self, *_):
        self.server.close()
        self.folder.cleanup()


class Http(Placed, TransportCounterpart):
    """Our own receiver, which keeps no half-done upload."""

    driver = "http"

    def open(self, folder):
        return Receiver(folder).open()

    def section(self, folder):
        return {"url": f"{self.server.url}{name_of(folder)}/"}

    def landed(self, folder, name):
        try:
            return self.server.stored(f"{name_of(folder)}/{quote(str(name))}")
        except FileNotFoundError:
            return None


class S3(Placed, TransportCounterpart):
    """SeaweedFS."""

    driver = "s3"

    def open(self, folder):
        if Seaweed.missing():
            pytest.skip(Seaweed.missing())
        server = Seaweed(folder).open()
        self.client = server.client()
        return server

    def section(self, folder):
        return {"url": f"s3://{BUCKET}/{name_of(folder)}/", "endpoint_url": self.server.url}

    def environment(self, folder):
        return self.server.environment

    def landed(self, folder, name):
        try:
            return self.client.get_object(Bucket=BUCKET, Key=f"{name_of(folder)}/{name}")["Body"].read()
        except self.client.exceptions.NoSuchKey:
            return None

    def unfinished(self, folder):
        found = self.client.list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])
        return [one["Key"] for one in found if one["Key"].startswith(f"{name_of(folder)}/")]


class Sftp(Placed, TransportCounterpart):
    """OpenSSH."""

    driver = "sftp"

    def open(self, folder):
        if OpenSsh.missing():
            pytest.skip(f"OpenSSH is missing: {OpenSsh.missing()}")
        return OpenSsh(folder / "sshd")

    def section(self, folder):
        return {
            "url": self.server.url(f"{name_of(folder)}/"), "identity_file": str(self.server.user_key), "host_keys": str(self.server.known_hosts),
            "ssh_config": "none", "agent": False, "make_folders": "all",
        }  # fmt: skip

    def landed(self, folder, name):
        path = self.server.root / name_of(folder) / name
        return path.read_bytes() if path.is_file() else None

    def unfinished(self, folder):
        return [path.name for path in (self.server.root / name_of(folder)).rglob(".*") if path.is_file()]


class Command(SinkCounterpart):
    """A program that writes down what it is told."""

    driver = "command"

    def section(self, folder):
        return {"argv": [sys.executable, "-c", TELLS.format(place=str(self._place(folder)))]}

    def delivered(self, folder):
        place = self._place(folder)
        return [json.loads(line) for line in place.read_text().splitlines()] if place.exists() else []

    def _place(self, folder):
        return folder.with_name(f"{folder.name}-told")


class Log(SinkCounterpart):
    """Lines of the host's log."""

    driver = "log"

    def section(self, folder):
        return {"to": "log"}

    def delivered(self, folder):
        log = folder / "host.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [json.loads(notice) for line in lines for _, mark, notice in [line.partition(" notice=")] if mark]


class Webhook(Placed, SinkCounterpart):
    """Our own receiver, asked for by HTTP."""

    driver = "webhook"

    def open(self, folder):
        return Receiver(folder).open()

    def section(self, folder):
        return {"url": f"{self.server.url}{name_of(folder)}"}

    def delivered(self, folder):
        kept = sorted(self.server.folder.glob(f"{name_of(folder)}*"), key=lambda path: int(path.name.partition("~")[2] or 1))
        return [_plain(json.loads(path.read_bytes())) for path in kept]


def _plain(event):
    """The notice's own document in an event."""
    return {"id": event["id"], "type": event["type"].removeprefix("sendoff."), "time": event["time"], **event["data"]}


OURS = {"store": (Sqlite,), "transport": (Http, S3, Sftp), "sink": (Command, Log, Webhook)}
