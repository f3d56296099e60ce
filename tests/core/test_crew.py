"""Threads that wait in the place of a loop: not too many, and never all of them for what is still to be begun."""

import asyncio
import subprocess
import sys
import threading
import weakref

import pytest
from sendoff.api.bridge import in_thread
from sendoff.api.crew import AT_ONCE, Crew

from tests.core.owned import eventually

SOON = 20
FORKING = f"""
import os, threading
from sendoff.api.crew import CREW

for _ in range({AT_ONCE} + 1):
    CREW.do(threading.Event().wait)
child = os.fork()
if child == 0:
    done = threading.Event()
    CREW.do(done.set)
    os._exit(0 if done.wait({SOON}) else 1)
os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.fixture
def crew():
    return Crew()


def test_a_thousand_calls_take_a_few_threads(crew):
    done, most, lock, over = [], [], threading.Lock(), threading.Event()

    def work(number):
        with lock:
            most.append(len([thread for thread in threading.enumerate() if thread.name == "sendoff-call"]))
            done.append(number)
            if len(done) == 1000:
                over.set()

    for number in range(1000):
        crew.do(lambda number=number: work(number))

    assert over.wait(SOON) and sorted(done) == list(range(1000))
    assert max(most) <= AT_ONCE


def test_one_call_after_another_is_done_by_one_thread(crew):
    threads = set()
    for _ in range(200):
        done = threading.Event()
        crew.do(lambda done=done: (threads.add(threading.get_ident()), done.set()))
        assert done.wait(SOON)

    assert len(threads) <= 2, "to begin a thread takes the time of the loop"


def test_what_was_done_is_not_kept_by_the_thread_that_did_it(crew):
    class Held:
        pass

    held, done = Held(), threading.Event()
    gone = weakref.ref(held)
    crew.do(lambda held=held: done.set())
    del held

    assert done.wait(SOON)
    eventually(lambda: gone() is None, "nobody's")


def test_no_more_than_a_few_are_under_way_at_once_unless_all_are_stuck(crew):
    begun, go_on, last = [], threading.Event(), threading.Event()

    def stuck():
        begun.append(threading.get_ident())
        go_on.wait(SOON)

    for _ in range(2 * AT_ONCE):
        crew.do(stuck)
    assert len(begun) <= AT_ONCE
    crew.do(lambda: (last.set(), go_on.set()))

    assert last.wait(SOON), "those who wait for what comes last do not keep it from coming"


def test_what_was_canceled_while_it_stood_in_line_is_not_done():
    async def program():
        go_on, called = threading.Event(), []
        stuck = [asyncio.create_task(in_thread(go_on.wait, SOON)) for _ in range(AT_ONCE)]
        late = asyncio.create_task(in_thread(called.append, 1))
        await asyncio.sleep(0)
        late.cancel()
        go_on.set()
        await asyncio.gather(*stuck)
        await in_thread(int)
        return called

    assert asyncio.run(program()) == []


def test_a_forked_child_has_threads_of_its_own():
    done = subprocess.run([sys.executable, "-c", FORKING], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
