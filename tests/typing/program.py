"""A program that uses all that a program may: it is never run, and strict type checkers must accept every line."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import sendoff
import sendoff.testing

# -- one call ---------------------------------------------------------------------------------------------------------


def report(progress: sendoff.UploadProgress) -> None:
    sizes: tuple[int, int, int] = (progress.bytes_sent, progress.bytes_confirmed, progress.total_bytes)
    answer: tuple[int, int, int] = (progress.bytes_received, progress.total_bytes_to_receive, progress.answers)
    anew: tuple[bool, bool, int] = (progress.has_restarted, progress.has_response_changed, progress.attempt)
    guessed: tuple[float | None, float | None, float] = (progress.rate, progress.eta, progress.percent)
    how: tuple[str, str | None, bool | None] = (progress.operation, progress.protocol, progress.resumable)
    where: tuple[sendoff.TransferStatus | None, str | None] = (progress.status, progress.reason)
    print(sizes, answer, anew, guessed, how, where)


def proof(receipt: sendoff.Receipt) -> int:
    told: tuple[str, str, str | None, str | None] = (receipt.url, receipt.verified, receipt.etag, receipt.version_id)
    digests: Mapping[str, str] = receipt.digests
    when: sendoff.Moment = receipt.finished_at
    print(told, digests.get("sha256"), sendoff.moment_text(when), receipt.bytes_resent, receipt.attempts, receipt.road, receipt.existing)
    return receipt.size


def answered(operation: sendoff.UploadOperation) -> bytes:
    response: sendoff.ResponseInformation | None = operation.response
    if response is None:
        return b""
    headers: sendoff.ResponseHeaders = response.headers
    lines: tuple[tuple[str, str], ...] = headers.raw
    kind: str = headers["content-type"]
    code: int | None = response.status_code
    print(kind, len(headers), list(headers), lines, code, response.actual_url, response.is_resumable, response.body, response.truncated)
    with operation.open_response(offset=10) as body:
        return body.read()


def failed(failure: sendoff.Failure | None) -> sendoff.WebErrorStatus | None:
    if failure is None:
        return None
    said: tuple[str, str, str, str | None] = (failure.code, failure.message, failure.side, failure.hint)
    print(said, failure.http_status, failure.retryable)
    return sendoff.WebErrorStatus(failure.web_error)


def facts(operation: sendoff.UploadOperation) -> None:
    known: tuple[str, int, str, str, str | None] = (operation.id, operation.number, operation.batch, operation.requested_url, operation.label)
    metadata: Mapping[str, Any] = operation.metadata
    method: str | None = operation.method
    file: Path | None = operation.source_file
    parts: tuple[sendoff.FormPart, ...] = operation.parts
    group: tuple[str | None, sendoff.TransferGroup | None] = (operation.group, operation.transfer_group)
    status: sendoff.TransferStatus = operation.status
    needs: Mapping[str, str] | None = operation.needs
    web_error: sendoff.WebErrorStatus | None = operation.current_web_error
    times: tuple[datetime | None, datetime | None, datetime | None] = (operation.created_at, operation.started_at, operation.finished_at)
    report(operation.progress)
    print(known, dict(metadata), method, file, group, status.word, status.terminal, operation.reason, needs, web_error, times, failed(operation.error))
    for part in parts:
        one: tuple[str | None, str | None, str | None, str, Path | None, int] = (part.name, part.filename, part.type, part.kind, part.path, part.size)
        print(one)


def orders(operation: sendoff.UploadOperation) -> sendoff.UploadHandle:
    operation.priority = sendoff.TransferPriority.HIGH
    operation.cost_policy = sendoff.CostPolicy.UNRESTRICTED_ONLY
    operation.recoverable_errors = [403, sendoff.WebErrorStatus.GONE]
    listed: tuple[int, ...] = operation.recoverable_errors
    operation.set_request_header("X-Project", "films", secret=False)
    operation.remove_request_header("X-Project")
    operation.make_current_in_group()
    operation.pause()
    operation.resume()
    given_up: bool = operation.cancel()
    operation.retry()
    operation.acknowledge()
    history: Iterator[sendoff.Event] = operation.events()
    print(operation.priority.order, operation.cost_policy.word, listed, given_up, [event.type for event in history])
    return operation.refresh().start(report)


def puts() -> list[sendoff.UploadOperation]:
    whole: sendoff.Options = {
        "method": "PUT", "headers": {"X-Project": "films"}, "secret_headers": [("X-Token", sendoff.Secret("t0ken"))], "credential": "env:TOKEN",
        "id": "order-42", "group": "night", "priority": "high", "cost": sendoff.CostPolicy.ALWAYS, "label": "films", "metadata": {"order": 42},
        "patience": timedelta(hours=12), "recoverable_errors": (401, 507), "existing": "fail", "verify": "read-back", "digest": "sha256",
        "sha256": "00" * 32, "protocol": "tus", "idempotency_key": True, "retry_unsafe": False, "again": True, "only_new": False, "offset": 10,
        "length": 5, "copy": True, "then": "move:done", "options": {"part_size": "64M"}, "start": False,
    }  # fmt: skip
    first = sendoff.put(Path("a.iso"), "archive:2026/", **whole)
    second = sendoff.put(b"hello", "archive:hello.txt", patience="5m", priority=sendoff.TransferPriority.LOW, cost="default")
    with open("a.iso", "rb") as stream:
        third = sendoff.put(stream, "archive:copy.iso", credential=sendoff.Credential(kind="bearer", secret=sendoff.Secret("t0ken")))
    done: sendoff.UploadOperation = second.wait(timeout=3600, patient=True)
    print(proof(done.receipt) if done.receipt is not None else 0)
    return [first, second, third, sendoff.get(first.id), sendoff.get(17)]


def form() -> sendoff.UploadOperation:
    with open("a.iso", "rb") as stream:
        parts = [
            sendoff.ContentPart("title").set_text("films"),
            sendoff.ContentPart("notes", "notes.txt").set_bytes(b"all went well").set_header("Content-Type", "text/plain"),
            sendoff.ContentPart("image", filename="").set_file(Path("a.iso")),
            sendoff.ContentPart("log").set_stream(stream),
        ]
        return sendoff.post("https://h.example/up", parts, idempotency_key="X-Key")


def many() -> sendoff.UploadProgress:
    batch: sendoff.Batch = sendoff.put_many([("a.iso", "archive:1"), (b"two", "archive:2", {"label": "second"})], group="night")
    refused: list[tuple[int, sendoff.SendoffError]] = list(batch.errors)
    known: tuple[str | None, int | None, int] = (batch.id, batch.number, len(batch))
    obeyed: list[int] = [batch.start(), batch.pause(), batch.resume(), batch.cancel(), batch.retry()]
    print(refused, known, obeyed, [operation.id for operation in batch], next(batch.operations()).id)
    return batch.wait(timeout=60.0, patient=False).progress


def search() -> int | None:
    cursor: int | None = None
    found = sendoff.find(
        status=[sendoff.TransferStatus.ERROR, "idle"], reason=sendoff.Reason.OFFLINE, group="night", metadata={"order": 42}, limit=10, all=True
    )
    for operation in found:
        print([one.id for one in sendoff.find(batch=operation.batch, failed=True, after=operation)])
    for event in sendoff.events(after=cursor, follow=False, operation="0190", types=("completed",)):
        told: tuple[str, str, str, str, int, Mapping[str, Any]] = (event.id, event.type, event.operation, event.batch, event.round, event.data)
        cursor = event.seq
        print(told, sendoff.moment_text(event.time))
    return cursor


# -- waiting -----------------------------------------------------------------------------------------------------------


def ended(handle: sendoff.UploadHandle) -> None:
    print(handle.done(), handle.operation.id)


def wait_for(operation: sendoff.UploadOperation) -> str:
    handle: sendoff.UploadHandle = operation.attach(report)
    handle.add_done_callback(ended)
    try:
        return handle.result(timeout=60, patient=False).status.name
    except TimeoutError:
        return str(handle.cancel())
    except (sendoff.UploadCanceled, sendoff.NeedsAttention) as error:
        return error.hint or error.message
    except sendoff.UploadFailed as error:
        status: sendoff.WebErrorStatus = sendoff.get_status(error)
        told: tuple[str, bool, str, int, int | None, float | None] = (
            error.code, error.retryable, error.side, error.web_error, error.http_status, error.retry_after,
        )  # fmt: skip
        return f"{status.name} {told} {error.facts['cause']}"


# -- for await ---------------------------------------------------------------------------------------------------------


async def program() -> None:
    one = await sendoff.aput("a.iso", "archive:", label="one")
    batch = await sendoff.aput_many([("a.iso", "archive:1")])
    posted = await sendoff.apost("https://h.example/up", [sendoff.ContentPart("a").set_text("1")])
    again: sendoff.UploadOperation = await sendoff.aget(one.id)
    print(posted.id, [found.id async for found in sendoff.afind(status="running")], [event.seq async for event in sendoff.aevents(after=0)])
    done: sendoff.UploadOperation = await again.attach()
    async for progress in done.attach():
        report(progress)
    whole: sendoff.Batch = await batch
    print([await whole.astart(), await whole.apause(), await whole.aresume(), await whole.acancel(), await whole.aretry()])
    await asyncio.gather(done.arefresh(), done.apause(), done.aresume(), done.aretry(), done.aacknowledge())
    await done.aset_request_header("X-Project", "films", secret=None)
    await done.aremove_request_header("X-Project")
    await done.aset_priority(sendoff.TransferPriority.HIGH)
    await done.aset_cost_policy(sendoff.CostPolicy.ALWAYS)
    await done.aset_recoverable_errors([403])
    await done.amake_current_in_group()
    body: BinaryIO = await done.aopen_response(offset=10)
    sent: tuple[tuple[str, str], ...] = done.request_headers
    progress_of_all: sendoff.UploadProgress = await whole.aprogress()
    print(body.read(), sent, progress_of_all.percent, [each.id async for each in whole.aoperations()], [each.id async for each in whole])
    handle: sendoff.UploadHandle = await done.astart(report)
    print(await done.acancel(), handle.done(), [event.type async for event in done.aevents()])


async def embedded() -> None:
    async with await sendoff.aconnect(mode="embedded", app="backup", state_dir=Path("state"), config="sendoff.toml") as client:
        one: sendoff.UploadOperation = await client.aput("a.iso", "archive:")
        two = await client.aput_many([("a.iso", "archive:1")])
        three = await client.apost("https://h.example/up", [sendoff.ContentPart("a").set_text("1")])
        print(await client.aget(one.number), len(two), three.id)
        print([found.id async for found in client.afind(group="night")], [event.seq async for event in client.aevents(follow=False)])
        await client.aclose(drain=5.0)


def connected() -> None:
    with sendoff.connect(mode="host", parity="winrt") as client:
        own: sendoff.Client = client
        one = own.put("a.iso", "archive:", start=False)
        print(own.put_many([("a.iso", "archive:1")]).id, own.post("https://h.example/up", [sendoff.ContentPart("a").set_text("1")]).id, own.get(one.id).id)
        print([found.id for found in own.find(all=True)], [event.seq for event in own.events()])
        own.close(drain=True)


# -- as on Windows -----------------------------------------------------------------------------------------------------


def prepared(client: sendoff.Client) -> sendoff.BackgroundUploader:
    uploader = sendoff.BackgroundUploader(client, completion_group=sendoff.CompletionGroup(client))
    uploader.method = "PUT"
    uploader.set_request_header("X-Project", "films", secret=False)
    uploader.remove_request_header("X-Project")
    uploader.server_credential = sendoff.Credential(username="me", secret=sendoff.Secret("pass"), expires_at=None)
    uploader.proxy_credential = "env:PROXY"
    uploader.cost_policy = sendoff.CostPolicy.DEFAULT
    uploader.transfer_group = sendoff.TransferGroup.create("night", client)
    uploader.group = "day"
    uploader.metadata = {"order": 42}
    uploader.existing, uploader.verify, uploader.copy, uploader.then = "skip", "size", True, "delete"
    good = sendoff.Notification("Done", "all of it", tag="t", group="g", expires_at=datetime.now(UTC), silent=True, priority="high")
    uploader.success_notification, uploader.failure_notification = good, None
    uploader.success_tile_notification = uploader.failure_tile_notification = sendoff.Notification("Tile", tag="tile")
    print(good.title, good.body, good.tag, good.group, good.expires_at, good.silent, good.priority, uploader.failure_tile_notification)
    uploader.recoverable_errors = [sendoff.WebErrorStatus.UNAUTHORIZED]
    uploader.tls, uploader.if_changed = {"ca_file": "ca.pem"}, "restart"
    config: sendoff.TransferConfig = uploader
    print(config.method, config.group, config.cost_policy, config.server_credential, config.proxy_credential)
    config.set_request_header("X-Project", "films")
    config.remove_request_header("X-Project")
    return uploader


def created(uploader: sendoff.BackgroundUploader, stream: BinaryIO) -> list[sendoff.UploadHandle]:
    parts = [sendoff.ContentPart("a").set_text("1")]
    found = [
        uploader.create_upload("archive:a.iso", "a.iso", offset=10, length=5, id="mine"),
        uploader.create_upload_from_stream("archive:b.iso", stream, length=5, id=None),
        uploader.create_multipart_upload("https://h.example/up", parts, "related", boundary="b", id="yours"),
    ]
    with uploader.batch() as night:
        uploader.create_upload("archive:c.iso", b"three")
    whole: sendoff.Batch = uploader.create_uploads([("archive:1", b"one"), ("archive:2", "a.iso", "two")])
    group: sendoff.CompletionGroup | None = uploader.completion_group
    now: list[sendoff.UploadOperation] = uploader.current_uploads("night", all_groups=False)
    granted: sendoff.UnconstrainedResult = sendoff.BackgroundUploader.request_unconstrained(now)
    print(len(night), len(whole), group, now, granted.is_unconstrained, uploader.current_uploads_for_group(sendoff.TransferGroup.create("night")))
    return [operation.start(report) for operation in found]


async def created_by_await(uploader: sendoff.BackgroundUploader, stream: BinaryIO) -> list[sendoff.UploadOperation]:
    found = [
        await uploader.acreate_upload("archive:a.iso", b"x"),
        await uploader.acreate_upload_from_stream("archive:b.iso", stream),
        await uploader.acreate_multipart_upload("https://h.example/up", [sendoff.ContentPart("a").set_text("1")]),
    ]
    print(len(await uploader.acreate_uploads([("archive:1", b"one")])))
    async with uploader.batch() as night:
        await uploader.acreate_upload("archive:c.iso", b"three")
    group = sendoff.TransferGroup.create("night")
    await group.aset_behavior(sendoff.TransferBehavior.PARALLEL)
    behavior: sendoff.TransferBehavior = await group.abehavior()
    print(len(night), behavior.word, (await uploader.arequest_unconstrained(found)).is_unconstrained)
    return [*found, *await uploader.acurrent_uploads(all_groups=True), *await uploader.acurrent_uploads_for_group(group)]


def grouped() -> str:
    group = sendoff.TransferGroup.create("night")
    group.behavior = sendoff.TransferBehavior.SERIALIZED
    behavior: sendoff.TransferBehavior = group.behavior
    return f"{group.name} {behavior.word}"


def all_done(details: sendoff.CompletionDetails) -> None:
    wrong: list[sendoff.UploadOperation] = [upload for upload in details.uploads if upload.error is not None]
    print(details.key, len(wrong))


def completed() -> tuple[bool, str]:
    with sendoff.CompletionGroup() as group:
        group.on_complete("tests.typing.program:all_done")
        sendoff.BackgroundUploader(completion_group=group).create_upload("archive:a.iso", "a.iso").start()
    other = sendoff.CompletionGroup()
    other.enable()
    return group.is_enabled, group.id


async def completed_by_await() -> bool:
    async with sendoff.CompletionGroup() as group:
        await group.aon_complete("tests.typing.program:all_done")
    other = sendoff.CompletionGroup()
    await other.aenable()
    return group.is_enabled and other.is_enabled


def transferred(transfer: sendoff.TransferOperation) -> bytes:
    transfer.priority, transfer.cost_policy = sendoff.TransferPriority.DEFAULT, sendoff.CostPolicy.ALWAYS
    print(transfer.id, transfer.requested_url, transfer.method, transfer.group, transfer.response)
    return transfer.open_response(offset=0).read()


# -- errors ------------------------------------------------------------------------------------------------------------


def tried() -> int:
    try:
        transferred(sendoff.put("a.iso", "archive:"))
    except (sendoff.SourceMissing, sendoff.SourceUnsuitable, sendoff.SourceUnreadable, sendoff.UnsupportedScheme, sendoff.IdConflict):
        return 1
    except (sendoff.InvalidArgument, sendoff.InvalidState, sendoff.UnknownOperation, sendoff.Refused, sendoff.Postpone):
        return 2
    except (sendoff.ConfigurationError, sendoff.DriverMissing, sendoff.DriverBroken, sendoff.StoreRefused, sendoff.JournalFull):
        return 3
    except (sendoff.OtherVersion, sendoff.HostUnavailable):
        return 5
    return 0


# -- tests of one's own ------------------------------------------------------------------------------------------------


def test_of_an_application() -> None:
    with sendoff.testing.client(config={"retry": {"patience": "1h"}}, hurry=False) as client:
        client.receiver.answer(503, "https://far.example/", body=b"busy", headers=(("Retry-After", "1"),), times=None)
        client.network.become(online=False)
        client.clock.advance("1h")
        other: sendoff.Client = client.another()
        with pytest.raises(sendoff.UploadFailed):
            other.put(b"hello", "https://far.example/greeting").wait()
        bodies: list[bytes] = [request.body for request in client.receiver.requests]
        print(bodies, client.receiver.stored.get("https://far.example/greeting"), client.receiver.requests[0].header("X-Project"))
