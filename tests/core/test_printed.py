"""What plugins print goes to the log of a host: by lines, without secrets, and never held without end."""

import io
import time

import pytest
from sendoff.redaction import LONGEST_LINE, Printed, Redaction


@pytest.fixture
def log():
    return io.StringIO()


@pytest.fixture
def printed(log):
    redaction, made = Redaction(), Printed(log)
    redaction.remember("hunter2-hunter2")
    made.clean = redaction.clean
    return made


def test_a_secret_that_comes_in_pieces_is_masked_in_its_line(printed, log):
    for piece in ("it is hunter2", "-hun", "ter2 in", "deed\nand th"):
        printed.write(piece)

    assert log.getvalue() == "it is *** indeed\n"
    printed.finish()
    assert log.getvalue() == "it is *** indeed\nand th\n"


def test_a_line_that_begins_anew_each_time_is_printed_as_it_comes(printed, log):
    began = time.monotonic()
    for number in range(30_000):
        printed.write(f"\r{number:5} of 30000 blocks")

    assert time.monotonic() - began < 10
    assert log.getvalue().endswith("29998 of 30000 blocks\r")
    assert printed._length < 100


@pytest.mark.parametrize("piece", ["x", "word "])
def test_what_has_no_end_is_cut_and_is_not_held_for_ever(printed, log, piece):
    began = time.monotonic()
    for _ in range(300_000 // len(piece)):
        printed.write(piece)
    printed.finish()

    assert time.monotonic() - began < 10
    assert log.getvalue().replace("\n", "") == piece * (300_000 // len(piece))
    assert all(len(line) <= LONGEST_LINE + len(piece) for line in log.getvalue().split("\n"))


def test_a_secret_at_the_cut_is_masked(printed, log):
    printed.write("x" * (LONGEST_LINE - 8) + " hunter2-hun")
    printed.write("ter2\n")

    assert "hunter2" not in log.getvalue()
    assert "***" in log.getvalue()


def test_who_prints_bytes_is_heard_and_cleaned_as_well(printed, log):
    said = "é hunter2-hunter2\n".encode()
    for at in range(len(said)):
        printed.buffer.write(said[at : at + 1])
    printed.buffer.write(b"\xff\n")
    printed.buffer.flush()

    assert log.getvalue() == "é ***\n\\xff\n"
    assert (printed.encoding, printed.errors) == ("utf-8", "backslashreplace")
