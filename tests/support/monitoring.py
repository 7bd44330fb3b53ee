"""A real Prometheus and a real Alertmanager, with the configuration of deploy/prometheus, and a receiver of its alerts."""

import contextlib
import http.server
import json
import pathlib
import subprocess
import tempfile
import threading
import urllib.error
import urllib.parse
import urllib.request

from observer import ROOT
from shell import free_port, run, terminate, wait_until

DEPLOY = ROOT / "deploy/prometheus"


class Prometheus:
    """Asks one that runs on 127.0.0.1."""

    def __init__(self, port: int):
        self.port = port

    def get(self, path: str, **parameters: str) -> dict:
        address = f"http://127.0.0.1:{self.port}{path}?{urllib.parse.urlencode(parameters)}"
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read().decode()
        except OSError as error:
            text = str(error)
        with contextlib.suppress(ValueError):
            return json.loads(text)
        return {"status": "error", "error": text}  # not up yet

    def query(self, text: str) -> list[tuple[dict, float]]:
        """[(labels, value)]; empty also while it does not answer."""
        answer = self.get("/api/v1/query", query=text)
        if answer["status"] != "success":
            return []
        data = answer["data"]
        if data["resultType"] == "scalar":
            return [({}, float(data["result"][1]))]
        return [(entry["metric"], float(entry["value"][1])) for entry in data["result"]]

    def error_of(self, text: str) -> str:
        """Why it refuses the query; "" if it does not."""
        return self.get("/api/v1/query", query=text).get("error", "")

    def firing(self) -> list[dict]:
        answer = self.get("/api/v1/alerts")
        alerts = answer["data"]["alerts"] if answer["status"] == "success" else []
        return [alert for alert in alerts if alert["state"] == "firing"]


@contextlib.contextmanager
def program(*command: str):
    with tempfile.NamedTemporaryFile(prefix="nsobs-log-") as log:
        server = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield server
        finally:
            terminate(server)


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text, f"not in the configuration any more: {old}"
        text = text.replace(old, new)
    return text


def quick_config(target_port: int, alertmanager_port: int, rules: bool) -> str:
    """deploy/prometheus/prometheus.yml, every other second, of that daemon."""
    return replaced(
        (DEPLOY / "prometheus.yml").read_text(), ("127.0.0.1:9917", f"127.0.0.1:{target_port}"),
        ("127.0.0.1:9093", f"127.0.0.1:{alertmanager_port}"),
        ("scrape_interval: 15s", "scrape_interval: 2s\n  scrape_timeout: 2s"),
        ("evaluation_interval: 15s", "evaluation_interval: 1s"),
        ("[rules/*.yml]", f"[{DEPLOY}/rules/*.yml]" if rules else "[]"))


@contextlib.contextmanager
def prometheus(target_port: int, alertmanager_port: int = 9, rules: bool = False):
    """One with quick_config(), for as long as the block runs."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="nsobs-prometheus-") as folder:
        config = pathlib.Path(folder) / "prometheus.yml"
        config.write_text(quick_config(target_port, alertmanager_port, rules))
        run("promtool", "check", "config", config)
        with program("prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder}/data",
                     f"--web.listen-address=127.0.0.1:{port}"):
            yield Prometheus(port)


class Receiver:
    """A webhook that keeps what Alertmanager tells it: (path, alert)."""

    def __init__(self):
        received = self.received = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                received.extend((self.path, alert) for alert in body["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *exc_info):
        self.server.shutdown()
        self.server.server_close()

    def of(self, path: str, name: str) -> list[dict]:
        return [alert for where, alert in list(self.received)
                if where == path and alert["labels"]["alertname"] == name]


@contextlib.contextmanager
def alertmanager(receiver: Receiver):
    """deploy/prometheus/alertmanager.yml, without its patience. Yields the port."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="nsobs-alertmanager-") as folder:
        config = pathlib.Path(folder) / "alertmanager.yml"
        config.write_text(replaced(
            (DEPLOY / "alertmanager.yml").read_text(), ("127.0.0.1:9095", f"127.0.0.1:{receiver.port}"),
            ("group_wait: 30s", "group_wait: 2s"), ("group_wait: 10s", "group_wait: 0s")))
        run("amtool", "check-config", config)
        with program("prometheus-alertmanager", f"--config.file={config}", f"--storage.path={folder}/data",
                     f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address="):
            wait_until(lambda: answers(f"http://127.0.0.1:{port}/-/ready"), 30, "Alertmanager", interval=0.1)
            yield port


def answers(address: str) -> bool:
    with contextlib.suppress(OSError):
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.status == 200
    return False
