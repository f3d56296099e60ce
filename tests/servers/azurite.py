"""Azurite, the emulator of Azure's storage that its own people make, and their own client to look at it with."""

from base64 import b64decode
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

from azure.core.credentials import AzureNamedKeyCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import AccessPolicy, BlobBlock, BlobServiceClient, generate_container_sas

from tests.servers import nodejs
from tests.servers.program import Program

ACCOUNT = "sendoff1"
KEY = "c2VuZG9mZiBrZWVwcyBhIHNlY3JldCBvZiBpdHMgb3duIGZvciBhenVyaXRlIGluIGl0cyB0ZXN0cywgYW5kIG5vdCBhbnkgb3RoZXI="
CONTAINER = "box"


def block_of(row):
    """The number of the block that a request brings; None = it brings none."""
    asked = parse_qs(urlsplit(row.path).query)
    if row.method != "PUT" or asked.get("comp") != ["block"]:
        return None
    return int(b64decode(asked["blockid"][0]).decode().split("-")[2])


def blocks_taken(rows):
    """The numbers of the blocks that went up whole and were taken, in order."""
    return [block_of(row) for row in rows if row.status == 201 and block_of(row) is not None]


def commits(rows):
    """The requests that put blocks together."""
    return [row for row in rows if "comp=blocklist" in row.path and row.method == "PUT"]


class Azurite(Program):
    """A server with one account, ``ACCOUNT``, and one container, ``CONTAINER``. certificate: a PEM file with key and certificate; None = clear text.

    Over TLS it takes tokens, too: it looks at what they say and not at who has signed them.
    """

    def __init__(self, folder, *, certificate=None):
        super().__init__(folder)
        self.certificate = certificate

    @classmethod
    def missing(cls):
        return nodejs.missing("azurite")

    def command(self):
        (self.folder / "data").mkdir(exist_ok=True)
        script = nodejs.FOLDER / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
        words = ("--blobHost", "127.0.0.1", "--blobPort", str(self.port), "--location", str(self.folder / "data"), "--silent")
        return ["env", f"AZURITE_ACCOUNTS={ACCOUNT}:{KEY}", nodejs.node(), str(script), *words, "--skipApiVersionCheck", "--disableTelemetry", *self._secure()]

    def _secure(self):
        return ("--cert", str(self.certificate), "--key", str(self.certificate), "--oauth", "basic") if self.certificate else ()

    def _listens(self):
        super()._listens()
        names = [one.name for one in self.client().list_containers()]
        if CONTAINER not in names:
            self.client().create_container(CONTAINER)

    # -- what is to be known

    @property
    def url(self):
        return f"{'https' if self.certificate else 'http'}://127.0.0.1:{self.port}/{ACCOUNT}"

    def client(self):
        """Their own client, as anybody would use it."""
        words = {"connection_verify": str(self.certificate)} if self.certificate else {}
        return BlobServiceClient(self.url, credential=AzureNamedKeyCredential(ACCOUNT, KEY), **words)

    def blob(self, name):
        return self.client().get_blob_client(CONTAINER, name)

    @staticmethod
    def name_of(url):
        """The name that an ``azure://`` address means."""
        return unquote(url.removeprefix(f"azure://{ACCOUNT}/{CONTAINER}/"))

    def body(self, name):
        """What lies there; None = nothing."""
        try:
            return self.blob(name).download_blob().readall()
        except ResourceNotFoundError:
            return None

    def waiting(self, name):
        """Names of the blocks that wait to become this blob."""
        try:
            return [block.id for block in self.blob(name).get_block_list("all")[1]]
        except ResourceNotFoundError:
            return []

    def unfinished(self, prefix):
        """All names that begin like this and under which blocks wait and no blob is."""
        listed = self.client().get_container_client(CONTAINER).list_blobs(name_starts_with=prefix, include=["uncommittedblobs"])
        return [one.name for one in listed if self.waiting(one.name)]

    def leave(self, name, *blocks):
        """Blocks of another program, which is not done."""
        for number, block in enumerate(blocks):
            self.blob(name).stage_block(f"theirs-{number:04}", block)

    def commit(self, name):
        """Another program puts together what waits there, whosever it is."""
        self.blob(name).commit_block_list([BlobBlock(one) for one in self.waiting(name)])

    @contextmanager
    def lent(self, policy):
        """A signature by a policy of the container that is called so, and how to withdraw it."""
        container = self.client().get_container_client(CONTAINER)
        end = datetime.now(UTC) + timedelta(hours=1)
        container.set_container_access_policy({policy: AccessPolicy("rwdlc", end, end - timedelta(hours=2))})

        def withdraw():
            container.set_container_access_policy({})

        yield generate_container_sas(ACCOUNT, CONTAINER, account_key=KEY, policy_id=policy), withdraw
        withdraw()

    @staticmethod
    def sas(permission, *, minutes=60):
        """A signature for the container, which may do this."""
        now = datetime.now(UTC)
        return generate_container_sas(
            ACCOUNT, CONTAINER, account_key=KEY, permission=permission, start=now - timedelta(hours=1), expiry=now + timedelta(minutes=minutes)
        )
