"""The literal rules of the Windows pages, ``connect(parity="winrt")``, where a host does the work and where the program does it itself."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import sendoff
from sendoff.testing.receiver import Delay, Receiver, Rule, Stall

from tests.core.owned import eventually
from tests.end_to_end.stage import MIB

SIZE = 8 * MIB
SOON = 60
APP = """
import sys, sendoff
with sendoff.connect(mode=sys.argv[1], parity="winrt") as client:
    uploader = sendoff.BackgroundUploader(client)
    for method, url, path in zip(sys.argv[2::3], sys.argv[3::3], sys.argv[4::3]):
        uploader.method = method
        operation = uploader.create_upload(url, path)
        print(operation.id, flush=True)
        operation.start()
    sys.stdin.read()
"""
STALL = Stall()
ENDS = ("killed", "closed")
FORKS = """
import os, sys, sendoff
client = sendoff.connect(mode="host", parity="winrt")
print(client.put(sys.argv[2], sys.argv[1]).id, flush=True)
os.fork()
sys.stdin.read()
"""


@pytest.fixture
def receiver(tmp_path):
    with Receiver(tmp_path / "received") as made:
        yield made


class Rules:
    """What holds in either mode."""

    mode = ""

    def client(self, stage, parity=None):
        return sendoff.connect(state_dir=stage.state, config=stage.config, mode=self.mode, parity=parity)

    def app(self, stage, *words):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return subprocess.Popen([sys.executable, "-c", APP, self.mode, *words], env=stage.environment, cwd=stage.folder, **pipes)

    def ended(self, stage, receiver, method, how, trouble=STALL):
        """An upload whose program ended in the middle of it: its id, and the digest of its file. trouble: what keeps it from its end."""
        receiver.script.add(Rule(do=trouble, method=method, at=MIB))
        path, digest = stage.file(SIZE)
        with self.app(stage, method, f"{receiver.url}a", path) as process:
            id = process.stdout.readline().strip()
            receiver.wait_for(bytes=MIB)
            if how == "killed":
                process.send_signal(signal.SIGKILL)
            _, complaints = process.communicate(timeout=SOON)
        assert process.returncode == (0 if how == "closed" else -signal.SIGKILL), complaints
        return id, digest

    @pytest.mark.parity("F165", "F167", "A6")
    @pytest.mark.parametrize("how", ENDS)
    def test_a_put_waits_until_its_program_lists_it_and_begins_anew(self, stage, receiver, how):
        id, digest = self.ended(stage, receiver, "PUT", how)

        with self.client(stage) as other:
            eventually(lambda: other.get(id).status is sendoff.TransferStatus.PAUSED_BY_APPLICATION)
            assert other.get(id).reason == "client_gone"
            other.put(b"another", f"{receiver.url}another").wait(SOON)
        assert len(receiver.requests) == 2, "it was left alone"
        with self.client(stage, parity="winrt") as again:
            (found,) = sendoff.BackgroundUploader(again).current_uploads()
            done = found.attach().result(SOON)
            assert (done.id, done.receipt.attempts, done.progress.has_restarted) == (id, 2, True)

        last = receiver.requests[-1]
        assert (len(receiver.requests), last.received, last.sha256) == (3, SIZE, digest)

    @pytest.mark.parity("F165", "F168", "A6")
    @pytest.mark.parametrize("how", ENDS)
    def test_a_post_is_canceled_and_never_sent_twice(self, stage, receiver, how):
        id, _ = self.ended(stage, receiver, "POST", how)
        with self.client(stage) as other:
            eventually(lambda: other.get(id).status is sendoff.TransferStatus.CANCELED)
        receiver.release()
        assert not receiver.wait_for(over=True).complete, "its connection was closed"

        with self.client(stage, parity="winrt") as again:
            (found,) = sendoff.BackgroundUploader(again).current_uploads()
            with pytest.raises(sendoff.UploadCanceled, match="not sent again"):
                found.attach().result(SOON)
            assert found.id == id
            assert (found.refresh().status, found.reason) == (sendoff.TransferStatus.CANCELED, "interrupted_non_idempotent")
            again.put(b"another", f"{receiver.url}another").wait(SOON)

        assert [request.method for request in receiver.requests] == ["POST", "PUT"]

    @pytest.mark.parity("F167")
    def test_listing_again_does_not_restart_what_runs(self, stage, receiver):
        id, _ = self.ended(stage, receiver, "PUT", "closed")
        receiver.script.add(Rule(do=Stall(), path="/a", at=MIB))

        with self.client(stage, parity="winrt") as again:
            uploader = sendoff.BackgroundUploader(again)
            uploader.current_uploads()
            receiver.wait_for(request=2, bytes=MIB)
            for _ in range(2):
                assert [(one.id, one.status) for one in uploader.current_uploads()] == [(id, sendoff.TransferStatus.RUNNING)]
                uploader.current_uploads()[0].attach()
            again.put(b"another", f"{receiver.url}another").wait(SOON)
            assert [request.complete for request in receiver.requests] == [False, False, True]

    @pytest.mark.parity("F165", "F167")
    def test_only_what_had_been_started_and_was_let_run_begins_anew(self, stage, receiver):
        path, _ = stage.file(1000)
        with self.client(stage, parity="winrt") as first:
            uploader = sendoff.BackgroundUploader(first)
            uploader.method = "PUT"
            unbegun, paused = (uploader.create_upload(f"{receiver.url}{name}", path) for name in "ab")
            paused.pause()

        with self.client(stage, parity="winrt") as again:
            found = {one.id: one.status.word for one in sendoff.BackgroundUploader(again).current_uploads()}
            assert found == {unbegun.id: "idle", paused.id: "paused_by_application"}
            again.put(b"another", f"{receiver.url}another").wait(SOON)
            assert len(receiver.requests) == 1
            assert again.get(unbegun.id).start().result(SOON).receipt.size == 1000

    @pytest.mark.parity("F165")
    def test_who_resumes_it_without_these_rules_is_not_waited_for(self, stage, receiver):
        id, digest = self.ended(stage, receiver, "PUT", "closed")

        with self.client(stage) as other:
            other.get(id).resume()
            other.get(id).wait(SOON)

        assert receiver.requests[-1].sha256 == digest


class TestWithAHost(Rules):
    mode = "host"

    @pytest.mark.parity("F165")
    def test_a_host_that_dies_under_a_living_program_is_no_end_of_it(self, stage, receiver):
        receiver.script.add(Rule(do=Stall(), method="PUT", at=MIB))
        path, digest = stage.file(SIZE)
        with self.app(stage, "PUT", f"{receiver.url}a", path) as process:
            id = process.stdout.readline().strip()
            receiver.wait_for(bytes=MIB)
            stage.kill_host()
            with self.client(stage) as other:
                other.get(id).wait(SOON)
            process.communicate(timeout=SOON)

        assert receiver.requests[-1].sha256 == digest

    @pytest.mark.parity("F165", "F168")
    def test_when_the_host_dies_with_it_the_next_one_goes_by_the_same_rules(self, stage, receiver):
        for method in ("PUT", "POST"):
            receiver.script.add(Rule(do=Stall(), method=method, at=MIB))
        path, _ = stage.file(SIZE)
        with self.app(stage, "PUT", f"{receiver.url}a", path, "POST", f"{receiver.url}b", path) as process:
            put, post = (process.stdout.readline().strip() for _ in range(2))
            receiver.wait_until(lambda rows: [row.received >= MIB for row in rows] == [True, True])
            process.send_signal(signal.SIGSTOP)  # or it would begin the next host
            stage.kill_host()
            process.kill()

        assert (stage.view(put)["status"], stage.view(put)["reason"]) == ("paused_by_application", "client_gone")
        assert (stage.view(post)["status"], stage.view(post)["reason"]) == ("canceled", "interrupted_non_idempotent")

    @pytest.mark.parity("F165")
    def test_its_forked_children_are_not_the_program(self, stage, receiver):
        receiver.script.add(Rule(do=Stall(), method="PUT", at=MIB))
        command = [sys.executable, "-W", "ignore", "-c", FORKS, f"{receiver.url}a", stage.file(SIZE)[0]]
        with subprocess.Popen(command, env=stage.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            id = process.stdout.readline().strip()
            receiver.wait_for(bytes=MIB)
            process.kill()
            stage.until(id, status="paused_by_application")

    @pytest.mark.parity("F167")
    def test_what_a_server_holds_of_it_is_given_up_and_it_begins_at_the_first_byte(self, stage, tmp_path):
        (tmp_path / "resumable").mkdir()
        path, _ = stage.file(SIZE)
        with Receiver(tmp_path / "resumable", tus=True, checksums=False, script=[Rule(do=Delay(1.0), method="PATCH", at=4 * MIB)]) as receiver:
            with self.client(stage, parity="winrt") as first:
                first.put(path, receiver.url, protocol="tus")
                receiver.wait_until(lambda rows: any(row.received >= 4 * MIB for row in rows))
            with self.client(stage, parity="winrt") as again:
                (found,) = sendoff.BackgroundUploader(again).current_uploads()
                assert found.wait(SOON).progress.has_restarted
            begun = [row.header("Upload-Offset") for row in receiver.requests if row.method == "PATCH"]
            (upload,) = eventually(lambda: len(receiver.uploads.all()) == 1 and receiver.uploads.all())

        assert (begun, upload.whole) == (["0", "0"], True)
        assert receiver.stored(upload.name) == Path(path).read_bytes()


class TestEmbedded(Rules):
    mode = "embedded"


def test_other_rules_are_not_known(stage):
    with pytest.raises(sendoff.InvalidArgument, match="parity='other': it is \"winrt\""):
        sendoff.connect(state_dir=stage.state, config=stage.config, parity="other")
