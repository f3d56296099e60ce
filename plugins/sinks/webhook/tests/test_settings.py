import pytest
from sendoff_webhook.settings import Settings

FINE = [
    {"url": "https://hooks.example.test/T0/B0"},
    {"url": "http://127.0.0.1:8080/"},
    {"url": "http://localhost/a"},
    {"url": "http://[::1]:80/"},
    {"url": "http://hooks.example.test/", "cleartext": True},
    {"url": "https://b\u00fccher.example/", "timeout": "90s", "headers": {"X-A": "b"}, "secret": "file:hook", "credential": "hooks"},
    {"url": "https://h.example", "proxy": "http://proxy.example:3128"},
]
WRONG = {
    "no address": {},
    "no scheme": {"url": "hooks.example.test/a"},
    "another scheme": {"url": "ftp://h/a"},
    "no host": {"url": "https:///a"},
    "a space": {"url": "https://h/a b"},
    "a line break": {"url": "https://h/a\r\nX: y"},
    "a port that is none": {"url": "https://h:99999/"},
    "a password": {"url": "https://user:CANARY@h/"},
    "plain http": {"url": "http://hooks.example.test/"},
    "a secret itself": {"url": "https://h/", "secret": "whsec_CANARY"},
    "a secret header": {"url": "https://h/", "headers": {"Authorization": "Bearer CANARY"}},
    "a header of ours": {"url": "https://h/", "headers": {"webhook-id": "1"}},
    "a header with a break": {"url": "https://h/", "headers": {"X-A": "b\r\nC: d"}},
    "no time": {"url": "https://h/", "timeout": 0},
    "endless time": {"url": "https://h/", "timeout": float("inf")},
    "a proxy with a login": {"url": "https://h/", "proxy": "http://user:CANARY@p:1"},
    "a key without its certificate": {"url": "https://h/", "client_key": "key.pem"},
    "an encrypted proxy": {"url": "https://h/", "proxy": "https://p:1"},
}


@pytest.mark.parametrize("given", FINE, ids=lambda given: given["url"])
def test_what_makes_sense_is_taken(given):
    assert Settings(**given).url == given["url"]


@pytest.mark.parametrize("given", WRONG.values(), ids=WRONG.keys())
def test_what_makes_none_is_refused_and_not_repeated(given):
    with pytest.raises(ValueError) as caught:
        Settings(**given)
    assert "CANARY" not in str(caught.value)


def test_what_is_shown_of_an_address_is_where_it_leads():
    assert Settings(url="https://hooks.example.test:8443/T0/secret?token=1").where == "https://hooks.example.test:8443"
