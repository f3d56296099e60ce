"""Whether an event loop stands still."""

import asyncio
import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager, suppress

WORTH_TELLING = 0.02  # seconds


class Ticker:
    """Ticks in the loop, and knows the longest time between two ticks.

    gaps: from when to when it did not tick, on the machine's monotonic clock, and how long of that the threads of this process, one of which runs at a
    time, wanted a core and got none.
    """

    def __init__(self):
        self.count, self.longest, self.gaps = 0, 0.0, []

    async def tick(self):
        last, waited = time.monotonic(), waits_for_a_core()
        while True:
            await asyncio.sleep(0.01)
            now, before, waited = time.monotonic(), waited, waits_for_a_core()
            self.count, self.longest = self.count + 1, max(self.longest, now - last)
            if now - last > WORTH_TELLING:
                self.gaps.append((last, now, sum(seconds - before.get(thread, seconds) for thread, seconds in waited.items())))
            last = now

    def longest_but_for(self, others):
        """The longest time without a tick, less those times in it in which this process, or another that had nothing to do, could not run either."""
        return max((end - start - max(starved, _together(start, end, others)) for start, end, starved in self.gaps), default=0.0)


def waits_for_a_core():
    """Seconds that each thread of this process has been ready to run and had no core, by its number. Source: Linux's documentation of schedstats."""
    waited = {}
    for thread in os.listdir("/proc/self/task"):
        with suppress(OSError), open(f"/proc/self/task/{thread}/schedstat") as file:
            waited[thread] = int(file.read().split()[1]) / 1e9
    return waited


def _together(start, end, others):
    return sum(max(0.0, min(end, b) - max(start, a)) for a, b, _ in others)


@contextmanager
def beside():
    """A process with a loop that has nothing else to do, on the same machine: gives the function that ends it and tells when it did not tick, for then
    this machine held up whoever runs on it."""
    with subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ticks\n"

        def gaps():
            return json.loads(process.communicate("\n")[0])

        try:
            yield gaps
        finally:
            process.kill()


async def _alone():
    ticker = Ticker()
    ticking = asyncio.create_task(ticker.tick())
    sys.stdout.write("ticks\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    ticking.cancel()
    sys.stdout.write(f"{json.dumps(ticker.gaps)}\n")


if __name__ == "__main__":
    asyncio.run(_alone())
