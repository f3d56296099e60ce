"""The line a minute of whoever waits where no terminal is."""

from sendoff.cli.minute import Minute


def view(status, size, sent):
    return {"status": status, "reason": None, "progress": {"bytes_sent": sent, "bytes_confirmed": 0, "total_bytes": size}}


def test_it_says_once_a_minute_how_far_all_are_together():
    said, now, standing = [], [0.0], [view("running", 1000, 100), view("idle", 1000, 0)]
    minute = Minute(said.append, lambda: standing, clock=lambda: now[0])

    for _ in range(119):
        now[0] += 1
        minute.beat()
    assert len(said) == 1
    assert "0 of 2 done, 100 B of 2.0 KiB" in said[0]

    standing.pop(0)
    minute.ended(view("completed", 1000, 1000))
    now[0] += 1
    minute.beat()

    assert len(said) == 2
    assert "1 of 2 done" in said[1]
    assert "/s" in said[1]
