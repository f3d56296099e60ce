"""Whether an event loop stands still."""

import asyncio
import subprocess
import sys
import time
from contextlib import contextmanager


class Ticker:
    """Ticks in the loop, and knows the longest time between two ticks."""

    def __init__(self):
        self.count, self.longest = 0, 0.0

    async def tick(self):
        last = time.monotonic()
        while True:
            await asyncio.sleep(0.01)
            now = time.monotonic()
            self.count, self.longest, last = self.count + 1, max(self.longest, now - last), now


@contextmanager
def beside():
    """A process with a loop that has nothing else to do, on the same machine: gives the function that tells its longest time between two ticks, for by so
    much this machine holds up whoever runs on it."""
    with subprocess.Popen([sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ticks\n"

        def longest():
            return float(process.communicate("\n")[0])

        yield longest
        if process.poll() is None:
            process.kill()


async def _alone():
    ticker = Ticker()
    ticking = asyncio.create_task(ticker.tick())
    sys.stdout.write("ticks\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    ticking.cancel()
    sys.stdout.write(f"{ticker.longest}\n")


if __name__ == "__main__":
    asyncio.run(_alone())
