"""The thread that calls a program back."""

import threading
import time

from sendoff.api.callbacks import EVERY, THREAD, Callbacks, Listener

SOON = 60


def test_a_listener_is_told_at_most_ten_times_a_second_and_the_last_always():
    callbacks, listener, told, done = Callbacks(), Listener(), [], threading.Event()
    begun = time.monotonic()

    for number in range(200):
        callbacks.soon(listener, latest=lambda number=number: told.append((time.monotonic(), number)))
        time.sleep(0.002)
    callbacks.soon(listener, then=[done.set])

    assert done.wait(SOON)
    assert told[-1][1] == 199
    assert len(told) < 200
    assert len(told) - 1 <= (told[-1][0] - begun) / EVERY


def test_a_slow_listener_does_not_make_another_one_miss_its_last_word():
    callbacks, one, other = Callbacks(), Listener(), Listener()
    entered, go_on, told = threading.Event(), threading.Event(), []

    callbacks.soon(one, latest=lambda: (entered.set(), go_on.wait(SOON)))
    assert entered.wait(SOON)
    for number in range(10):
        callbacks.soon(other, latest=lambda number=number: told.append(number))
    over = threading.Event()
    callbacks.soon(other, then=[over.set])
    go_on.set()

    assert over.wait(SOON)
    assert told == [9]


def test_a_callback_that_raises_is_named_in_the_log_and_keeps_nobody_from_being_called(caplog):
    callbacks, told = Callbacks(), threading.Event()

    callbacks.soon(Listener(), then=[lambda: 1 // 0, told.set])

    assert told.wait(SOON)
    assert "a callback failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_its_thread_has_a_name_and_ends_when_nothing_is_left_to_say():
    callbacks, seen, told = Callbacks(), [], threading.Event()

    callbacks.soon(Listener(), then=[lambda: seen.append(threading.current_thread()), told.set])

    assert told.wait(SOON)
    assert seen[0].name == THREAD
    seen[0].join(SOON)
    assert not seen[0].is_alive()
