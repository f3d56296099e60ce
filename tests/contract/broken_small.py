"""For every promise of the small contracts, a driver that breaks it."""

from __future__ import annotations

import json
import os
import time
from typing import Any

from pydantic import BaseModel, ConfigDict
from sendoff import Conditions, Credential, CredentialNeeded, CredentialStore, InvalidArgument, Network, Permanent, Secret, Sink, Transient, moment_text

# -- counterparts that keep every promise ------------------------------------------------------------------------------


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")

    says: str = "yes"


class Careless(BaseModel):
    """Takes any key."""

    model_config = ConfigDict(extra="allow")

    says: str = "yes"


class GoodStore(CredentialStore):
    """Reads one variable."""

    Settings = Strict

    def get(self, name, *, environment, refused=None):
        if not name.isidentifier():
            raise InvalidArgument(f"{name!r} is no name")
        found = self.read(name, environment)
        if found is None or (refused is not None and found == refused.secret.reveal()):
            raise CredentialNeeded(f"{name} is missing", hint="set it")
        return Credential(kind="bearer", secret=Secret(found))

    def read(self, name, environment):
        return environment.get(name)


class GoodSink(Sink):
    """Appends to a file in its folder."""

    Settings = Strict

    def deliver(self, notice):
        if self.settings.says != "yes":
            raise Permanent("no") if self.settings.says == "no" else Transient("later")
        self.write(self.document(notice))

    def document(self, notice):
        return {"id": notice.id, "type": notice.type, "time": moment_text(notice.time), "operation": notice.operation, "data": notice.data}

    def write(self, document):
        with open(self.toolkit.folder / "received", "a") as file:
            file.write(json.dumps(document) + "\n")


class GoodNetwork(Network):
    """Says what it is told to say."""

    Settings = Strict

    def look(self):
        return Conditions(online=True if self.settings.says == "yes" else None, name="good")


# -- any driver --------------------------------------------------------------------------------------------------------


class ReadsWhenMade(GoodNetwork):
    def __init__(self, settings: Any, toolkit: Any) -> None:
        super().__init__(settings, toolkit)
        with open(os.devnull):
            pass


class TakesAnyKey(GoodNetwork):
    Settings = Careless


class ClosesOnce(GoodNetwork):
    open = True

    def close(self):
        if not self.open:
            raise OSError("it is closed")
        self.open = False


# -- credential stores -------------------------------------------------------------------------------------------------


class GivesAnother(GoodStore):
    def read(self, name, environment):
        return environment.get(name) and "another"


class Caches(GoodStore):
    kept: str | None = None

    def read(self, name, environment):
        self.kept = self.kept or super().read(name, environment)
        return self.kept


class GivesTheRefusedAgain(GoodStore):
    def get(self, name, *, environment, refused=None):
        return super().get(name, environment=environment)


class RefusesForEver(GoodStore):
    def get(self, name, *, environment, refused=None):
        if refused is not None:
            raise CredentialNeeded(f"{name} was refused", hint="change it")
        return super().get(name, environment=environment)


class HasNoHint(GoodStore):
    def get(self, name, *, environment, refused=None):
        try:
            return super().get(name, environment=environment, refused=refused)
        except CredentialNeeded as cause:
            raise CredentialNeeded(cause.message) from None


class TakesAnyName(GoodStore):
    def get(self, name, *, environment, refused=None):
        return super().get(name, environment=environment, refused=refused) if name.isidentifier() else Credential(secret=Secret("x"))


class ReadsItsOwnEnvironment(GoodStore):
    def read(self, name, environment):
        return environment.get(name) or os.environ.get(name)


class ShowsTheSecret(GoodStore):
    def get(self, name, *, environment, refused=None):
        if refused is not None and self.read(name, environment) == refused.secret.reveal():
            raise CredentialNeeded(f"{refused.secret.reveal()} was refused", hint="change it")
        return super().get(name, environment=environment, refused=refused)


class IsNeverUsable(GoodStore):
    def usable(self):
        return "no"


# -- sinks -------------------------------------------------------------------------------------------------------------


class ForgetsTheTime(GoodSink):
    def document(self, notice):
        return {**super().document(notice), "time": None}


class InventsAnOperation(GoodSink):
    def document(self, notice):
        return {**super().document(notice), "operation": notice.operation or {}}


class CutsAtTheNul(GoodSink):
    def document(self, notice):
        return {**super().document(notice), "id": notice.id.partition("\0")[0]}


class TakesANoticeOnce(GoodSink):
    def write(self, document):
        if getattr(self, "seen", None) == document["id"]:
            raise Permanent("it was here already")
        self.seen = document["id"]
        super().write(document)


class LosesOneOfTwo(GoodSink):
    def write(self, document):
        path = self.toolkit.folder / "received"
        before = path.read_text() if path.exists() else ""
        time.sleep(0.01)
        path.write_text(before + json.dumps(document) + "\n")


class ShowsEverything(GoodSink):
    shows = frozenset({"everything"})


class OffersWhatItDoesNotKnow(GoodSink):
    @classmethod
    def uninvited(cls):
        return {"on": ["failed"], "color": "red"}


class SwallowsARefusal(GoodSink):
    def deliver(self, notice):
        if self.settings.says == "yes":
            super().deliver(notice)


# -- networks ----------------------------------------------------------------------------------------------------------


class TakesItsTime(GoodNetwork):
    def look(self):
        time.sleep(2.1)
        return super().look()


class StampsItself(GoodNetwork):
    def look(self):
        return Conditions(online=True, name="stamped", since=1)


class IsNameless(GoodNetwork):
    def look(self):
        return Conditions(online=True)


class TakesUnknownForOffline(GoodNetwork):
    def look(self):
        return Conditions(online=self.settings.says == "yes", name="rash")


class ChangesItsMind(GoodNetwork):
    looked = 0

    def look(self):
        self.looked += 1
        return Conditions(online=True, name=f"look {self.looked}")
