"""The numbers of Windows, and what each kind of failure is called."""

import socket
from contextlib import contextmanager

import pytest
import sendoff
from cryptography.x509.oid import ExtendedKeyUsageOID
from sendoff.testing.receiver import Answer, Close, Raw, Receiver, Reset, Rule, Stall

from plugins.transports.http.tests.authority import DAY, Authority, server_context
from tests.end_to_end.stage import Stage

SOON = 60
ERROR = sendoff.WebErrorStatus

# -- values -----------------------------------------------------------------------------------------------------------

NUMBERS = {
    sendoff.TransferStatus: {
        "IDLE": 0, "RUNNING": 1, "PAUSED_BY_APPLICATION": 2, "PAUSED_COSTED_NETWORK": 3, "PAUSED_NO_NETWORK": 4, "COMPLETED": 5, "CANCELED": 6,
        "ERROR": 7, "PAUSED_RECOVERABLE": 8, "PAUSED_SYSTEM_POLICY": 32,
    },
    sendoff.CostPolicy: {"DEFAULT": 0, "UNRESTRICTED_ONLY": 1, "ALWAYS": 2},
    sendoff.TransferPriority: {"DEFAULT": 0, "HIGH": 1, "LOW": 2},
    sendoff.WebErrorStatus: {
        "UNKNOWN": 0, "CERTIFICATE_COMMON_NAME_IS_INCORRECT": 1, "CERTIFICATE_EXPIRED": 2, "CERTIFICATE_CONTAINS_ERRORS": 3, "CERTIFICATE_REVOKED": 4,
        "CERTIFICATE_IS_INVALID": 5, "SERVER_UNREACHABLE": 6, "TIMEOUT": 7, "ERROR_HTTP_INVALID_SERVER_RESPONSE": 8, "CONNECTION_ABORTED": 9,
        "CONNECTION_RESET": 10, "DISCONNECTED": 11, "HTTP_TO_HTTPS_ON_REDIRECTION": 12, "HTTPS_TO_HTTP_ON_REDIRECTION": 13, "CANNOT_CONNECT": 14,
        "HOST_NAME_NOT_RESOLVED": 15, "OPERATION_CANCELED": 16, "REDIRECT_FAILED": 17, "UNEXPECTED_STATUS_CODE": 18, "UNEXPECTED_REDIRECTION": 19,
        "UNEXPECTED_CLIENT_ERROR": 20, "UNEXPECTED_SERVER_ERROR": 21, "INSUFFICIENT_RANGE_SUPPORT": 22, "MISSING_CONTENT_LENGTH_SUPPORT": 23,
        "MULTIPLE_CHOICES": 300, "MOVED_PERMANENTLY": 301, "FOUND": 302, "SEE_OTHER": 303, "NOT_MODIFIED": 304, "USE_PROXY": 305, "TEMPORARY_REDIRECT": 307,
        "BAD_REQUEST": 400, "UNAUTHORIZED": 401, "PAYMENT_REQUIRED": 402, "FORBIDDEN": 403, "NOT_FOUND": 404, "METHOD_NOT_ALLOWED": 405,
        "NOT_ACCEPTABLE": 406, "PROXY_AUTHENTICATION_REQUIRED": 407, "REQUEST_TIMEOUT": 408, "CONFLICT": 409, "GONE": 410, "LENGTH_REQUIRED": 411,
        "PRECONDITION_FAILED": 412, "REQUEST_ENTITY_TOO_LARGE": 413, "REQUEST_URI_TOO_LONG": 414, "UNSUPPORTED_MEDIA_TYPE": 415,
        "REQUESTED_RANGE_NOT_SATISFIABLE": 416, "EXPECTATION_FAILED": 417, "INTERNAL_SERVER_ERROR": 500, "NOT_IMPLEMENTED": 501, "BAD_GATEWAY": 502,
        "SERVICE_UNAVAILABLE": 503, "GATEWAY_TIMEOUT": 504, "HTTP_VERSION_NOT_SUPPORTED": 505,
    },
}  # fmt: skip


@pytest.mark.parity("F117", "F118", "F119", "F120", "F121", "F122", "F123", "F124", "F125", "F132", "F133", "F135", "F72", "F73", "F74")
@pytest.mark.parametrize("kind", NUMBERS, ids=lambda kind: kind.__name__)
def test_the_numbers_are_those_of_windows(kind):
    assert {one.name: int(one) for one in kind} == NUMBERS[kind]
    assert all(kind(number) is kind[name] for name, number in NUMBERS[kind].items())


# -- what a failure is called -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """One place for all, where a failure is told at the first try."""
    with Stage(tmp_path_factory.mktemp("values")) as stage:
        stage.config.write_text('[network]\nuse = "always-online"\n[retry]\nattempts = 1\nbackoff = ["0.01s", "0.02s"]\n')
        with sendoff.connect(state_dir=stage.state, config=stage.config) as made:
            yield made


def failed(operation):
    """Why a wait for it ended."""
    with pytest.raises((sendoff.UploadFailed, sendoff.NeedsAttention)) as caught:
        operation.wait(SOON)
    return caught.value


LISTED = {*range(300, 306), 307, *range(400, 418), *range(500, 506)}
OTHERS = {
    306: 19,
    308: 19,
    399: 19,
    418: 20,
    422: 20,
    423: 20,
    425: 20,
    429: 20,
    431: 20,
    451: 20,
    499: 20,
    506: 21,
    508: 21,
    520: 21,
    599: 21,
    207: 18,
    226: 18,
}
APART = {401: 401, 407: 407, 507: 21, 511: 21}  # each for itself: they say something of their server


@pytest.mark.parity("F133", "F94", "F134")
def test_each_http_status_is_its_own_number_or_that_of_its_class(client, tmp_path):
    numbers = {**{status: status for status in LISTED}, **OTHERS, **APART}
    common = [status for status in numbers if status not in APART]
    with Receiver(tmp_path / "common", script=[answered(status) for status in common]) as receiver:
        batch = client.put_many([(b"x", f"{receiver.url}{status}") for status in common], patience=0)
        errors = {status: failed(operation) for status, operation in zip(common, batch, strict=True)}
    for status in APART:
        with Receiver(tmp_path / str(status), script=[answered(status)]) as receiver:
            errors[status] = failed(client.put(b"x", f"{receiver.url}{status}", patience=0))

    assert {status: int(sendoff.get_status(error)) for status, error in errors.items()} == numbers
    assert {status: error.http_status for status, error in errors.items()} == {status: status for status in numbers}
    assert sorted(status for status, error in errors.items() if isinstance(error, sendoff.NeedsAttention)) == [401, 507]


def answered(status):
    return Rule(do=Answer(status), path=f"/{status}", times=None)


@pytest.mark.parity("F93")
def test_whatever_success_the_server_answers_with_is_kept(client, tmp_path):
    successes = (200, 201, 202, 204)
    with Receiver(tmp_path / "received", script=[answered(status) for status in successes]) as receiver:
        batch = client.put_many([(b"x", f"{receiver.url}{status}") for status in successes], patience=0)
        batch.wait(SOON)

    assert [(operation.status.word, operation.response.status_code) for operation in batch] == [("completed", status) for status in successes]


# each gives an address, and the options of its put


@contextmanager
def server(folder, *rules, options=None):
    with Receiver(folder / "received", script=list(rules)) as receiver:
        yield f"{receiver.url}x", {"options": options or {}}


@contextmanager
def encrypted(folder, *rules, trusted=True, **certificate):
    authority = Authority(folder)
    with Receiver(folder / "received", script=list(rules), tls=server_context(authority.issue("server", **certificate))) as receiver:
        yield f"{receiver.url}x", {"options": {"ca_file": str(authority.file)} if trusted else {}}


@contextmanager
def address(_folder, url):
    yield url, {}


@contextmanager
def nobody(_folder):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{probe.getsockname()[1]}/x", {}


def moved(target):
    return Rule(do=Answer(307, headers=(("Location", target),)), times=None)


FAILURES = [
    (ERROR.CERTIFICATE_COMMON_NAME_IS_INCORRECT, lambda folder: encrypted(folder, host="elsewhere.example")),
    (ERROR.CERTIFICATE_EXPIRED, lambda folder: encrypted(folder, since=-3 * DAY, until=-DAY)),
    (ERROR.CERTIFICATE_CONTAINS_ERRORS, lambda folder: encrypted(folder, purpose=ExtendedKeyUsageOID.CLIENT_AUTH)),
    (ERROR.CERTIFICATE_IS_INVALID, lambda folder: encrypted(folder, trusted=False)),
    (ERROR.SERVER_UNREACHABLE, lambda folder: address(folder, "http://127.255.255.255:9/x")),
    (ERROR.TIMEOUT, lambda folder: server(folder, Rule(do=Stall()), options={"response_timeout": 0.3})),
    (ERROR.ERROR_HTTP_INVALID_SERVER_RESPONSE, lambda folder: server(folder, Rule(do=Raw(b"SSH-2.0-OpenSSH_9.2\r\n")))),
    (ERROR.CONNECTION_ABORTED, lambda folder: server(folder, Rule(do=Close()))),
    (ERROR.CONNECTION_RESET, lambda folder: server(folder, Rule(do=Reset()))),
    (ERROR.HTTP_TO_HTTPS_ON_REDIRECTION, lambda folder: server(folder, moved("https://127.0.0.1:9/x"))),
    (ERROR.HTTPS_TO_HTTP_ON_REDIRECTION, lambda folder: encrypted(folder, moved("http://127.0.0.1:9/x"))),
    (ERROR.CANNOT_CONNECT, nobody),
    (ERROR.HOST_NAME_NOT_RESOLVED, lambda folder: address(folder, "http://nobody.invalid/x")),
    (ERROR.REDIRECT_FAILED, lambda folder: server(folder, moved("/x"))),
]


@pytest.mark.parity("F132")
@pytest.mark.parametrize(("number", "arranged"), FAILURES, ids=lambda value: getattr(value, "name", ""))
def test_each_failure_below_http_has_its_number(client, tmp_path, number, arranged):
    with arranged(tmp_path) as (url, options):
        operation = client.put(b"x" * 1000, url, patience=0, **options)
        error = failed(operation)

    assert sendoff.get_status(error) is operation.current_web_error is number


ERRORS = [
    (sendoff.UploadCanceled(), ERROR.OPERATION_CANCELED),
    (sendoff.UploadFailed(web_error=403), ERROR.FORBIDDEN),
    (sendoff.UploadFailed(http_status=403), ERROR.FORBIDDEN),
    (sendoff.UploadFailed(http_status=503), ERROR.SERVICE_UNAVAILABLE),
    (sendoff.Unreachable(), ERROR.SERVER_UNREACHABLE),
    (sendoff.Unreachable(web_error=7), ERROR.TIMEOUT),
    (sendoff.UploadFailed(http_status=418), ERROR.UNEXPECTED_CLIENT_ERROR),
    (sendoff.UploadFailed(web_error=4711), ERROR.UNKNOWN),
    (sendoff.UploadFailed(), ERROR.UNKNOWN),
    (sendoff.InvalidArgument(), ERROR.UNKNOWN),
    (sendoff.Transient(), ERROR.DISCONNECTED),
    (sendoff.OutcomeUnknown(), ERROR.CONNECTION_ABORTED),
    (ValueError("a stranger's"), ERROR.UNKNOWN),
    (TimeoutError(), ERROR.UNKNOWN),
    (KeyboardInterrupt(), ERROR.UNKNOWN),
]


@pytest.mark.parity("F134")
@pytest.mark.parametrize(("error", "number"), ERRORS, ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else value.name)
def test_any_exception_has_a_number(error, number):
    assert sendoff.get_status(error) is number
