"""The page about Python is true: its examples run as they stand, and it leaves no name out."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest
import sendoff
from sendoff.api.client import Client
from sendoff.api.options import NAMES
from sendoff.desk.place import find_place
from sendoff.testing.receiver import Receiver

from tests.end_to_end.stage import MIB

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reference" / "python.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
CLASSES = (Client, sendoff.UploadOperation, sendoff.UploadHandle, sendoff.Batch, sendoff.BackgroundUploader, sendoff.CompletionGroup, sendoff.CompletionDetails)
INNER = {"looked", "progressed", "gave_up", "leave", "seen", "stream"}  # for the other parts of the face
CONFIGURATION = """
[destinations.archive]
url = "{url}"

[retry]
backoff = ["0.05s", "0.1s"]
"""


@pytest.mark.parity("F22", "F60")
def test_an_uploader_and_an_operation_are_what_their_protocols_say(stage):
    """The names at least; their types are for a type checker: ``tests/typing``."""
    with sendoff.connect(state_dir=stage.state, config=stage.config) as client:
        uploader = sendoff.BackgroundUploader(client)
        operation = uploader.create_upload("http://127.0.0.1:9/a", b"x")
        for made, protocol in ((uploader, sendoff.TransferConfig), (operation, sendoff.TransferOperation)):
            names = {*protocol.__annotations__, *(name for name in vars(protocol) if not name.startswith("_"))}
            assert [name for name in names if not hasattr(made, name)] == []


def test_every_example_runs_as_it_stands(stage, tmp_path):
    with Receiver(tmp_path / "received") as receiver:
        stage.config.write_text(CONFIGURATION.format(url=receiver.url))
        stage.file(MIB, "a.iso")
        (stage.folder / "reports.py").write_text(next(one for one in EXAMPLES if one.startswith("# reports.py")))
        del stage.environment["SENDOFF_STATE_DIR"]
        stage.environment["XDG_STATE_HOME"] = str(stage.folder / "home")
        stage.place = find_place(stage.environment)
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", "\n".join(EXAMPLES)], cwd=stage.folder, env=stage.environment, capture_output=True, text=True, timeout=120
        )

    assert done.returncode == 0, done.stdout + done.stderr
    assert len(EXAMPLES) >= 10
    assert {
        "/2026/a.iso",
        "/logs/today.txt",
        "/copy.iso",
        "/1",
        "/3",
        "/backup.iso",
        "/awaited.iso",
        "/later.iso",
        "/ticket.iso",
        "/watched.iso",
        "/posted.iso",
        "/up",
        "/1.iso",
        "/2.iso",
        "/one",
        "/two",
        "/related",
    } == {request.path for request in receiver.requests if request.complete}
    assert "CANNOT_CONNECT" in done.stdout or "SERVER_UNREACHABLE" in done.stdout


def test_no_public_name_is_left_out():
    words = set(re.findall(r"\w+", PAGE))
    names = {name for name, module in sendoff._MODULE_OF.items() if module.startswith("api.")}
    members = {name for kind in CLASSES for name, _ in inspect.getmembers(kind) if not name.startswith("_")} - INNER

    assert (names | members | set(NAMES)) - words == set()
