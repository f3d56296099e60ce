import pytest
from sendoff_desktop.settings import Settings

WRONG = {
    "no time": {"timeout": 0},
    "endless time": {"timeout": float("inf")},
    "a month": {"timeout": "30d"},
    "no word": {"timeout": "soon"},
    "no icon": {"icon": ""},
}


def test_all_of_it_may_be_left_out():
    assert Settings() == Settings(timeout=None, icon=None)


def test_a_time_is_written_as_elsewhere():
    assert Settings(timeout="2m").timeout == 120


@pytest.mark.parametrize("given", WRONG.values(), ids=WRONG.keys())
def test_what_makes_no_sense_is_refused(given):
    with pytest.raises(ValueError):
        Settings(**given)
