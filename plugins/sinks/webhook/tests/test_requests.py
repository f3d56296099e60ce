"""What goes out, and what a receiver can make of it."""

import base64
import hashlib
import hmac
import json
import time
from dataclasses import replace
from urllib.parse import unquote

import pytest
from sendoff import Secret, Transient
from sendoff.testing.receiver import Answer, Rule
from sendoff_webhook.signature import id_of, signature

from plugins.sinks.webhook.tests.conftest import KEY


def test_a_notice_is_one_post_of_json(post, sink, notice):
    place = post()
    sink(place.url, headers={"X-Project": "films"}).deliver(notice)

    row = place.row()
    assert (row.method, row.path, row.header("content-type"), row.header("x-project")) == ("POST", "/hook", "application/cloudevents+json", "films")
    assert row.header("webhook-signature") is None and row.header("authorization") is None
    assert place.documents() == [json.loads(notice.json())]


@pytest.mark.fault(99)
def test_what_it_signs_is_verified_as_the_specification_says(post, sink, notice):
    place = post()
    sink(place.url, secret="file:hook").deliver(notice)

    row, body = place.row(), place.receiver.stored("hook")
    id, timestamp = row.header("webhook-id"), row.header("webhook-timestamp")
    version, _, said = row.header("webhook-signature").partition(",")
    assert version == "v1"
    assert hmac.compare_digest(base64.b64decode(said), hmac.new(KEY, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest())
    assert abs(int(timestamp) - time.time()) < 60
    assert "." not in id and unquote(id) == notice.id


def test_a_known_message_has_the_known_signature():
    """The example that the libraries of the specification are tested with."""
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}') == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_different_ids_stay_different_in_a_header():
    ids = ["a.b", "a%2Eb", "a b", "a_b", "\u2028", "a\nb", "a"]
    assert len({id_of(id) for id in ids}) == len(ids)
    assert all(id_of(id).isascii() and id_of(id).isprintable() and "." not in id_of(id) for id in ids)


@pytest.mark.parametrize("secret", ["whsec_", "whsec_not base64!", "short", "whsec_" + base64.b64encode(bytes(23)).decode(), "whsec_" + "A" * 400])
def test_a_secret_that_is_none_is_waited_for_and_not_shown(post, sink, notice, credentials, secret):
    credentials["file:hook"] = replace(credentials["file:hook"], secret=Secret(secret))
    place = post()
    with pytest.raises(Transient, match="is not whsec_ and 24 to 64 bytes") as caught:
        sink(place.url, secret="file:hook").deliver(notice)
    assert secret not in caught.value.message or secret == "whsec_"
    assert place.receiver.requests == ()


def test_who_we_are_is_proved_by_a_credential(post, sink, notice):
    place = post(authorization="Bearer a-token")
    sink(place.url, credential="file:me").deliver(notice)
    assert place.documents()


@pytest.mark.fault(91)
@pytest.mark.parametrize("secret", ["canary-at-end ", "canary-a\r\nX-Evil: 1", "canary-\u20ac", "canary\0"])
def test_a_credential_that_cannot_be_sent_is_waited_for_and_not_shown(post, sink, notice, credentials, secret, caplog):
    credentials["file:me"] = replace(credentials["file:me"], secret=Secret(secret))
    place = post()
    with pytest.raises(Transient, match="header Authorization: its value") as caught:
        sink(place.url, credential="file:me").deliver(notice)
    assert "canary" not in f"{caught.value.message}{caught.value.hint}{caplog.text}"
    assert place.receiver.requests == ()


def test_a_changed_credential_is_used_at_the_next_notice(post, sink, notice, credentials):
    place = post()
    one = sink(place.url, credential="file:me")
    one.deliver(notice)
    credentials["file:me"] = replace(credentials["file:me"], secret=Secret("newer"))
    one.deliver(notice)
    assert [row.header("authorization") for row in place.receiver.requests] == ["Bearer a-token", "Bearer newer"]


def test_connections_are_kept(post, sink, notice):
    place = post()
    one = sink(place.url)
    for number in range(5):
        one.deliver(replace(notice, id=str(number)))
    assert [found["id"] for found in place.documents()] == list("01234")
    assert place.receiver.connections == 1


def test_a_query_goes_out_as_it_stands(post, sink, notice):
    place = post()
    sink(f"{place.url}?token=a%2Fb&x=%7E1+2").deliver(notice)
    assert place.row().path == "/hook?token=a%2Fb&x=%7E1+2"


def test_proxies_of_the_environment_are_not_asked(post, sink, notice, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    place = post()
    sink(place.url).deliver(notice)
    assert place.documents()


def test_a_proxy_that_is_set_is_used(post, sink, notice):
    place = post(Rule(do=Answer(200)))
    sink("http://hooks.example.test/a", cleartext=True, proxy=place.receiver.url.rstrip("/")).deliver(notice)
    assert place.row().path == "http://hooks.example.test/a"
