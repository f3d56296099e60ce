"""What others make of it: the CloudEvents project's reader, the Standard Webhooks project's verifier, and a receiver that keeps what it has seen."""

import json
import time
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from sendoff import Moment, Transient
from sendoff.testing.receiver import Answer, Lost, Rule
from standardwebhooks import Webhook, WebhookVerificationError

from plugins.sinks.webhook.tests.conftest import WHSEC

AN_HOUR: Moment = 3_600_000_000


class Late:
    """A clock that is behind by an hour."""

    def wall(self):
        return time.time_ns() // 1000 - AN_HOUR

    def steady(self):
        return self.wall()

    def monotonic(self):
        return time.monotonic()


def headers_of(row):
    return {name: row.header(name) for name in ("webhook-id", "webhook-timestamp", "webhook-signature", "content-type")}


class Careful:
    """Takes a signed notice once: what is forged, old or known is refused."""

    def __init__(self, secret):
        self.verifier, self.seen = Webhook(secret), set()

    def take(self, row, body):
        self.verifier.verify(body, headers_of(row))
        known = row.header("webhook-id") in self.seen
        self.seen.add(row.header("webhook-id"))
        return not known


def test_it_is_a_cloud_event_to_their_own_reader(post, sink, notice):
    place = post()
    sink(place.url, source="https://host.example/sendoff").deliver(notice)
    (body,) = place.bodies()
    event = from_http_event(HTTPMessage(headers={"content-type": place.row().header("content-type")}, body=body))
    assert (event.get_id(), event.get_type(), event.get_source(), event.get_specversion()) == (
        notice.id,
        "sendoff.completed",
        "https://host.example/sendoff",
        "1.0",
    )
    assert (event.get_subject(), event.get_datacontenttype()) == ("op-1", "application/json")
    assert event.get_time() == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert event.get_data() == {"operation": notice.operation, "data": None, "message": None}


def test_what_people_read_and_a_batch_are_in_it_too(post, sink, notice):
    from dataclasses import replace

    from sendoff import Message

    place = post()
    told = replace(
        notice, type="batch_completed", operation=None, data={"batch": "b-1", "failed": 1}, message=Message(title="1 of 2 failed", text="", failed=True)
    )
    sink(place.url).deliver(told)
    event = json.loads(place.bodies()[0])
    assert (event["subject"], event["type"]) == ("b-1", "sendoff.batch_completed")
    assert (event["data"]["message"]["title"], event["data"]["message"]["failed"]) == ("1 of 2 failed", True)


@pytest.mark.fault(99)
def test_the_verifier_of_the_specification_takes_it_and_nothing_that_was_changed(post, sink, notice):
    place = post()
    sink(place.url, secret="file:hook").deliver(notice)
    (body,), row = place.bodies(), place.row()
    assert Careful(WHSEC).take(row, body)
    with pytest.raises(WebhookVerificationError):
        Careful(WHSEC).take(row, body.replace(b"completed", b"cancelled"))
    with pytest.raises(WebhookVerificationError):
        Webhook(WHSEC).verify(body, {**headers_of(row), "webhook-id": "another"})
    with pytest.raises(WebhookVerificationError):
        Webhook(WHSEC).verify(body, {**headers_of(row), "webhook-timestamp": str(int(row.header("webhook-timestamp")) + 60)})
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 44).verify(body, headers_of(row))


@pytest.mark.fault(99)
def test_one_that_was_taken_down_and_is_sent_again_later_is_refused_by_its_age(post, sink, notice, monkeypatch):
    place = post()
    one = sink(place.url, secret="file:hook")
    object.__setattr__(one.toolkit, "clock", Late())
    one.deliver(notice)
    with pytest.raises(WebhookVerificationError, match="too old"):
        Careful(WHSEC).take(place.row(), place.bodies()[0])


@pytest.mark.fault(79, 99)
def test_one_whose_answer_was_lost_comes_again_newly_signed_and_is_known_by_its_id(post, sink, notice):
    place, careful = post(Rule(do=Lost(), request=1), Rule(do=Answer(503), request=2)), Careful(WHSEC)
    one = sink(place.url, secret="file:hook", timeout=5)
    for _ in range(2):
        with pytest.raises(Transient):
            one.deliver(notice)
    one.deliver(notice)
    rows, body = [*place.receiver.requests], place.receiver.stored("hook")
    assert [careful.take(row, body) for row in rows] == [True, False, False]
