"""The page about Python is true: its examples run as they stand, it leaves no name out, and what it says is typed."""

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
WELL = """
from pathlib import Path
import sendoff

def report(progress: sendoff.UploadProgress) -> None:
    print(progress.bytes_sent / progress.total_bytes)

operation: sendoff.UploadOperation = sendoff.put(Path("a.iso"), "archive:2026/", metadata={"order": 42}, priority="high", patience="5m")
receipt = operation.wait(timeout=3600).receipt
size: int = receipt.size if receipt is not None else 0
group: sendoff.TransferGroup = sendoff.TransferGroup.create("night")
group.behavior = sendoff.TransferBehavior.SERIALIZED
of: sendoff.TransferGroup | None = operation.transfer_group
operation.make_current_in_group()
batch: sendoff.Batch = sendoff.put_many([("a.iso", "archive:1"), (b"x", "archive:2", {"label": "x"})], group="night")
problems: list[tuple[int, sendoff.SendoffError]] = list(batch.errors)
names: list[str | None] = [found.label for found in sendoff.find(status=sendoff.TransferStatus.ERROR, batch=batch)]
last = [event.seq for event in sendoff.events(after=0, follow=False, operation=operation)]
handle: sendoff.UploadHandle = operation.attach(report)

async def program() -> int:
    async with await sendoff.aconnect(mode="embedded") as client:
        found = await client.aput(open("a.iso", "rb"), "https://h.example/a")
        done: sendoff.UploadOperation = await found.attach()
        async for progress in found.attach():
            report(progress)
        return sum([event.seq async for event in client.aevents()]) + done.number

parts = [sendoff.ContentPart("a").set_text("1"), sendoff.ContentPart("b", "b.bin").set_stream(open("a.iso", "rb"))]
posted: sendoff.UploadOperation = sendoff.post("https://h.example/up", parts, idempotency_key=True)
sizes: list[int] = [part.size for part in posted.parts]
uploader = sendoff.BackgroundUploader(sendoff.connect())
uploader.method = "PUT"
with uploader.batch() as night:
    uploader.create_upload("https://h.example/b", "a.iso")
both: int = len(night)
with sendoff.CompletionGroup() as completion:
    completion.on_complete("reports:all_done")
    member = sendoff.BackgroundUploader(completion_group=completion).create_upload("https://h.example/c", "a.iso")
enabled: bool = completion.is_enabled

def all_done(details: sendoff.CompletionDetails) -> None:
    failed: list[sendoff.UploadOperation] = [one for one in details.uploads if one.error is not None]
    print(details.key, len(failed))
uploader.proxy_credential = sendoff.Credential(username="p", secret=sendoff.Secret("w"))
config: sendoff.TransferConfig = uploader
config.cost_policy = sendoff.CostPolicy.ALWAYS
transfer: sendoff.TransferOperation = operation
transfer.priority = sendoff.TransferPriority.HIGH
code: int | None = transfer.response.status_code if transfer.response is not None else None
kind: str = transfer.response.headers["content-type"] if transfer.response is not None else ""
related = uploader.create_multipart_upload("https://h.example/up", parts, "related", boundary="b")
streamed = uploader.create_upload_from_stream("https://h.example/a", open("a.iso", "rb"), length=5)
many: sendoff.Batch = uploader.create_uploads([("https://h.example/b", b"x")])
async def awaited() -> bool:
    await many.astart()
    whole: sendoff.Batch = await many
    one: sendoff.UploadOperation = await (await (await uploader.acreate_upload("https://h.example/a", b"x")).astart())
    return await one.acancel() and len(whole) == 1

started: sendoff.UploadHandle = uploader.create_upload("https://h.example/a", "a.iso").start(report)
try:
    started.result(5)
except sendoff.UploadFailed as error:
    status: sendoff.WebErrorStatus = sendoff.get_status(error)
"""
BADLY = """
import sendoff
sendoff.put("a.iso", "archive:", metdata={})
sendoff.put("a.iso", "archive:", priority="urgent")
sendoff.put(5, "archive:")
sendoff.connect(mode="nowhere")
"""


@pytest.mark.parity("F22", "F60")
def test_an_uploader_and_an_operation_are_what_their_protocols_say(stage):
    """The names at least; their types are for a type checker, below."""
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


@pytest.mark.campaign
@pytest.mark.parity("F22", "F60")
def test_a_program_that_uses_it_is_checked_strictly(tmp_path, tmp_path_factory):
    (tmp_path / "well.py").write_text(WELL)
    (tmp_path / "badly.py").write_text(BADLY)
    words = ["-m", "mypy", "--strict", "--cache-dir", str(tmp_path_factory.getbasetemp() / "mypy"), "well.py", "badly.py"]

    done = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, timeout=300)

    assert [line.partition(": error")[0] for line in done.stdout.splitlines() if ": error" in line] == [f"badly.py:{number}" for number in (3, 4, 5, 6)], (
        done.stdout + done.stderr
    )
