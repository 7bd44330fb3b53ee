"""An OTLP server for tests: reads requests by the official definitions, and can be as bad as real ones."""

import gzip
import http.server
import pathlib
import ssl
import subprocess
import threading
import time

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from observer import ROOT

DESCRIPTORS = ROOT / "build/tests/unit/exporters/otlp_descriptors"


def message_classes():
    """(ExportLogsServiceRequest, ExportLogsServiceResponse) of the installed official files."""
    files = descriptor_pb2.FileDescriptorSet.FromString(
        subprocess.run([DESCRIPTORS], check=True, capture_output=True).stdout)
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    package = "opentelemetry.proto.collector.logs.v1"
    return tuple(factory.GetPrototype(pool.FindMessageTypeByName(f"{package}.{name}"))
                 for name in ("ExportLogsServiceRequest", "ExportLogsServiceResponse"))


def plain(value):
    """An AnyValue as what it holds."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values]
    return getattr(value, kind) if kind else None


def attributes(of) -> dict:
    pairs = [(a.key, plain(a.value)) for a in of.attributes]
    assert len(pairs) == len(dict(pairs)), f"a name stands twice: {pairs}"
    return dict(pairs)


class Record:
    """One log record with its resource."""

    def __init__(self, resource: dict, scope: str, record):
        self.resource, self.scope, self.record = resource, scope, record
        self.attributes = attributes(record)
        self.body = plain(record.body)
        self.name = record.event_name

    @property
    def uid(self) -> str:
        return self.attributes["log.record.uid"]

    @property
    def event_id(self) -> int | None:
        return self.attributes.get("nsobserver.event.id")

    @property
    def count(self) -> int:
        return self.attributes.get("nsobserver.event.count", 1)


class Receiver:
    """Listens on 127.0.0.1. `durable` are the records that survive kill(): a server writes what it
    acknowledged to its disk only after a while."""

    def __init__(self, port: int = 0, flush_after: float = 0, tls: ssl.SSLContext | None = None):
        self.flush_after = flush_after
        self.tls = tls
        self.lock = threading.Lock()
        self.pending: list[tuple[float, Record]] = []
        self.durable: list[Record] = []
        self.requests: list[dict] = []  # headers of each
        self.answers: list[tuple[int, dict]] = []  # (status, headers) that come before 200, one each
        self.rejected_of_next = 0
        self.port = port
        self.request_class, self.response_class = message_classes()
        self.server = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    @property
    def url(self) -> str:
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> None:
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                super().setup()
                receiver.connections.append(self.connection)

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, headers, answer = receiver.take(self.path, dict(self.headers), body)
                self.send_response(status)
                for name, value in {"Content-Type": "application/x-protobuf", **headers}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_):
                pass  # clients go away, and shake hands badly

        self.connections = []
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        if self.tls:
            self.server.socket = self.tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def kill(self) -> None:
        """As kill -9 does: connections break, what was not on disk yet is gone."""
        if self.server is None:
            return
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            try:
                connection.shutdown(2)
            except OSError:
                pass
        self.server = None
        with self.lock:
            self.flush()
            self.pending.clear()

    def flush(self) -> None:
        limit = time.monotonic() - self.flush_after
        self.durable += [record for at, record in self.pending if at <= limit]
        self.pending = [entry for entry in self.pending if entry[0] > limit]

    def take(self, path: str, headers: dict, body: bytes) -> tuple[int, dict, bytes]:
        with self.lock:
            self.requests.append({**headers, ":path": path, ":bytes": len(body)})
            if self.answers:
                status, more = self.answers.pop(0)
                return status, more, b""
            if headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            request = self.request_class.FromString(body)
            for of_host in request.resource_logs:
                for scope in of_host.scope_logs:
                    for record in scope.log_records:
                        self.pending.append((time.monotonic(), Record(
                            attributes(of_host.resource), scope.scope.name, record)))
            self.flush()
            response = self.response_class()
            if self.rejected_of_next:
                response.partial_success.rejected_log_records = self.rejected_of_next
                response.partial_success.error_message = "too old"
                self.rejected_of_next = 0
            return 200, {}, response.SerializeToString()

    def records(self) -> list[Record]:
        with self.lock:
            return self.durable + [record for _, record in self.pending]

    def latest(self) -> dict[str, Record]:
        """One record a uid: the one with the highest count, as the documentation says."""
        best: dict[str, Record] = {}
        for record in self.records():
            if record.uid not in best or record.count >= best[record.uid].count:
                best[record.uid] = record
        return best
