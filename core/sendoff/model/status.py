"""Where an operation stands, and the words for why."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class TransferStatus(IntEnum):
    """The ten statuses; the numbers are those of Windows.Networking.BackgroundTransfer and are not an order.

    >>> sendoff.TransferStatus.PAUSED_NO_NETWORK.word
    'paused_no_network'
    """

    IDLE = 0  # created or queued, nothing moves
    RUNNING = 1  # a try is under way, or waits for its next one
    PAUSED_BY_APPLICATION = 2  # somebody paused it
    PAUSED_COSTED_NETWORK = 3  # the network costs money and the cost policy says no
    PAUSED_NO_NETWORK = 4  # there is no network
    COMPLETED = 5
    CANCELED = 6
    ERROR = 7
    PAUSED_RECOVERABLE = 8  # a person can help it on
    PAUSED_SYSTEM_POLICY = 32  # power, a full journal, a missing plugin

    @property
    def terminal(self) -> bool:
        """Nothing more happens unless somebody retries."""
        return self in _TERMINAL

    @property
    def word(self) -> str:
        """The status as JSON and the command line write it: ``paused_no_network``."""
        return self.name.lower()


_TERMINAL = frozenset({TransferStatus.COMPLETED, TransferStatus.CANCELED, TransferStatus.ERROR})


class Reason(StrEnum):
    """Why an operation stands where it stands.

    >>> sendoff.Reason("offline") is sendoff.Reason.OFFLINE
    True
    """

    QUEUED = "queued"
    EARLIER_UPLOAD = "earlier_upload"
    LIMIT = "limit"
    BACKOFF = "backoff"
    UNREACHABLE = "unreachable"
    SERVER_LOCK = "server_lock"
    OFFLINE = "offline"
    PORTAL = "portal"
    METERED = "metered"
    ROAMING = "roaming"
    OVER_LIMIT = "over_limit"
    POWER = "power"
    JOURNAL_FULL = "journal_full"
    PLUGIN_MISSING = "plugin_missing"
    CREDENTIAL_NEEDED = "credential_needed"
    HOST_KEY_UNKNOWN = "host_key_unknown"
    CONSENT = "consent"
    NO_SPACE = "no_space"
    SOURCE_UNAVAILABLE = "source_unavailable"
    RECOVERABLE_ERROR = "recoverable_error"
    INTERRUPTED_NON_IDEMPOTENT = "interrupted_non_idempotent"
    REPLACED = "replaced"
    CLIENT_GONE = "client_gone"


class Want(StrEnum):
    """What somebody ordered and a try has not yet obeyed; durable."""

    PAUSE = "pause"
    CANCEL = "cancel"
    NOW = "now"  # one try, whatever network, power or back-off say
    LEFT = "left"  # its program ended, and it goes by the literal rules


STOPPING = frozenset({Want.PAUSE, Want.CANCEL, Want.LEFT})  # a try that is under way is broken off


class TransferPriority(IntEnum):
    """Which waiting operations start first.

    >>> sendoff.put(b"hello", "archive:hello.txt", priority=sendoff.TransferPriority.HIGH).priority.name
    'HIGH'
    """

    DEFAULT = 0
    HIGH = 1
    LOW = 2

    @property
    def order(self) -> int:
        """High before default before low."""
        return {TransferPriority.HIGH: 0, TransferPriority.DEFAULT: 1, TransferPriority.LOW: 2}[self]


class TransferBehavior(IntEnum):
    """How the operations of a group run beside each other.

    >>> sendoff.TransferBehavior.SERIALIZED.word
    'serialized'
    """

    PARALLEL = 0  # as many at once as the limits allow
    SERIALIZED = 1  # one at a time

    @property
    def word(self) -> str:
        """The behavior as the journal writes it: ``serialized``."""
        return self.name.lower()


class CostPolicy(IntEnum):
    """On which networks an operation may run.

    >>> sendoff.put(b"hello", "archive:hello.txt", cost=sendoff.CostPolicy.ALWAYS).cost_policy.word
    'always'
    """

    DEFAULT = 0
    UNRESTRICTED_ONLY = 1
    ALWAYS = 2

    @property
    def word(self) -> str:
        """The policy as the command line writes it: ``unrestricted-only``."""
        return self.name.lower().replace("_", "-")
