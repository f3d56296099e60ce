"""Whatever a program calls that may wait has a twin for ``await``; what has none was looked at, and never waits."""

import inspect

import pytest
import sendoff

# What is not called ``a...`` beside it, and how it is awaited.
OTHERWISE = {
    "Client.stream": "async for event in client.aevents()",
    "UploadOperation.wait": "await operation.attach()",
    "UploadHandle.result": "await handle",
    "Batch.wait": "await batch",
}
# What never waits: it is on an object in memory, or begins a thread that does the waiting.
AT_ONCE = {
    sendoff.Client: "",
    sendoff.UploadOperation: "attach seen",
    sendoff.UploadHandle: "done add_done_callback leave looked progressed gave_up",
    sendoff.Batch: "",
    sendoff.BackgroundUploader: "batch set_request_header remove_request_header",
    sendoff.CompletionGroup: "",
    sendoff.TransferGroup: "create",
}
# Of an operation that nobody has looked at yet the first fact looks, and ``arefresh`` does so before.
LOOKED_AT = (sendoff.UploadOperation,)
IN_MEMORY = {
    sendoff.BackgroundUploader: "method group transfer_group server_credential proxy_credential completion_group cost_policy existing metadata "
    "recoverable_errors then verify copy if_changed tls success_notification failure_notification success_tile_notification failure_tile_notification",
    sendoff.CompletionGroup: "is_enabled id",
    sendoff.TransferGroup: "name",
}
FUNCTIONS = [name for name, module in sendoff._MODULE_OF.items() if module == "api.functions" and not name.startswith("a")] + ["connect"]


def public(kind):
    """Every member by its name, but those for ``await``: what is called, what is read, and what is set."""
    return {name: value for name in dir(kind) if not name.startswith("_") and not is_twin(kind, name) for value in [inspect.getattr_static(kind, name)]}


def is_twin(kind, name):
    return name.startswith("a") and (hasattr(kind, name[1:]) or (name.startswith("aset_") and hasattr(kind, name.removeprefix("aset_"))))


def called(value):
    return inspect.isfunction(value) or isinstance(value, classmethod | staticmethod)


@pytest.mark.parametrize("kind", AT_ONCE, ids=lambda kind: kind.__name__)
def test_each_method_has_a_twin_or_never_waits(kind):
    lone = [name for name, value in public(kind).items() if called(value) and not hasattr(kind, f"a{name}") and name not in AT_ONCE[kind].split()]

    assert [name for name in lone if f"{kind.__name__}.{name}" not in OTHERWISE] == []
    for word in AT_ONCE[kind].split():
        assert hasattr(kind, word) and not hasattr(kind, f"a{word}"), word


@pytest.mark.parametrize("kind", AT_ONCE, ids=lambda kind: kind.__name__)
def test_what_asks_where_it_is_read_or_set_has_a_twin(kind):
    facts = {name: value for name, value in public(kind).items() if not called(value)}

    for name, value in facts.items():
        if getattr(value, "fset", None) is not None and name not in IN_MEMORY.get(kind, "").split():
            assert hasattr(kind, f"aset_{name}"), name
        if kind not in LOOKED_AT and name not in IN_MEMORY.get(kind, "").split():
            assert hasattr(kind, f"a{name}"), name


@pytest.mark.parametrize("kind", AT_ONCE, ids=lambda kind: kind.__name__)
def test_a_twin_takes_what_the_other_takes_and_is_awaited(kind):
    for name in dir(kind):
        if not is_twin(kind, name):
            continue
        twin, other = getattr(kind, name), getattr(kind, name[1:], None)
        assert inspect.iscoroutinefunction(twin) or "AsyncIterator" in str(inspect.signature(twin).return_annotation), f"{name} is awaited"
        if inspect.isfunction(other):
            assert inspect.signature(twin).parameters == inspect.signature(other).parameters, name


def test_so_it_is_with_the_functions_of_the_module():
    for name in FUNCTIONS:
        assert inspect.signature(getattr(sendoff, f"a{name}")).parameters == inspect.signature(getattr(sendoff, name)).parameters, name


@pytest.mark.parametrize("kind", [sendoff.Client, sendoff.CompletionGroup], ids=lambda kind: kind.__name__)
def test_what_is_used_by_with_is_used_by_async_with(kind):
    for name in ("enter", "exit"):
        assert hasattr(kind, f"__{name}__") and hasattr(kind, f"__a{name}__")


def test_a_batch_of_an_uploader_is_used_by_with_and_by_async_with():
    scope = sendoff.BackgroundUploader().batch()

    assert all(hasattr(scope, f"__{name}__") for name in ("enter", "exit", "aenter", "aexit"))
