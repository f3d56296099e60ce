"""A group as a program holds it: a name, and how its operations run beside each other."""

from __future__ import annotations

import os
from typing import Protocol

from sendoff.api.bridge import in_thread
from sendoff.api.connection import SHARED, Connection
from sendoff.desk.place import find_place
from sendoff.errors import InvalidArgument
from sendoff.model.group import checked_group
from sendoff.model.query import Question, Selection
from sendoff.model.status import TransferBehavior


class Connected(Protocol):
    """A ``Client``."""

    @property
    def _connection(self) -> Connection: ...


class TransferGroup:
    """Operations that belong together: they are found, ordered and, where it is serialized, run one after the other.

    ``TransferGroup.create("night")`` gives it, whether it was there or not; two are equal when their names are. It is the name that is remembered: by the
    operations that have it, and by the journal where the group is not as groups are at first, which is parallel. There may be any number.

    >>> uploader = sendoff.BackgroundUploader()
    >>> uploader.transfer_group = sendoff.TransferGroup.create("night")
    >>> uploader.transfer_group.behavior = sendoff.TransferBehavior.SERIALIZED
    """

    __slots__ = ("_connection", "_name")

    def __init__(self, name: str, connection: Connection | None = None) -> None:
        self._name, self._connection = checked_group(name, "group"), connection

    @classmethod
    def create(cls, name: str, client: Connected | None = None) -> TransferGroup:
        """The group of this name; it behaves as it did, whoever made it so. Nobody is asked yet.

        name: 1 to 128 characters, no bar; another component's operations stay out of yours when it holds something of your own, such as a UUID.
        client: whose group; the one of ``sendoff.put`` by default. Errors: ``InvalidArgument``.
        """
        return cls(name, None if client is None else client._connection)

    @property
    def name(self) -> str:
        """What it is called."""
        return self._name

    @property
    def behavior(self) -> TransferBehavior:
        """How its operations run beside each other, asked now. When it is set, what waits obeys at once and for good; what runs goes on."""
        told = self._used().desk.ask(Question(what="group", details={"name": self._name}))
        return TransferBehavior[told["behavior"].upper()]

    @behavior.setter
    def behavior(self, value: TransferBehavior) -> None:
        if not isinstance(value, TransferBehavior):
            raise InvalidArgument(f"behavior {value!r}: it is a TransferBehavior")
        self._used().order("group", Selection(group=self._name), behavior=value.word)

    async def abehavior(self) -> TransferBehavior:
        """``behavior`` for ``await``."""
        return await in_thread(lambda: self.behavior)

    async def aset_behavior(self, value: TransferBehavior) -> None:
        """``behavior``, set, for ``await``. value: a ``TransferBehavior``. Errors: ``InvalidArgument``, ``HostUnavailable``."""
        await in_thread(setattr, self, "behavior", value)

    def _used(self) -> Connection:
        return self._connection if self._connection is not None else SHARED.to(find_place(os.environ))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TransferGroup) and other._name == self._name

    def __hash__(self) -> int:
        return hash((TransferGroup, self._name))

    def __repr__(self) -> str:
        return f"<TransferGroup {self._name}>"
