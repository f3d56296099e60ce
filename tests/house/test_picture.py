"""The picture of the demo can be shown anywhere: small, whole, and with nothing fetched from elsewhere."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

PICTURE = Path(__file__).parents[2] / "docs" / "images" / "demo.svg"
SVG = "{http://www.w3.org/2000/svg}"


def test_it_is_small_and_fetches_nothing():
    text = PICTURE.read_text(encoding="utf-8")

    assert len(text.encode()) < 200_000
    assert not re.search(r"@import|url\(|href|<image|<script|<foreignObject", text)


def test_it_shows_a_whole_story_that_was_true():
    lines = ["".join(line.itertext()) for line in ElementTree.parse(PICTURE).getroot().iter(f"{SVG}text")]

    assert lines[0] == "$ sendoff demo"
    assert any("kill -9" in line for line in lines)
    assert any(line.startswith("All of it was seen to be true") for line in lines)
    assert all(len(line) <= 80 for line in lines)
