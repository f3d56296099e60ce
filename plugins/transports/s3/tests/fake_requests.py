"""How the strict S3 answers each request."""

import base64
import hashlib
import struct
import time
import zlib
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from plugins.transports.s3.tests.fake_parts import BLOCK, BUCKET, Cut, Denied, Kept, Seen, Upload


def crc_text(body):
    return base64.b64encode(struct.pack(">I", zlib.crc32(body))).decode()


class Handler(BaseHTTPRequestHandler):
    s3 = None  # the server it belongs to
    protocol_version = "HTTP/1.1"

    def setup(self):
        super().setup()
        with self.s3.changed:
            self.s3._sockets.add(self.connection)

    def finish(self):
        with self.s3.changed:
            self.s3._sockets.discard(self.connection)
        super().finish()

    def log_message(self, *_):
        pass

    def do_PUT(self):
        self._serve()

    do_GET = do_POST = do_HEAD = do_DELETE = do_PUT

    def _serve(self):
        try:
            self._answered()
        except (Cut, OSError):
            self.close_connection = True
            self.connection.close()

    def _answered(self):
        parts = urlsplit(self.path)
        bucket, _, key = parts.path[1:].partition("/")
        self.key, self.query = unquote(key), parse_qs(parts.query, keep_blank_values=True)
        operation = self._operation()
        self.record = Seen(operation, self.key, self.query, {name.lower(): value for name, value in self.headers.items()})
        self.s3.note(self.record)
        fault = self.s3.next_fault(operation)
        body = self._body(fault)
        if fault and fault.do == "call":
            fault.then()
        try:
            if fault and fault.do == "error":
                raise Denied(fault.status, fault.code, fault.more, fault.headers)
            if fault and fault.do == "inside":
                return self._say(200, self._error_text(fault.code, fault.more))
            if fault and fault.do == "html":
                return self._say(200, "<html><body>Please log in</body></html>", {"Content-Type": "text/html"})
            self._check_login(operation)
            if bucket != BUCKET:
                raise Denied(404, "NoSuchBucket")
            with self.s3.changed:
                status, text, headers = getattr(self, f"_{operation}")(body)
                self.s3.changed.notify_all()
        except Denied as denied:
            if denied.status == 304 or self.command == "HEAD":
                return self._say(denied.status, "", denied.headers)
            return self._say(denied.status, self._error_text(denied.code, denied.more), denied.headers)
        if fault and fault.do == "lost":
            raise Cut
        return self._say(status, text, headers)

    def _operation(self):
        has, method = self.query.__contains__, self.command
        if not self.key:
            return "uploads" if has("uploads") else "bucket"
        table = {
            "PUT": "part" if has("partNumber") else "put", "POST": "create" if has("uploads") else "complete",
            "DELETE": "abort" if has("uploadId") else "delete",
            "HEAD": "head", "GET": "list" if has("uploadId") else "get",
        }  # fmt: skip
        return table[method]

    def _body(self, fault):
        left = int(self.headers.get("Content-Length") or 0)
        pieces, came = [], 0
        while True:
            if fault and fault.do in ("reset", "stall") and came >= min(fault.at, came + left):
                if fault.do == "stall":
                    self.s3._silent.wait(30)
                raise Cut
            if not left:
                return b"".join(pieces)
            piece = self.rfile.read1(min(BLOCK, left))
            if not piece:
                raise Cut
            pieces.append(piece)
            came, left = came + len(piece), left - len(piece)
            self.s3.took(self.record, len(piece))

    def _say(self, status, text, headers=None):
        data = text if isinstance(text, bytes) else text.encode()
        self.record.status = status
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _error_text(self, code, more=""):
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>it is {code}</Message>{more}</Error>'

    # -- logins

    def _check_login(self, operation):
        login = self.headers.get("Authorization", "")
        scope = login.partition("Credential=")[2].partition(",")[0].split("/")
        if scope[0] not in self.s3.keys:
            raise Denied(403, "InvalidAccessKeyId")
        wanted, token = self.s3.keys[scope[0]], self.headers.get("x-amz-security-token")
        if wanted == "expired" or (wanted is not None and token != wanted):
            raise Denied(400, "ExpiredToken")
        if self.s3.region and scope[2] != self.s3.region:
            raise Denied(301, "PermanentRedirect", f"<Endpoint>bucket.s3</Endpoint><Region>{self.s3.region}</Region>", {"x-amz-bucket-region": self.s3.region})
        if self.s3.allowed is not None and operation not in self.s3.allowed:
            raise Denied(403, "AccessDenied")

    # -- objects

    def _fields(self):
        wanted = ("x-amz-meta-", "x-amz-storage-class", "x-amz-server-side", "x-amz-tagging", "x-amz-acl", "content-type", "cache-control")
        found = {name: value for name, value in self.record.headers.items() if name.startswith(wanted)}
        return found if self.s3.metadata else {name: value for name, value in found.items() if not name.startswith("x-amz-meta-")}

    def _checked(self, body):
        """The checksum that came along, which has to be right."""
        told = self.record.headers.get("x-amz-checksum-crc32")
        sha = self.record.headers.get("x-amz-content-sha256", "UNSIGNED-PAYLOAD")
        if sha != "UNSIGNED-PAYLOAD" and sha != hashlib.sha256(body).hexdigest():
            raise Denied(400, "XAmzContentSHA256Mismatch")
        if not self.s3.checksums:
            return None
        if told is not None and told != crc_text(body):
            raise Denied(400, "BadDigest")
        return told

    def _check_condition(self):
        if self.s3.conditions and self.record.headers.get("if-none-match") == "*" and self.key in self.s3.objects:
            raise Denied(412, "PreconditionFailed")

    def _put(self, body):
        crc = self._checked(body)
        self._check_condition()
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        self.s3.objects[self.key] = Kept(body, etag, self._fields(), crc, version=self.s3.number())
        return 200, "", {"ETag": etag, **({"x-amz-checksum-crc32": crc, "x-amz-checksum-type": "FULL_OBJECT"} if crc else {})}

    def _head(self, _body):
        kept = self.s3.objects.get(self.key)
        if kept is None:
            raise Denied(404, "NoSuchKey")
        shown = {"x-amz-checksum-crc32": kept.crc, "x-amz-checksum-type": kept.kind} if kept.crc and "x-amz-checksum-mode" in self.record.headers else {}
        return 200, "", {"ETag": kept.etag, "Content-Length": str(len(kept.body)), "x-amz-version-id": f"v{kept.version}", **kept.fields, **shown}

    def _get(self, _body):
        kept = self.s3.objects.get(self.key)
        if kept is None:
            raise Denied(404, "NoSuchKey")
        return 200, kept.body, {"ETag": kept.etag}

    def _delete(self, _body):
        self.s3.objects.pop(self.key, None)
        return 204, "", {}

    def _bucket(self, _body):
        return 200, "", {}

    # -- uploads

    def _upload(self):
        found = self.s3.uploads.get(self.query["uploadId"][0])
        if found is None or found.key != self.key:
            raise Denied(404, "NoSuchUpload")
        return found

    def _create(self, _body):
        id = f"upload-{self.s3.number()}"
        algorithm = self.record.headers.get("x-amz-checksum-algorithm") if self.s3.checksums else None
        self.s3.uploads[id] = Upload(self.key, self._fields(), algorithm, self.record.headers.get("x-amz-checksum-type"))
        told = {"x-amz-abort-date": formatdate(self.s3.abort_date, usegmt=True), "x-amz-abort-rule-id": "rule"} if self.s3.abort_date else {}
        return 200, f"<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>", told

    def _part(self, body):
        upload, crc = self._upload(), self._checked(body)
        number = int(self.query["partNumber"][0])
        if not 1 <= number <= 10_000:
            raise Denied(400, "InvalidArgument")
        etag = f'"{hashlib.md5(body).hexdigest()}"'
        upload.parts[number] = (body, etag, crc)
        return 200, "", {"ETag": etag, **({"x-amz-checksum-crc32": crc} if crc else {})}

    def _list(self, _body):
        upload = self._upload()
        after = int(self.query.get("part-number-marker", ["0"])[0])
        numbers = [number for number in sorted(upload.parts) if number > after]
        page = numbers[: self.s3.page]
        rows = ""
        for number in page:
            body, etag, crc = upload.parts[number]
            shown = f"<ChecksumCRC32>{crc}</ChecksumCRC32>" if crc else ""
            rows += f"<Part><PartNumber>{number}</PartNumber><ETag>{escape(etag)}</ETag><Size>{len(body)}</Size>{shown}</Part>"
        more = f"<IsTruncated>{str(len(numbers) > self.s3.page).lower()}</IsTruncated><NextPartNumberMarker>{page[-1] if page else 0}</NextPartNumberMarker>"
        return 200, f"<ListPartsResult>{more}{rows}</ListPartsResult>", {}

    def _uploads(self, _body):
        prefix = self.query.get("prefix", [""])[0]
        after = (self.query.get("key-marker", [""])[0], self.query.get("upload-id-marker", [""])[0])
        found = sorted((one.key, id) for id, one in self.s3.uploads.items() if one.key.startswith(prefix))
        found = [one for one in found if one > after]
        rows, page = "", found[: self.s3.page]
        for key, id in page:
            began = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(self.s3.uploads[id].began))
            rows += f"<Upload><Key>{quote(key)}</Key><UploadId>{id}</UploadId><Initiated>{began}</Initiated></Upload>"
        last = page[-1] if page else ("", "")
        more = f"<IsTruncated>{str(len(found) > self.s3.page).lower()}</IsTruncated><NextKeyMarker>{quote(last[0])}</NextKeyMarker>"
        more += f"<NextUploadIdMarker>{last[1]}</NextUploadIdMarker><EncodingType>url</EncodingType>"
        return 200, f"<ListMultipartUploadsResult>{more}{rows}</ListMultipartUploadsResult>", {}

    def _abort(self, _body):
        upload = self._upload()
        self.s3.abort_turns -= 1
        if self.s3.abort_turns <= 0:
            del self.s3.uploads[self.query["uploadId"][0]]
        else:
            upload.parts.setdefault(1, (b"late", '"late"', None))  # one that was under way lands after the abort
        return 204, "", {}

    def _complete(self, body):
        upload = self._upload()
        asked = [{_plain(one.tag): one.text for one in part} for part in ElementTree.fromstring(body) if _plain(part.tag) == "Part"]
        numbers = [int(one["PartNumber"]) for one in asked]
        if not numbers:
            raise Denied(400, "MalformedXML")
        if numbers != sorted(set(numbers)):
            raise Denied(400, "InvalidPartOrder")
        for one in asked:
            held = upload.parts.get(int(one["PartNumber"]))
            if held is None or held[1] != one["ETag"] or (one.get("ChecksumCRC32") or held[2]) != held[2]:
                raise Denied(400, "InvalidPart")
        bodies = [upload.parts[number][0] for number in numbers]
        if any(len(one) < self.s3.smallest for one in bodies[:-1]):
            raise Denied(400, "EntityTooSmall")
        if self.s3.equal_parts and (len({len(one) for one in bodies[:-1]}) > 1 or len(bodies[-1]) > len(bodies[0])):
            raise Denied(400, "InvalidPart", "<Detail>all parts but the last must be equal</Detail>")
        whole = b"".join(bodies)
        self._check_whole(whole, upload)
        self._check_condition()
        etag = f'"{hashlib.md5(b"".join(hashlib.md5(one).digest() for one in bodies)).hexdigest()}-{len(bodies)}"'
        crc = crc_text(whole) if upload.algorithm else None
        self.s3.objects[self.key] = Kept(whole, etag, upload.fields, crc, version=self.s3.number())
        id = self.query["uploadId"][0]
        self.s3.ended[id] = self.s3.uploads.pop(id)
        shown = f"<ChecksumCRC32>{crc}</ChecksumCRC32><ChecksumType>FULL_OBJECT</ChecksumType>" if crc else ""
        return 200, f"<CompleteMultipartUploadResult><Key>{escape(self.key)}</Key><ETag>{escape(etag)}</ETag>{shown}</CompleteMultipartUploadResult>", {}

    def _check_whole(self, whole, upload):
        told = self.record.headers
        if told.get("x-amz-mp-object-size") not in (None, str(len(whole))):
            raise Denied(400, "InvalidRequest")
        if upload.algorithm and told.get("x-amz-checksum-crc32") not in (None, crc_text(whole)):
            raise Denied(400, "BadDigest")


def _plain(tag):
    return tag.rpartition("}")[2]
