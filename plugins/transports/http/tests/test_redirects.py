"""Redirects: followed on the same origin where nothing changes but the place, failures otherwise."""

import pytest
from sendoff import Rejected
from sendoff.testing.receiver import Answer, Rule


def moved(status, where, **words):
    return Rule(do=Answer(status, headers=(("Location", where),)), **words)


@pytest.mark.fault(53)
@pytest.mark.parametrize("status", [307, 308])
@pytest.mark.parametrize("form", ["{root}new/place", "/new/place", "new/place"])
def test_a_redirect_on_the_same_origin_is_followed_with_the_body(lab, status, form):
    receiver = lab.receiver()
    receiver.script.add(moved(status, form.format(root=receiver.url), path="/thing"))

    delivery, shipment = lab.send(receiver, size=300_000)

    assert receiver.stored("new/place") == shipment.path.read_bytes()
    assert delivery.url == f"{receiver.url}new/place"
    assert [kept.status for kept in shipment.answers] == [201]
    assert shipment.answers[0].url == delivery.url


@pytest.mark.fault(53)
def test_at_most_five_redirects_are_followed(lab):
    receiver = lab.receiver(moved(307, "/thing", times=None))

    with pytest.raises(Rejected, match="after 5 others") as caught:
        lab.send(receiver)

    assert len(receiver.requests) == 6
    assert caught.value.facts["web_error"] == 17


@pytest.mark.fault(54)
@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_that_would_change_the_method_is_a_failure_that_names_its_target(lab, status):
    receiver = lab.receiver(moved(status, "/login?token=abcdef"))

    with pytest.raises(Rejected, match=r"redirected.*/login\?token=\*\*\*") as caught:
        lab.send(receiver)

    assert len(receiver.requests) == 1
    assert (caught.value.http_status, caught.value.facts["web_error"]) == (status, status)


@pytest.mark.fault(53)
@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest", "file:///etc/passwd", "https://127.0.0.1:1/x", "http://localhost:{port}/x", "//evil.example/x"]
)
@pytest.mark.parametrize("status", [307, 308])
def test_no_redirect_leaves_the_origin(lab, status, target):
    receiver = lab.receiver()
    receiver.script.add(moved(status, target.format(port=receiver.port)))

    with pytest.raises(Rejected):
        lab.send(receiver)

    assert len(receiver.requests) == 1


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_to_nowhere_is_a_failure(lab, status):
    with pytest.raises(Rejected):
        lab.send(lab.receiver(Rule(do=Answer(status))))
