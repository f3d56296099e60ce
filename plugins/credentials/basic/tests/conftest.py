"""What the core hands to a store."""

from logging import getLogger
from random import Random

import pytest
from sendoff.ports.clock import SystemClock
from sendoff.ports.toolkit import Toolkit


@pytest.fixture
def toolkit(tmp_path):
    return Toolkit(clock=SystemClock(), random=Random(1), log=getLogger("sendoff.tests"), folder=tmp_path)
