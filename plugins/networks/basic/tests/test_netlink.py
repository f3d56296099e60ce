"""A cable that is really pulled, in a network namespace."""

import subprocess
import sys

import pytest

from tests.servers.namespace import NEEDED, Namespace

pytestmark = [*NEEDED, pytest.mark.timeout(60)]
PROGRAM = """
from sendoff_networks_basic.routes import Routes
network = Routes(Routes.Settings(), None)
with network.watch(lambda: print(network.look().online, flush=True)):
    print(network.look().online, flush=True)
    input()
print("over")
"""


@pytest.fixture
def there():
    with Namespace() as made:
        yield made


@pytest.fixture
def watcher(there):
    with subprocess.Popen(there.command(sys.executable, "-c", PROGRAM), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as made:
        yield made


def until(watcher, said):
    """Read what it says until it says this."""
    assert any(line.strip() == said for line in watcher.stdout), f"it never said {said}"


def test_it_hears_at_once_that_the_cable_is_out_and_in(there, watcher):
    until(watcher, "True")

    there.pull()
    until(watcher, "False")
    there.plug()
    until(watcher, "True")


def test_it_hears_at_once_that_the_way_out_is_gone(there, watcher):
    until(watcher, "True")

    there.lose()
    until(watcher, "False")


def test_it_hears_nothing_more_when_it_is_over(there, watcher):
    until(watcher, "True")

    rest, _ = watcher.communicate("\n")

    assert rest.splitlines()[-1] == "over"
    assert watcher.returncode == 0
