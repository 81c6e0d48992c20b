"""As much of S3 on 127.0.0.1 as pyarrow's client needs to list and read: ListObjectsV2, HEAD, GET with ranges."""

import http.server
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from tests.udfs.local_server import serving_on_localhost


class Bucket:
    """`objects`: key -> content. `ranges`: of the GET requests for objects. `query` completes an s3:// URL."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects
        self.ranges: list[str | None] = []
        self.query = ""

    def listing(self, prefix: str, delimiter: str) -> str:
        below = {key: key.removeprefix(prefix) for key in sorted(self.objects) if key.startswith(prefix)}
        folders = {
            prefix + rest.split(delimiter)[0] + delimiter for rest in below.values() if delimiter and delimiter in rest
        }
        keys = [key for key, rest in below.items() if not delimiter or delimiter not in rest]
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified>"
            f"<Size>{len(self.objects[key])}</Size></Contents>"
            for key in keys
        )
        prefixes = "".join(
            f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>" for name in sorted(folders)
        )
        count = len(keys) + len(folders)
        body = f"<IsTruncated>false</IsTruncated><KeyCount>{count}</KeyCount>{contents}{prefixes}"
        return f'<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">{body}</ListBucketResult>'


class _Handler(http.server.BaseHTTPRequestHandler):
    bucket: Bucket
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query, keep_blank_values=True)
        key = unquote(url.path).strip("/").partition("/")[2]
        if "list-type" in query:
            listing = self.bucket.listing(query.get("prefix", [""])[0], query.get("delimiter", [""])[0])
            self._send(200, listing.encode(), {"Content-Type": "application/xml"})
        elif not key:
            self._send(200, b"", {})
        elif key not in self.bucket.objects:
            self._send(404, b"", {})
        else:
            self._send_object(self.bucket.objects[key])

    def _send_object(self, content: bytes) -> None:
        headers = {"ETag": '"e"', "Last-Modified": "Mon, 01 Jan 2024 00:00:00 GMT"}
        asked = self.headers.get("Range")
        if self.command == "GET":
            self.bucket.ranges.append(asked)
        if asked is None:
            self._send(200, content, headers)
            return
        first, last = (int(place) for place in asked.removeprefix("bytes=").split("-"))
        part = content[first : last + 1]
        headers["Content-Range"] = f"bytes {first}-{first + len(part) - 1}/{len(content)}"
        self._send(206, part, headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


@contextmanager
def serving_bucket(objects: dict[str, bytes]) -> Iterator[Bucket]:
    bucket = Bucket(objects)
    with serving_on_localhost(type("Handler", (_Handler,), {"bucket": bucket})) as port:
        bucket.query = f"?scheme=http&endpoint_override=127.0.0.1:{port}&region=us-east-1"
        yield bucket
