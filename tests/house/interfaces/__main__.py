"""Records the interfaces as they are; what breaks somebody is recorded only once the changelog tells it. ``--new NAME``: one that has no record yet."""

import argparse
import sys

from tests.house.interfaces.records import DRAWN, ROOT, record

parser = argparse.ArgumentParser(prog="python -m tests.house.interfaces", description=__doc__)
parser.add_argument("--new", action="append", default=[], choices=sorted(DRAWN), metavar="NAME")
try:
    lacking = record((ROOT / "CHANGELOG.md").read_text(), parser.parse_args().new)
except FileNotFoundError as error:
    lacking = [str(error)]
sys.stderr.write("".join(f"{sentence}\n" for sentence in lacking))
sys.exit(1 if lacking else 0)
