"""The public face, for type checkers; the same names as the table in ``__init__.py``."""

from sendoff.api.batch import (
    Batch as Batch,
)
from sendoff.api.client import (
    Client as Client,
)
from sendoff.api.client import (
    aconnect as aconnect,
)
from sendoff.api.client import (
    connect as connect,
)
from sendoff.api.completion import (
    CompletionDetails as CompletionDetails,
)
from sendoff.api.completion import (
    CompletionGroup as CompletionGroup,
)
from sendoff.api.failure import (
    get_status as get_status,
)
from sendoff.api.functions import (
    aevents as aevents,
)
from sendoff.api.functions import (
    afind as afind,
)
from sendoff.api.functions import (
    aget as aget,
)
from sendoff.api.functions import (
    apost as apost,
)
from sendoff.api.functions import (
    aput as aput,
)
from sendoff.api.functions import (
    aput_many as aput_many,
)
from sendoff.api.functions import (
    events as events,
)
from sendoff.api.functions import (
    find as find,
)
from sendoff.api.functions import (
    get as get,
)
from sendoff.api.functions import (
    post as post,
)
from sendoff.api.functions import (
    put as put,
)
from sendoff.api.functions import (
    put_many as put_many,
)
from sendoff.api.group import (
    TransferGroup as TransferGroup,
)
from sendoff.api.interfaces import (
    TransferConfig as TransferConfig,
)
from sendoff.api.interfaces import (
    TransferOperation as TransferOperation,
)
from sendoff.api.notification import (
    Notification as Notification,
)
from sendoff.api.operation import (
    UploadHandle as UploadHandle,
)
from sendoff.api.operation import (
    UploadOperation as UploadOperation,
)
from sendoff.api.options import (
    Options as Options,
)
from sendoff.api.part import (
    ContentPart as ContentPart,
)
from sendoff.api.part import (
    FormPart as FormPart,
)
from sendoff.api.response import (
    ResponseHeaders as ResponseHeaders,
)
from sendoff.api.response import (
    ResponseInformation as ResponseInformation,
)
from sendoff.api.unconstrained import (
    UnconstrainedResult as UnconstrainedResult,
)
from sendoff.api.uploader import (
    BackgroundUploader as BackgroundUploader,
)
from sendoff.errors import (
    ConfigurationError as ConfigurationError,
)
from sendoff.errors import (
    CredentialNeeded as CredentialNeeded,
)
from sendoff.errors import (
    DriverBroken as DriverBroken,
)
from sendoff.errors import (
    DriverMissing as DriverMissing,
)
from sendoff.errors import (
    HostKeyUnknown as HostKeyUnknown,
)
from sendoff.errors import (
    HostUnavailable as HostUnavailable,
)
from sendoff.errors import (
    IdConflict as IdConflict,
)
from sendoff.errors import (
    Interrupted as Interrupted,
)
from sendoff.errors import (
    InvalidArgument as InvalidArgument,
)
from sendoff.errors import (
    InvalidState as InvalidState,
)
from sendoff.errors import (
    JournalFull as JournalFull,
)
from sendoff.errors import (
    NeedsAttention as NeedsAttention,
)
from sendoff.errors import (
    NeedsPerson as NeedsPerson,
)
from sendoff.errors import (
    NoSpace as NoSpace,
)
from sendoff.errors import (
    OtherVersion as OtherVersion,
)
from sendoff.errors import (
    OutcomeUnknown as OutcomeUnknown,
)
from sendoff.errors import (
    Permanent as Permanent,
)
from sendoff.errors import (
    Postpone as Postpone,
)
from sendoff.errors import (
    Refused as Refused,
)
from sendoff.errors import (
    Rejected as Rejected,
)
from sendoff.errors import (
    SendoffError as SendoffError,
)
from sendoff.errors import (
    ServerBusy as ServerBusy,
)
from sendoff.errors import (
    SessionLost as SessionLost,
)
from sendoff.errors import (
    SourceChanged as SourceChanged,
)
from sendoff.errors import (
    SourceMissing as SourceMissing,
)
from sendoff.errors import (
    SourceUnavailable as SourceUnavailable,
)
from sendoff.errors import (
    SourceUnreadable as SourceUnreadable,
)
from sendoff.errors import (
    SourceUnsuitable as SourceUnsuitable,
)
from sendoff.errors import (
    StoreRefused as StoreRefused,
)
from sendoff.errors import (
    Superseded as Superseded,
)
from sendoff.errors import (
    TargetExists as TargetExists,
)
from sendoff.errors import (
    TooLarge as TooLarge,
)
from sendoff.errors import (
    Transient as Transient,
)
from sendoff.errors import (
    UnknownOperation as UnknownOperation,
)
from sendoff.errors import (
    Unreachable as Unreachable,
)
from sendoff.errors import (
    UnsupportedScheme as UnsupportedScheme,
)
from sendoff.errors import (
    Unverified as Unverified,
)
from sendoff.errors import (
    UploadCanceled as UploadCanceled,
)
from sendoff.errors import (
    UploadFailed as UploadFailed,
)
from sendoff.hookspecs import (
    Change as Change,
)
from sendoff.hookspecs import (
    hookimpl as hookimpl,
)
from sendoff.model.change import (
    Append as Append,
)
from sendoff.model.change import (
    Checkpoint as Checkpoint,
)
from sendoff.model.change import (
    DropCheckpoint as DropCheckpoint,
)
from sendoff.model.change import (
    Insert as Insert,
)
from sendoff.model.change import (
    Opened as Opened,
)
from sendoff.model.change import (
    Reply as Reply,
)
from sendoff.model.change import (
    Reserve as Reserve,
)
from sendoff.model.change import (
    SaveCheckpoint as SaveCheckpoint,
)
from sendoff.model.change import (
    SaveNote as SaveNote,
)
from sendoff.model.change import (
    SaveTodo as SaveTodo,
)
from sendoff.model.change import (
    Unit as Unit,
)
from sendoff.model.change import (
    Update as Update,
)
from sendoff.model.conditions import (
    Conditions as Conditions,
)
from sendoff.model.delivery import (
    Delivery as Delivery,
)
from sendoff.model.delivery import (
    Demand as Demand,
)
from sendoff.model.delivery import (
    Receipt as Receipt,
)
from sendoff.model.destination import (
    Destination as Destination,
)
from sendoff.model.destination import (
    is_local as is_local,
)
from sendoff.model.destination import (
    is_loopback as is_loopback,
)
from sendoff.model.destination import (
    origin_of as origin_of,
)
from sendoff.model.document import (
    decode as decode,
)
from sendoff.model.document import (
    encode as encode,
)
from sendoff.model.event import (
    Event as Event,
)
from sendoff.model.header import (
    Headers as Headers,
)
from sendoff.model.header import (
    checked_header as checked_header,
)
from sendoff.model.header import (
    is_secret_header as is_secret_header,
)
from sendoff.model.header import (
    login_header as login_header,
)
from sendoff.model.header import (
    retry_after as retry_after,
)
from sendoff.model.lane import (
    Lane as Lane,
)
from sendoff.model.limits import (
    Limits as Limits,
)
from sendoff.model.limits import (
    Retention as Retention,
)
from sendoff.model.limits import (
    RetryRules as RetryRules,
)
from sendoff.model.message import (
    Message as Message,
)
from sendoff.model.moment import (
    Moment as Moment,
)
from sendoff.model.moment import (
    moment as moment,
)
from sendoff.model.moment import (
    moment_of as moment_of,
)
from sendoff.model.moment import (
    moment_text as moment_text,
)
from sendoff.model.note import (
    Note as Note,
)
from sendoff.model.note import (
    Todo as Todo,
)
from sendoff.model.notice import (
    Notice as Notice,
)
from sendoff.model.operation import (
    Failure as Failure,
)
from sendoff.model.operation import (
    Record as Record,
)
from sendoff.model.operation import (
    Request as Request,
)
from sendoff.model.operation import (
    Spec as Spec,
)
from sendoff.model.operation import (
    Tally as Tally,
)
from sendoff.model.progress import (
    UploadProgress as UploadProgress,
)
from sendoff.model.quantity import (
    seconds as seconds,
)
from sendoff.model.quantity import (
    size as size,
)
from sendoff.model.query import (
    Page as Page,
)
from sendoff.model.query import (
    Query as Query,
)
from sendoff.model.response import (
    Response as Response,
)
from sendoff.model.salvage import (
    Salvage as Salvage,
)
from sendoff.model.secret import (
    Credential as Credential,
)
from sendoff.model.secret import (
    Secret as Secret,
)
from sendoff.model.secret import (
    public_url as public_url,
)
from sendoff.model.secret import (
    reveal as reveal,
)
from sendoff.model.server_key import (
    ServerKey as ServerKey,
)
from sendoff.model.session import (
    Leftover as Leftover,
)
from sendoff.model.session import (
    Probe as Probe,
)
from sendoff.model.session import (
    Session as Session,
)
from sendoff.model.source import (
    Source as Source,
)
from sendoff.model.source import (
    SourceIdentity as SourceIdentity,
)
from sendoff.model.status import (
    CostPolicy as CostPolicy,
)
from sendoff.model.status import (
    Reason as Reason,
)
from sendoff.model.status import (
    TransferBehavior as TransferBehavior,
)
from sendoff.model.status import (
    TransferPriority as TransferPriority,
)
from sendoff.model.status import (
    TransferStatus as TransferStatus,
)
from sendoff.model.target import (
    Target as Target,
)
from sendoff.model.web_error import (
    WebErrorStatus as WebErrorStatus,
)
from sendoff.model.web_error import (
    web_error_of as web_error_of,
)
from sendoff.ports.clock import (
    Clock as Clock,
)
from sendoff.ports.credentials import (
    CredentialStore as CredentialStore,
)
from sendoff.ports.credentials import (
    Writable as Writable,
)
from sendoff.ports.http_proof import (
    Proof as Proof,
)
from sendoff.ports.http_proof import (
    check_expected as check_expected,
)
from sendoff.ports.http_proof import (
    digest_field as digest_field,
)
from sendoff.ports.http_proof import (
    needs_digest as needs_digest,
)
from sendoff.ports.http_proof import (
    repr_sha256 as repr_sha256,
)
from sendoff.ports.http_proof import (
    sha256_of as sha256_of,
)
from sendoff.ports.http_protocol import (
    Answer as Answer,
)
from sendoff.ports.http_protocol import (
    Exchange as Exchange,
)
from sendoff.ports.http_protocol import (
    Finished as Finished,
)
from sendoff.ports.http_protocol import (
    HttpProtocol as HttpProtocol,
)
from sendoff.ports.http_protocol import (
    Into as Into,
)
from sendoff.ports.http_protocol import (
    Offer as Offer,
)
from sendoff.ports.http_protocol import (
    Span as Span,
)
from sendoff.ports.network import (
    Network as Network,
)
from sendoff.ports.network import (
    Watching as Watching,
)
from sendoff.ports.session_protocol import (
    SessionProtocol as SessionProtocol,
)
from sendoff.ports.sink import (
    Sink as Sink,
)
from sendoff.ports.store import (
    Purging as Purging,
)
from sendoff.ports.store import (
    Salvaging as Salvaging,
)
from sendoff.ports.store import (
    Store as Store,
)
from sendoff.ports.toolkit import (
    Child as Child,
)
from sendoff.ports.toolkit import (
    CredentialLookup as CredentialLookup,
)
from sendoff.ports.toolkit import (
    CredentialSource as CredentialSource,
)
from sendoff.ports.toolkit import (
    Learned as Learned,
)
from sendoff.ports.toolkit import (
    ProtocolSource as ProtocolSource,
)
from sendoff.ports.toolkit import (
    SinkToolkit as SinkToolkit,
)
from sendoff.ports.toolkit import (
    Toolkit as Toolkit,
)
from sendoff.ports.toolkit import (
    TransportToolkit as TransportToolkit,
)
from sendoff.ports.transport import (
    Aborting as Aborting,
)
from sendoff.ports.transport import (
    Bundling as Bundling,
)
from sendoff.ports.transport import (
    Probing as Probing,
)
from sendoff.ports.transport import (
    Shipment as Shipment,
)
from sendoff.ports.transport import (
    Shipments as Shipments,
)
from sendoff.ports.transport import (
    Sweeping as Sweeping,
)
from sendoff.ports.transport import (
    Transport as Transport,
)
from sendoff.ports.transport import (
    Trusting as Trusting,
)

__version__: str
