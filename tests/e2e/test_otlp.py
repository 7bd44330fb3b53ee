"""The timeline leaves by OTLP: all of it, once after de-duplication, whatever the server does."""

import ssl
import threading
import time
import uuid

import pytest
from certificates import make_certificates
from namespaces import net_namespace
from observer import Observer, cli
from otlp import Receiver
from shell import run, wait_until

QUICK = ("--otlp.interval=200ms", "--otlp.rewind=4s", "--coalesce.window=0")

CONNECT_AGAIN_AND_AGAIN = """
import socket, time
for _ in range(12):
    socket.socket().connect_ex(("127.0.0.1", 9))
    time.sleep(0.5)
"""


def knock(name: str, port: int = 9) -> None:
    run("ip", "netns", "exec", name, "/bin/busybox", "nc", "127.0.0.1", str(port), check=False)


def sent_of(receiver: Receiver) -> dict[int, int]:
    """Row -> count, as somebody sees it who keeps the highest count of each uid."""
    return {r.event_id: r.count for r in receiver.latest().values() if r.event_id}


def has_all(receiver: Receiver, observer: Observer, until: int | None = None) -> bool:
    """Every row of the timeline arrived, as often as it counts, and no other."""
    rows = {e["id"]: e["count"] for e in observer.events() if until is None or e["id"] <= until}
    sent = {i: c for i, c in sent_of(receiver).items() if until is None or i <= until}
    return rows == sent


def test_each_field_arrives(observer_with_otlp):
    observer, receiver = observer_with_otlp()
    with net_namespace() as name:
        knock(name)
        wait_until(lambda: observer.events("--container", f"netns {name}", "--kind", "connect_failure"),
                   10, "the row")
        row, = observer.events("--container", f"netns {name}", "--kind", "connect_failure")
        wait_until(lambda: row["id"] in sent_of(receiver), 20, "the record")
    record, = [r for r in receiver.latest().values() if r.event_id == row["id"]]
    assert record.name == "nsobserver.connect_failure"
    assert record.scope == "nsobserver.timeline"
    assert record.record.severity_text == "WARN" and record.record.severity_number == 13
    assert record.resource["service.name"] == "nsobserver"
    assert record.resource["host.name"] == run("uname", "-n").stdout.strip()
    assert record.resource["k8s.cluster.name"] == "test"
    wanted = {
        "container.name": row["container"]["name"], "container.runtime.name": "netns",
        "process.pid": row["process"]["pid"], "process.executable.name": "busybox",
        "network.transport": "tcp", "network.type": "ipv4", "network.peer.address": "127.0.0.1",
        "network.peer.port": 9, "error.type": "ECONNREFUSED",
        "nsobserver.namespace.net": row["namespaces"]["net"],
        "nsobserver.namespace.pid": row["namespaces"]["pid"],
        "nsobserver.connect_failure.phase": row["connect_failure"]["phase"],
        "nsobserver.event.count": 1}
    wanted["process.executable.name"] = row["process"]["comm"]
    assert {key: record.attributes.get(key) for key in wanted} == wanted
    assert "ECONNREFUSED tcp 127.0.0.1:9" in record.body
    assert row["time"].startswith(time.strftime(
        "%Y-%m-%dT%H:%M:%S", time.gmtime(record.record.time_unix_nano // 10**9)))
    wait_until(lambda: {r.name for r in receiver.records()} >= {"nsobserver.finding", "nsobserver.snapshot"},
               20, "what was found")
    request = receiver.requests[-1]
    assert request[":path"] == "/v1/logs"
    assert request["Content-Type"] == "application/x-protobuf"
    assert request["Content-Encoding"] == "gzip"
    metrics = observer.scrape().text
    assert 'nsobserver_otlp_requests_total{result="ok"}' in metrics
    assert "nsobserver_otlp_lag_seconds" in metrics


def test_a_run_that_grows_is_told_again(observer_with_otlp):
    observer, receiver = observer_with_otlp("--coalesce.window=2s")
    with net_namespace() as name:
        def rows():
            return observer.events("--container", f"netns {name}", "--kind", "connect_failure")
        run("ip", "netns", "exec", name, "/usr/bin/python3", "-c", CONNECT_AGAIN_AND_AGAIN)
        wait_until(lambda: sum(r["count"] for r in rows()) == 12, 20, "the rows")
        assert len(rows()) < 12
        wait_until(lambda: has_all(receiver, observer), 30, "the last count")
        grown = rows()[0]["id"]
    counts = [r.count for r in receiver.records() if r.event_id == grown]
    assert len({r.uid for r in receiver.records() if r.event_id == grown}) == 1
    assert counts == sorted(counts) and len(counts) > 1


def test_nothing_is_missing_and_nothing_double_when_the_server_is_killed(observer_with_otlp):
    """It acknowledges at once, and forgets what it had not written when it is killed: up to 2 s of it."""
    observer, receiver = observer_with_otlp(flush_after=2)
    with net_namespace() as name:
        stop = threading.Event()

        def keep_knocking():
            port = 1000
            while not stop.is_set():
                port += 1
                knock(name, port)

        knocker = threading.Thread(target=keep_knocking)
        knocker.start()
        try:
            for pause in (0.0, 1.5, 0.0):  # at once; away for a while; at once again
                wait_until(lambda before=len(receiver.records()): len(receiver.records()) > before + 5,
                           30, "records on their way")
                receiver.kill()
                time.sleep(pause)
                receiver.start()
            wait_until(lambda before=len(receiver.records()): len(receiver.records()) > before + 5,
                       60, "records after the last start")
        finally:
            stop.set()
            knocker.join()
        last = max(e["id"] for e in observer.events())
        wait_until(lambda: has_all(receiver, observer, last), 60, "every row once")
    records = [r for r in receiver.records() if r.event_id]
    assert len({r.uid for r in records}) == len({r.event_id for r in records})
    assert observer.scrape().sum("nsobserver_otlp_rewinds_total") >= 2


def test_an_outage_is_made_good_and_lag_tells(observer_with_otlp):
    observer, receiver = observer_with_otlp()
    with net_namespace() as name:
        knock(name, 1999)
        wait_until(lambda: receiver.records(), 20, "the first records")
        receiver.kill()
        for port in range(2000, 2040):
            knock(name, port)
        wait_until(lambda: observer.scrape().sum("nsobserver_otlp_lag_seconds") > 1, 20, "lag")
        assert observer.scrape().sum("nsobserver_otlp_requests_total", result="unreachable") > 0
        # The observer is killed, too: what waits is in the timeline, and goes out after the restart.
        observer.kill()
        observer.start()
        receiver.start()
        last = max(e["id"] for e in observer.events())
        wait_until(lambda: has_all(receiver, observer, last), 60, "the backfill")
        wait_until(lambda: observer.scrape().sum("nsobserver_otlp_lag_seconds") < 5, 20, "no lag")


def test_a_server_that_refuses(observer_with_otlp):
    """Busy: later. Not now: again. Partly: counted. A request that it can't stand: in halves."""
    observer, receiver = observer_with_otlp(answers=[
        (503, {"Retry-After": "1"}), (429, {"Retry-After": "1"}), (413, {})])
    receiver.rejected_of_next = 3
    with net_namespace() as name:
        for port in range(3000, 3005):
            knock(name, port)
        wait_until(lambda: len(observer.events("--container", f"netns {name}", "--kind", "connect_failure")) == 5, 20, "the rows")
        last = max(e["id"] for e in observer.events())
        wait_until(lambda: has_all(receiver, observer, last), 60, "all rows")
    metrics = observer.scrape()
    for result in ("busy", "server_error", "too_large"):
        assert metrics.sum("nsobserver_otlp_requests_total", result=result) == 1, result
    assert metrics.sum("nsobserver_otlp_records_lost_total", cause="refused") == 3


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


def test_tls_with_client_certificates_and_headers(certificates, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.pem", certificates / "server.key")
    context.load_verify_locations(certificates / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    secret = f"Bearer {uuid.uuid4()}"
    headers = tmp_path / "headers"
    headers.write_text(f"# for the tests\nAuthorization: {secret}\nX-Scope-OrgID: tenant\n")
    with Receiver(tls=context) as receiver:
        trusting = (f"--otlp.ca-file={certificates}/ca.pem", f"--otlp.cert-file={certificates}/client.pem",
                    f"--otlp.key-file={certificates}/client.key")
        with Observer(f"--otlp.endpoint={receiver.url}", f"--otlp.headers-file={headers}", *QUICK,
                      *trusting) as observer, net_namespace() as name:
            knock(name)
            wait_until(lambda: receiver.records(), 20, "records through TLS")
            assert receiver.requests[-1]["Authorization"] == secret
            assert receiver.requests[-1]["X-Scope-OrgID"] == "tenant"
            assert secret not in observer.log.read_text()
        before = len(receiver.requests)
        with Observer(f"--otlp.endpoint={receiver.url}", *QUICK) as distrusting, net_namespace() as name:
            knock(name)
            wait_until(lambda: distrusting.scrape().sum(
                "nsobserver_otlp_requests_total", result="tls") > 0, 20, "no trust")
        assert len(receiver.requests) == before


@pytest.mark.parametrize("words, message", [
    (["--otlp.endpoint=victoria:9428"], "is not such an address"),
    (["--otlp.endpoint=http://me:secret@host/"], "is not such an address"),
    (["--otlp.endpoint=http://h", "--otlp.ca-file=/none"], "--otlp.ca-file: /none: No such file"),
    (["--otlp.endpoint=http://h", "--otlp.cert-file=/etc/passwd"], "one needs the other"),
    (["--otlp.resource=prod"], "is no pair")])
def test_mistakes_are_told_at_the_start(tmp_path, words, message):
    tmp_path.chmod(0o700)
    result = cli("run", "--storage.path", tmp_path, "--web.listen-address", "127.0.0.1:0", *words)
    assert result.returncode == 2, result.stderr
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.fixture
def observer_with_otlp():
    """Called with options: (observer, receiver), stopped after the test."""
    entered = []

    def make(*options: str, flush_after: float = 0, answers=()):
        receiver = Receiver(flush_after=flush_after)
        receiver.answers = list(answers)
        entered.append(receiver.__enter__())
        given = {o.split("=")[0] for o in options}
        quick = [o for o in QUICK if o.split("=")[0] not in given]
        observer = Observer(f"--otlp.endpoint={receiver.url}", "--otlp.resource=k8s.cluster.name=test",
                            *quick, *options)
        entered.append(observer)
        observer.__enter__()
        return observer, receiver

    yield make
    for thing in reversed(entered):
        thing.__exit__()
