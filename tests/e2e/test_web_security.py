"""--web.config.file: who may scrape, by a real Prometheus and by curl; and what everybody is refused."""

import contextlib
import crypt
import pathlib
import socket
import ssl
import tempfile
import time

import pytest
from monitoring import Prometheus, program
from observer import Observer, cli
from shell import free_port, run, wait_until
from test_otlp import make_certificates

PASSWORD = "correct horse"


def bcrypt(password: str, cost: int = 10) -> str:
    # crypt(3) makes $2b$; htpasswd writes the same as $2y$.
    return crypt.crypt(password, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=2**cost)).replace("$2b$", "$2y$")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("web")
    make_certificates(folder)
    return folder


class SecureObserver(Observer):
    """Ready is asked for as its users do."""

    def __init__(self, folder: pathlib.Path, *options: str):
        super().__init__(*options)
        self.certificates = folder

    def curl(self, *words, path: str = "/metrics", scheme: str = "https"):
        return run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-m", "20", *words,
                   f"{scheme}://127.0.0.1:{self.port}{path}", check=False)

    def trusted(self, *words, **more) -> str:
        result = self.curl("--cacert", self.certificates / "ca.pem", "--cert", self.certificates / "client.pem",
                           "--key", self.certificates / "client.key", *words, **more)
        return result.stdout

    def is_ready(self) -> bool:
        return self.trusted("-u", f"scraper:{PASSWORD}", path="/-/ready") == "200"


def config_of(folder: pathlib.Path, users: dict[str, str], client: str = "RequireAndVerifyClientCert") -> str:
    lines = ["tls_server_config:", "  cert_file: server.pem", "  key_file: server.key"]
    if client:
        lines += [f"  client_auth_type: {client}", "  client_ca_file: ca.pem"]
    if users:
        lines += ["basic_auth_users:", *(f"  {user}: {hash_}" for user, hash_ in users.items())]
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def prometheus_by_tls(folder: pathlib.Path, target: int, password: str):
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="nsobs-prometheus-") as data:
        config = pathlib.Path(data) / "prometheus.yml"
        config.write_text(f"""
scrape_configs:
  - job_name: nsobserver
    scheme: https
    scrape_interval: 1s
    scrape_timeout: 1s
    tls_config: {{ca_file: {folder}/ca.pem, cert_file: {folder}/client.pem, key_file: {folder}/client.key}}
    basic_auth: {{username: scraper, password: "{password}"}}
    static_configs: [{{targets: ["127.0.0.1:{target}"]}}]
""")
        with program("prometheus", f"--config.file={config}", f"--storage.tsdb.path={data}/data",
                     f"--web.listen-address=127.0.0.1:{port}"):
            yield Prometheus(port)


def test_prometheus_scrapes_with_certificate_and_password(folder):
    config = folder / "web.yml"
    config.write_text(config_of(folder, {"scraper": bcrypt(PASSWORD, 12)}))
    with SecureObserver(folder, f"--web.config.file={config}") as observer:
        with prometheus_by_tls(folder, observer.port, PASSWORD) as server:
            wait_until(lambda: server.query('up{job="nsobserver"} == 1'), 40, "a scrape")
            wait_until(lambda: server.query("nsobserver_build_info"), 10, "its samples")
            time.sleep(3)
            begin = observer.cpu_seconds()
            time.sleep(4)
            # A hash of this cost takes some 200 ms: known passwords are not hashed again.
            assert observer.cpu_seconds() - begin < 0.7
        with prometheus_by_tls(folder, observer.port, "wrong") as server:
            wait_until(lambda: server.query('up{job="nsobserver"} == 0'), 40, "a refusal")
            target, = server.get("/api/v1/targets")["data"]["activeTargets"]
            assert "401" in target["lastError"]


def test_refusals(folder):
    config = folder / "refusals.yml"
    config.write_text(config_of(folder, {"scraper": bcrypt(PASSWORD)}))
    with SecureObserver(folder, f"--web.config.file={config}") as observer:
        assert observer.trusted("-u", f"scraper:{PASSWORD}") == "200"
        for path in ("/metrics", "/", "/-/healthy", "/-/ready", "/nothing"):
            assert observer.trusted(path=path) == "401", path
        assert observer.trusted("-u", "scraper:wrong") == "401"
        assert observer.trusted("-u", f"somebody:{PASSWORD}") == "401"
        challenge = run("curl", "-sk", "-i", "--cert", folder / "client.pem", "--key", folder / "client.key",
                        f"https://127.0.0.1:{observer.port}/").stdout
        assert "WWW-Authenticate: Basic" in challenge
        ca = ("--cacert", folder / "ca.pem")
        assert observer.curl(*ca, "-u", f"scraper:{PASSWORD}").stdout == "000"  # no certificate
        assert observer.curl("-u", f"scraper:{PASSWORD}").returncode == 60  # who is that?
        assert observer.curl(scheme="http").stdout == "000"
        old = observer.trusted("--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0", "-u", f"scraper:{PASSWORD}")
        assert old == "000"
        assert PASSWORD not in observer.log.read_text()


def test_a_slow_handshake_holds_nobody(folder):
    """All places are taken by clients that connect and say nothing, or half of a hello."""
    config = folder / "slow.yml"
    config.write_text(config_of(folder, {}, client=""))
    with SecureObserver(folder, f"--web.config.file={config}") as observer:
        slow = []
        for i in range(80):
            client = socket.create_connection(("127.0.0.1", observer.port), timeout=10)
            if i % 2:
                client.send(b"\x16\x03\x01\x02\x00\x01")
            slow.append(client)
        time.sleep(0.3)
        assert observer.trusted() == "200"
        slow[-1].settimeout(20)
        assert slow[-1].recv(1) == b""  # its time was over
        for client in slow:
            client.close()


def test_a_large_answer_and_many_requests_on_one_connection(folder):
    config = folder / "many.yml"
    config.write_text(config_of(folder, {}, client=""))
    with SecureObserver(folder, f"--web.config.file={config}") as observer:
        context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        plain = socket.create_connection(("127.0.0.1", observer.port), timeout=20)
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as client:
            request = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"
            client.sendall(request * 5)  # all in one record
            got = b""
            while got.count(b"HTTP/1.1 200 OK") < 5:
                part = client.recv(1 << 16)
                assert part
                got += part
        assert got.count(b"nsobserver_build_info{") >= 4


def test_new_users_and_certificates_without_a_restart(folder):
    config = folder / "changing.yml"
    config.write_text(config_of(folder, {"scraper": bcrypt(PASSWORD)}))
    with SecureObserver(folder, f"--web.config.file={config}") as observer:
        config.write_text(config_of(folder, {"new": bcrypt(PASSWORD)}))
        wait_until(lambda: observer.trusted("-u", f"new:{PASSWORD}") == "200", 10, "the new user")
        assert observer.trusted("-u", f"scraper:{PASSWORD}") == "401"
        config.write_text("basic_auth_users: {new: plain}\n")
        time.sleep(1.5)
        assert observer.trusted("-u", f"new:{PASSWORD}") == "200"
        assert "changing.yml:1: basic_auth_users.new: needs a bcrypt hash" in observer.log.read_text()


@pytest.mark.parametrize("text, message", [
    ("tls_server_config:\n  cert: x\n", "web.yml:2: tls_server_config.cert: unknown key"),
    ("tls_server_config:\n  cert_file: none.pem\n  key_file: none.key\n", "none.pem"),
    ("basic_auth_users:\n  me: plain\n", "web.yml:2: basic_auth_users.me: needs a bcrypt hash")])
def test_mistakes_are_told_at_the_start(tmp_path, text, message):
    tmp_path.chmod(0o700)
    config = tmp_path / "web.yml"
    config.write_text(text)
    result = cli("run", "--storage.path", tmp_path, "--web.listen-address", "127.0.0.1:0",
                 f"--web.config.file={config}")
    assert result.returncode == 2, result.stderr
    assert message in result.stderr
    assert len(result.stderr.splitlines()) == 1
