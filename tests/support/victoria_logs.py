"""A real VictoriaLogs on 127.0.0.1, built from Debian's packages where it is not there yet."""

import json
import pathlib
import subprocess
import urllib.error
import urllib.parse
import urllib.request

from observer import ROOT
from shell import free_port, run, wait_until


class VictoriaLogs:
    def __init__(self, folder: pathlib.Path):
        built = subprocess.run([ROOT / "tests/fleet/build-victoria-logs"], check=True, stdout=subprocess.PIPE, text=True)
        self.binary = built.stdout.split()[-1]
        self.folder = folder
        self.port = free_port()
        self.process = None

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.binary, f"-httpListenAddr=127.0.0.1:{self.port}",
                 f"-storageDataPath={self.folder}/data", "-retentionPeriod=10y"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(self.answers, 60, "VictoriaLogs")

    @property
    def endpoint(self) -> str:
        """What otlp.endpoint is for it."""
        return f"http://127.0.0.1:{self.port}/insert/opentelemetry/v1/logs"

    def answers(self) -> bool:
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5).status == 200
        except (OSError, urllib.error.URLError):
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def query(self, text: str) -> list[dict]:
        return [json.loads(line) for line in self.ask("query", query=text).splitlines()]

    def ask(self, what: str, **parameters: str) -> bytes:
        """What /select/logsql/WHAT answers; AssertionError with its words if it refuses."""
        body = urllib.parse.urlencode(parameters).encode()
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/select/logsql/{what}", body, timeout=60) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{parameters}: {error.read().decode()}") from None

    def bytes_on_disk(self) -> int:
        return int(run("du", "-sb", self.folder / "data").stdout.split()[0])
