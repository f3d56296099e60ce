import io
import json
import logging
import time
from base64 import b64encode
from urllib.parse import quote

import pytest
from sendoff.model.secret import Secret
from sendoff.redaction import MOST, Redaction, install

PEM = "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary\ncanary\n-----END OPENSSH PRIVATE KEY-----"


@pytest.fixture
def redaction():
    return Redaction()


@pytest.fixture
def log(redaction):
    """A logger of its own, what it printed in ``log.printed()``."""
    stream = io.StringIO()
    logger = logging.Logger("of.this.test")
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    handler.addFilter(redaction)
    logger.addHandler(handler)
    logger.printed = stream.getvalue
    return logger


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("PUT http://me:canary@h/o?X-Amz-Signature=canary&part=1 HTTP/1.1", "PUT http://h/o?X-Amz-Signature=***&part=1 HTTP/1.1"),
        ("GET /o?a=b&sig=canary HTTP/1.1", "GET /o?a=b&sig=*** HTTP/1.1"),
        ("http://me:cana@ry@h/", "http://h/"),
        ("Authorization: Bearer canary", "Authorization: ***"),
        ("authorization:canary next\nline", "authorization:***\nline"),
        ("{'Authorization': 'Basic Y2FuYXJ5OjE=', 'X': 'y'}", "{'Authorization': '***', 'X': 'y'}"),
        ("[(b'Authorization', b'Bearer canary'), (b'a', b'b')]", "[(b'Authorization', '***'), (b'a', b'b')]"),
        ('{"cookie": "a=canary; b=canary", "n": 1}', '{"cookie": "***", "n": 1}'),
        ("[(b'Location', b'http://h/canary'), (b'X-Up-Token', b'canary')]", "[(b'Location', '***'), (b'X-Up-Token', '***')]"),
        ("Proxy-Authorization: canary", "Proxy-Authorization: ***"),
        ("x-api-key=canary", "x-api-key=***"),
        ("sent Bearer canary12 to it", "sent Bearer *** to it"),
        ("sent Basic Y2FuYXJ5OmNhbmFyeQ== to it", "sent Basic *** to it"),
        ("password=canary, x=3", "password=***, x=3"),
        ('{"password": "can\\"ary", "n": 3}', '{"password": "***", "n": 3}'),
        ("AWS_SECRET_ACCESS_KEY='canary'", "AWS_SECRET_ACCESS_KEY='***'"),
        ("Credential=AK/x, SignedHeaders=a, Signature=canary", "Credential=AK/x, SignedHeaders=a, Signature=***"),
        (PEM, "-----BEGIN OPENSSH PRIVATE KEY-----***-----END OPENSSH PRIVATE KEY-----"),
        (PEM[:45], "-----BEGIN OPENSSH PRIVATE KEY-----***"),
    ],
)
def test_what_looks_secret_is_masked(redaction, text, shown):
    assert redaction.clean(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "operation 0190 went to https://h.example/a@b.iso in 3.5 s",
        "https://h.example/o?part=1&uploadId=7",
        "basic authentication is refused",
        "the token has expired",
        "credential_needed: set LAB and run: sendoff resume",
        "SHA256:abc is the host key",
        "mail me@h.example",
        "retry_at=3 priority=high",
        "('a', 'b'), ('kind', 'tus')",
    ],
)
def test_what_is_harmless_is_left_alone(redaction, text):
    assert redaction.clean(text) == text


@pytest.mark.parametrize("form", ["can ary/1+x", "can%20ary%2F1%2Bx", "can%20ary/1%2Bx"])
def test_a_remembered_value_is_masked_in_every_form(redaction, form):
    redaction.remember("can ary/1+x")

    assert redaction.clean(f"it is {form}!") == "it is ***!"


def test_a_remembered_value_is_masked_where_it_is_written_as_json(redaction):
    redaction.remember('can"ary\\1')

    assert redaction.clean('{"x": "can\\"ary\\\\1"}') == '{"x": "***"}'


AWKWARD = "can\\ary\"it's%\u00fc&1"


@pytest.mark.parametrize(
    "written",
    [
        repr,
        lambda secret: repr(f"Bearer-{secret}"),
        lambda secret: repr(f"it said {secret!r}"),
        lambda secret: repr(secret.encode()),
        lambda secret: repr(secret.encode("latin-1")),
        lambda secret: f"Illegal header value {secret.encode('latin-1')!r}",
        lambda secret: repr(f"Illegal header value {secret.encode('latin-1')!r}"),
        lambda secret: json.dumps({"message": json.dumps({"said": secret})}),
        lambda secret: json.dumps(f"it said {secret!r}"),
        lambda secret: quote(secret, safe=""),
        lambda secret: b64encode(secret.encode()).decode(),
        lambda secret: b64encode(f"me:{secret}".encode()).decode(),
        lambda secret: b64encode(f"somebody:{secret}".encode()).decode(),
        lambda secret: b64encode(f"anyone:{secret}:more".encode()).decode(),
    ],
)
@pytest.mark.parametrize("secret", ["canary-1234567", AWKWARD, "can'ary'1234", 'can"ary"1234', "canary-12\nX-More: 1", "canary-1234567 "])
def test_a_remembered_value_is_masked_however_it_is_quoted(redaction, secret, written):
    redaction.remember(secret)

    shown = redaction.clean(f"so: {written(secret)}")

    assert "***" in shown and "ary" not in shown


def test_what_is_quoted_without_the_blank_at_its_end_or_in_pieces_is_masked_too(redaction):
    redaction.remember("canary-one-blank ")
    redaction.remember("canary-secret-key-of-s3 canary-session-token")

    assert redaction.clean("value canary-one-blank!") == "value ***!"
    assert redaction.clean("X: canary-session-token") == "X: ***"


def test_a_remembered_value_that_holds_another_is_masked_whole(redaction):
    redaction.remember("canary")
    redaction.remember("canary-and-more")

    assert redaction.clean("canary-and-more canary") == "*** ***"


def test_a_short_value_would_mask_words_and_is_not_remembered(redaction):
    redaction.remember("in")

    assert redaction.clean("in the inn") == "in the inn"


def test_the_memory_does_not_grow_without_end(redaction):
    for number in range(3 * MOST):
        redaction.remember(f"secret-{number:06}")

    assert len(redaction._secrets) <= MOST
    assert redaction.clean(f"secret-{3 * MOST - 1:06}") == "***"


def test_messages_arguments_and_fields_are_masked(redaction, log):
    redaction.remember("canary-value")
    log.handlers[0].setFormatter(logging.Formatter("%(message)s %(where)s"))
    log.warning("%s and %r and %s", "canary-value", {"token": "canary"}, Secret("canary"), extra={"where": ["canary-value"]})

    assert log.printed() == "*** and {'token': '***'} and *** ['***']\n"


@pytest.mark.fault(91)
def test_tracebacks_and_their_causes_are_masked(redaction, log):
    redaction.remember("canary-value")
    try:
        try:
            raise ValueError("https://me:canary@h/?token=canary")
        except ValueError as cause:
            raise RuntimeError("canary-value") from cause
    except RuntimeError:
        log.exception("failed", stack_info=True)

    assert "RuntimeError: ***" in log.printed()
    assert "ValueError: https://h/?token=***" in log.printed()
    assert "canary" not in log.printed().replace("canary-value", "", log.printed().count('"canary-value"'))


def test_a_later_handler_without_the_filter_prints_no_secret_either(log):
    later = io.StringIO()
    log.addHandler(logging.StreamHandler(later))
    try:
        raise ValueError("https://me:canary@h/")
    except ValueError:
        log.exception("x")

    assert "ValueError: https://h/" in later.getvalue()


class Rude:
    def __str__(self):
        raise RuntimeError("no")


@pytest.mark.parametrize(("message", "arguments"), [("%d", ("canary-value",)), ("%s %s", ("canary-value",)), ("%s", (Rude(),)), (Rude(), ())])
def test_a_message_that_cannot_be_shown_raises_nothing_and_shows_nothing(log, message, arguments):
    log.warning(message, *arguments)

    assert "cannot be shown" in log.printed()
    assert "canary" not in log.printed()


def test_a_harmless_message_keeps_its_arguments(redaction):
    record = logging.makeLogRecord({"msg": "%s is %d", "args": ("a", 1)})
    redaction.filter(record)

    assert (record.msg, record.args) == ("%s is %d", ("a", 1))


def test_it_is_put_once_on_every_handler_there_is(redaction):
    root = logging.RootLogger(logging.WARNING)
    root.manager = logging.Manager(root)
    below, plain = root.manager.getLogger("a.b"), logging.StreamHandler()
    root.addHandler(plain)
    below.addHandler(logging.NullHandler())
    install(root, redaction)
    install(root, redaction)

    assert plain.filters == below.handlers[0].filters == [redaction]


@pytest.mark.parametrize(
    "text",
    ["token" * 20000, "proxy-" * 20000, "x='" * 20000, "://" * 20000, "token" + " " * 50000, "?a" * 20000, "authorization: " * 5000, "-----BEGIN " * 5000],
)
def test_the_time_it_takes_grows_with_the_length_only(redaction, text):
    began = time.process_time()
    redaction.clean(text)

    assert time.process_time() - began < 2
