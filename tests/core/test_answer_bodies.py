"""The bodies of answers are a convenience: a disk that does not take one costs no upload."""

from pathlib import Path

import pytest
from sendoff.errors import Transient
from sendoff.runtime.answers import CAP, Answers

from tests.core.owned import Owned
from tests.faults.test_plugin_faults import HASTY, Stranger, took


@pytest.fixture
def full(tmp_path: Path) -> Path:
    """A folder of answers whose first file lies on a disk that is full."""
    folder = tmp_path / "state" / "responses"
    folder.mkdir(mode=0o700, parents=True)
    folder.parent.chmod(0o700)
    (folder / "1").symlink_to("/dev/full")
    return folder


def answering(_transport: object, shipment: object) -> object:
    shipment.answered(201, (), "http://x/").write(b"hello")  # type: ignore[attr-defined]
    return took(shipment)


def busy_once() -> object:
    calls = []

    def act(transport: object, shipment: object) -> object:
        calls.append(1)
        answering(transport, shipment)
        if len(calls) == 1:
            raise Transient("busy")
        return took(shipment)

    return act


@pytest.mark.parametrize("act", [lambda: answering, busy_once], ids=["delivered", "failed"])
def test_an_upload_whose_answer_finds_the_disk_full_ends_as_the_server_said(tmp_path: Path, full: Path, act: object, caplog: pytest.LogCaptureFixture) -> None:
    own = type("Answering", (Stranger,), {"act": staticmethod(act())})  # type: ignore[operator]
    with Owned(tmp_path, config=HASTY, own={("transports", "strange"): (own, dict)}) as one:
        upload = one.put(one.file(), "strange://h/a")
        one.done(upload)

    assert "the body of a server's answer cannot be kept" in caplog.text
    assert "nonsense" not in caplog.text


def test_a_body_that_cannot_be_kept_leaves_no_half_and_is_told_as_cut(full: Path) -> None:
    body = Answers(full).writer(1)
    body.write(b"hello")

    body.save()

    assert (body.size, body.truncated, body.received) == (0, True, 5)
    assert Answers(full).numbers() == set()


def test_a_body_is_cut_at_the_cap(tmp_path: Path) -> None:
    body = Answers(tmp_path / "new").writer(1)
    body.write(b"x" * CAP)
    assert not body.truncated
    body.write(b"y")

    body.save()

    assert (body.size, body.truncated) == (CAP, True)
    assert b"".join(Answers(tmp_path / "new").read(1)) == b"x" * CAP
