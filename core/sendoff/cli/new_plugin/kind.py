"""What kinds of plugins there are, and what one of each brings."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

from sendoff.errors import InvalidArgument

PYDANTIC = ("pydantic>=2.7",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One of them.

    word: what it is called on the command line, and the folder of its templates. many: what ``sendoff plugins`` and the configuration call it.
    group: of entry points. part: the module that is written. suffix: of the class's name; empty where there is no class. about: what it does, with ``{name}``.
    promise: what its tests are. needs: libraries. tried_with: what its tests need besides.
    """

    word: str
    many: str
    group: str
    part: str
    suffix: str
    about: str
    promise: str
    needs: tuple[str, ...] = PYDANTIC
    tried_with: tuple[str, ...] = ()

    @property
    def use(self) -> str:
        """What one of them is for, whatever its name: ``uploads to NAME://``."""
        return (self.about[0].lower() + self.about[1:]).format(name="NAME")


KINDS = (
    Kind(
        word="transport", many="transports", group="sendoff.transports", part="transport", suffix="Transport",
        about="Uploads to {name}://", promise="the contract that every transport keeps, and the two things that it needs",
    ),
    Kind(
        word="http-protocol", many="http_protocols", group="sendoff.http_protocols", part="protocol", suffix="Protocol", tried_with=("sendoff-http",),
        about="Uploads over HTTP by the protocol {name}", promise="the contract that every transport keeps, by this protocol, and what it needs",
    ),
    Kind(
        word="store", many="stores", group="sendoff.stores", part="store", suffix="Store",
        about="The journal in {name}", promise="the contract that every store keeps, and the two things that it needs",
    ),
    Kind(
        word="credentials", many="credentials", group="sendoff.credentials", part="credentials", suffix="Credentials",
        about="Credentials from {name}", promise="the contract that every credential store keeps, and the two things that it needs",
    ),
    Kind(
        word="sink", many="sinks", group="sendoff.sinks", part="sink", suffix="Sink",
        about="Notices to {name}", promise="the contract that every sink keeps, and the few things that it needs",
    ),
    Kind(
        word="network", many="networks", group="sendoff.networks", part="network", suffix="Network",
        about="What the network is like, from {name}", promise="the contract that every network keeps, and the two things that it needs",
    ),
    Kind(
        word="listener", many="listeners", group="sendoff.hooks", part="listener", suffix="", needs=(),
        about="{name}, told of every upload that ends", promise="what it is told of, in real uploads to a receiver in memory",
    ),
)  # fmt: skip


def kind_of(word: str) -> Kind:
    """The kind that somebody means: one or many, with a dash or an underscore. Errors: ``InvalidArgument``."""
    plain = word.lower().replace("_", "-")
    for kind in KINDS:
        if plain in _words(kind):
            return kind
    near = get_close_matches(plain, [kind.word for kind in KINDS], 1)
    hint = f"did you mean {near[0]}?" if near else "sendoff new-plugin --help says what each is for"
    raise InvalidArgument(f"there is no kind of plugin {word!r}; it is one of {', '.join(kind.word for kind in KINDS)}", hint=hint)


def _words(kind: Kind) -> tuple[str, ...]:
    return (kind.word, kind.many.replace("_", "-"), kind.word.removesuffix("s"))
