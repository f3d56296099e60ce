"""Where the work is done, by what was said first."""

import pytest
from sendoff.api.mode import mode_of
from sendoff.desk.place import find_place
from sendoff.errors import ConfigurationError, InvalidArgument


@pytest.fixture
def place(tmp_path):
    (tmp_path / "sendoff.toml").write_text('mode = "embedded"\n')
    return find_place({}, state_dir=tmp_path / "state", config=tmp_path / "sendoff.toml")


def test_an_argument_is_stronger_than_a_variable_and_a_variable_than_the_file(place, tmp_path):
    assert mode_of("host", place, {"SENDOFF_MODE": "embedded"}) == "host"
    assert mode_of("auto", place, {"SENDOFF_MODE": "host"}) == "host"
    assert mode_of("auto", place, {}) == "embedded"
    assert mode_of("auto", find_place({}, state_dir=tmp_path), {"XDG_CONFIG_HOME": str(tmp_path)}) == "auto"


def test_a_file_that_is_broken_is_the_hosts_to_complain_of(place, tmp_path):
    (tmp_path / "sendoff.toml").write_text("mode = [")

    assert mode_of("auto", place, {}) == "auto"


def test_a_mode_that_does_not_exist_is_refused_where_it_was_said(place, tmp_path):
    with pytest.raises(InvalidArgument, match=r"mode='emebdded': it is one of auto, host, embedded; did you mean 'embedded'\?"):
        mode_of("emebdded", place, {})
    with pytest.raises(ConfigurationError, match="SENDOFF_MODE = 'x'"):
        mode_of("auto", place, {"SENDOFF_MODE": "x"})
    (tmp_path / "sendoff.toml").write_text('mode = "x"\n')
    with pytest.raises(ConfigurationError, match=r"sendoff\.toml: mode = 'x'"):
        mode_of("auto", place, {})
