"""TLS: whom it trusts, whom it refuses, and that nothing is sent to the wrong one."""

import ssl

import pytest
from sendoff import Transient

from plugins.transports.http.tests.authority import DAY, Authority, server_context


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


def refused(sink, place, notice, **settings):
    with pytest.raises(Transient) as caught:
        sink(place.url, **settings).deliver(notice)
    return caught.value


def test_whom_it_trusts_gets_the_notice(post, sink, notice, authority):
    place = post(tls=server_context(authority.issue("good")))
    one = sink(place.url, ca_file=str(authority.file))
    one.deliver(notice)
    one.deliver(notice)
    assert len(place.documents()) == 2
    assert place.receiver.connections == 1


@pytest.mark.parametrize("wrong", [{"host": "another.example"}, {"since": -2 * DAY, "until": -DAY}, {"since": DAY, "until": 2 * DAY}], ids=repr)
def test_a_certificate_that_does_not_hold_gets_nothing_and_is_tried_again(post, sink, notice, authority, wrong):
    place = post(tls=server_context(authority.issue("wrong", **wrong)))
    error = refused(sink, place, notice, ca_file=str(authority.file))
    assert "could not prove who it is" in error.message and "ca_file" in error.hint
    assert place.receiver.requests == ()


def test_an_issuer_nobody_knows_gets_nothing(post, sink, notice, authority):
    place = post(tls=server_context(authority.issue("good")))
    assert "could not prove who it is" in refused(sink, place, notice).message
    assert place.receiver.requests == ()


def test_a_port_that_does_not_speak_tls_is_worth_another_try(post, sink, notice):
    place = post()
    with pytest.raises(Transient):
        sink(place.url.replace("http:", "https:"), timeout=1).deliver(notice)


def test_certificates_that_cannot_be_read_are_waited_for(post, sink, notice, tmp_path):
    with pytest.raises(Transient, match="cannot be used"):
        sink("https://127.0.0.1:9/", ca_file=str(tmp_path / "none")).deliver(notice)


def asking(authority, **attributes):
    """A server that wants to know who we are."""
    context = server_context(authority.issue("asking"), verify_mode=ssl.CERT_REQUIRED, **attributes)
    context.load_verify_locations(authority.file)
    return context


def test_a_receiver_that_asks_who_we_are_is_shown_the_certificate(post, sink, notice, authority):
    place, own = post(tls=asking(authority)), str(authority.issue("me", host="me.example"))
    sink(place.url, ca_file=str(authority.file), client_cert=own).deliver(notice)
    assert len(place.documents()) == 1
    with pytest.raises(Transient):
        sink(place.url, ca_file=str(authority.file)).deliver(notice)
    assert len(place.documents()) == 1


def test_a_certificate_of_ours_that_cannot_be_read_is_waited_for(sink, notice, authority, tmp_path):
    with pytest.raises(Transient, match="cannot be used"):
        sink("https://127.0.0.1:9/", ca_file=str(authority.file), client_cert=str(tmp_path / "none")).deliver(notice)


def test_an_older_tls_than_is_wanted_gets_nothing(post, sink, notice, authority):
    place = post(tls=server_context(authority.issue("old"), maximum_version=ssl.TLSVersion.TLSv1_2))
    sink(place.url, ca_file=str(authority.file)).deliver(notice)
    with pytest.raises(Transient):
        sink(place.url, ca_file=str(authority.file), min_tls="1.3").deliver(notice)
    assert len(place.documents()) == 1
