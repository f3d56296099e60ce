import pytest
from sendoff_apprise.settings import Settings

FINE = [
    {"urls": ["mailto://mail.example?from=a@h.example&to=b@h.example"]},
    {"urls": ["file:mail", "hooks", "json://h.example/a"], "timeout": "90s", "ca_file": "~/ca.pem"},
    {"urls": ["json://h.example"], "proxy": "http://proxy.example:3128"},
]
WRONG = {
    "nobody": {},
    "an empty list": {"urls": []},
    "an empty word": {"urls": [""]},
    "a word": {"urls": "file:mail"},
    "a space": {"urls": ["mailto://CANARY /"]},
    "a line break": {"urls": ["mailto://h\r\nCANARY"]},
    "a password": {"urls": ["mailto://user:CANARY@h.example"]},
    "no time": {"urls": ["file:mail"], "timeout": 0},
    "a day": {"urls": ["file:mail"], "timeout": "1d"},
    "endless time": {"urls": ["file:mail"], "timeout": float("inf")},
    "a proxy with a login": {"urls": ["file:mail"], "proxy": "http://user:CANARY@p:1"},
    "an encrypted proxy": {"urls": ["file:mail"], "proxy": "https://p:1"},
}


@pytest.mark.parametrize("given", FINE, ids=lambda given: given["urls"][0])
def test_what_makes_sense_is_taken(given):
    assert list(Settings(**given).urls) == given["urls"]


@pytest.mark.parametrize("given", WRONG.values(), ids=WRONG.keys())
def test_what_makes_none_is_refused_and_not_repeated(given):
    with pytest.raises(ValueError) as caught:
        Settings(**given)
    assert "CANARY" not in str(caught.value)


def test_addresses_are_not_shown():
    assert "CANARY" not in repr(Settings(urls=["json://h.example/CANARY"]))
