"""What container engines add, and that nothing depends on them."""

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time
import uuid

import pytest

from observer import Observer, cli, roots_of
from runtimes import engine
from shell import wait_until

# The daemons of a loaded machine answer late: what is asked here is not how fast they are.
PATIENT = ("--engines.deadline", "10s", "--engines.refresh", "1s")
WITHIN = 60


def shown(observer: Observer, container, roots=()) -> dict:
    """The container as `containers -o json` shows it: found by the command itself, with what the
    daemon wrote down of engines."""
    rows = json.loads(observer.cli("containers", "-o", "json", *roots).stdout or "[]")
    return next((row for row in rows if row["id"] == container.id), {})


def requests(observer: Observer, kind: str, result: str) -> float:
    return observer.scrape().sum("nsobserver_engine_requests_total", engine=kind, result=result)


def breaker_open(observer: Observer, path: pathlib.Path) -> float | None:
    for labels, value in observer.scrape().samples["nsobserver_engine_breaker_open"]:
        if labels["socket"] == str(path):
            return value
    return None


def mark() -> str:
    return uuid.uuid4().hex[:6]


def enriched(observer, container, field, roots=()):
    return wait_until(lambda: (row := shown(observer, container, roots)).get("enriched", {}).get(field) and row,
                      WITHIN, f"{field} of {container.name}, from an engine", interval=0.5)


@pytest.fixture(scope="module")
def docker(images):
    with engine("docker", images) as running:
        yield running


def healthy(docker, name):
    return docker.start(name, options=("--health-cmd", "true", "--health-interval", "1s"))


def test_docker_adds_health(docker):
    web = docker.start(f"web-{mark()}", options=(
        "--label", "com.docker.compose.project=shop", "--health-cmd", "true", "--health-interval", "1s"))
    with Observer(*roots_of(docker), *PATIENT) as observer:
        row = wait_until(lambda: (row := shown(observer, web, roots_of(docker))).get("health") == "healthy" and row,
                         WITHIN, "health", interval=0.5)
        assert row["enriched"]["health"] == "docker"
        assert {"labels", "image", "name"}.isdisjoint(row["enriched"]), "files tell these"
        assert (row["restart_count"], row["name"], row["source"]) == (0, web.name, "state_file")
        assert row["labels"]["com.docker.compose.project"] == "shop", "that is in the file"
        assert requests(observer, "docker", "ok") >= 1
        assert breaker_open(observer, docker.folder / "docker.sock") == 0
        # An event tells whose word is in its container.
        web.exec("/bin/nc", "127.0.0.1", "9")
        event = wait_until(lambda: observer.events("--container", web.name, "--kind", "connect_failure"),
                           10, "the refused connect")[0]
        assert event["container"]["enriched"]["health"] == "docker"
    web.remove()


def test_a_hung_engine_holds_nobody(docker):
    web = healthy(docker, f"web-{mark()}")
    roots = roots_of(docker)
    with Observer(*roots, "--engines.deadline", "500ms", "--engines.refresh", "1s") as observer:
        wait_until(lambda: requests(observer, "docker", "ok") >= 1, WITHIN, "an answer")
        docker.stop_daemon()
        start = time.monotonic()
        docker.exec_behind(web, "/bin/nc", "127.0.0.1", "9")
        events = wait_until(lambda: observer.events("--container", web.name, "--kind", "connect_failure"),
                            10, "an event while the engine hangs")
        assert events[0]["container"]["name"] == web.name
        assert time.monotonic() - start < 10
        wait_until(lambda: requests(observer, "docker", "timeout") >= 3, WITHIN, "requests that time out", 0.5)
        wait_until(lambda: breaker_open(observer, docker.folder / "docker.sock") == 1, WITHIN,
                   "the breaker opens", 0.5)
        before = requests(observer, "docker", "timeout")
        time.sleep(3)
        assert requests(observer, "docker", "timeout") - before <= 1, "no storm of tries"
        wait_until(lambda: shown(observer, web, roots)["health"] is None, WITHIN,
                   "health that nobody confirms is not known", 0.5)
        assert shown(observer, web, roots)["name"] == web.name
        docker.continue_daemon()
        wait_until(lambda: breaker_open(observer, docker.folder / "docker.sock") == 0, WITHIN,
                   "the breaker closes", 0.5)
        wait_until(lambda: shown(observer, web, roots)["health"], WITHIN, "health again", 0.5)
    web.remove()


def test_off_is_off(docker):
    web = healthy(docker, f"web-{mark()}")
    with Observer(*roots_of(docker), *PATIENT, "--engines.ask", "off") as observer:
        time.sleep(3)
        row = shown(observer, web, roots_of(docker))
        assert (row["health"], row["enriched"]) == (None, {})
        assert "nsobserver_engine_requests_total{" not in observer.scrape().text
    web.remove()


def test_podman_answers_and_changes_nothing_that_files_say(images):
    with engine("podman", images) as podman, podman.service() as path:
        pod = f"pod-{mark()}"
        podman.make_pod(pod)
        web = podman.start(f"web-{mark()}", options=("--pod", pod, "--label", "app=web"))
        with Observer(*roots_of(podman), *PATIENT) as observer:
            wait_until(lambda: requests(observer, "podman", "ok") >= 1, WITHIN, "an answer of podman", 0.5)
            row = wait_until(lambda: shown(observer, web, roots_of(podman)), WITHIN, web.name, 0.5)
            assert (row["labels"]["app"], row["pod"]) == ("web", pod)
            assert {"labels", "pod", "image"}.isdisjoint(row["enriched"]), "its database tells"
            assert row["restart_count"] in (0, None)
            info = next(labels for labels, _ in observer.scrape().samples["nsobserver_container_info"]
                        if labels["container_id"] == web.id)
            assert info["pod"] == pod
            assert breaker_open(observer, path) == 0


def test_containerd_adds_image_and_labels(images):
    with engine("containerd", images) as containerd:
        web = containerd.start(f"web-{mark()}")
        containerd.ctr("containers", "label", web.id, "tier=front")
        with Observer(*roots_of(containerd), *PATIENT) as observer:
            row = enriched(observer, web, "image", roots_of(containerd))
            assert row["image"].endswith("bb:1")
            assert row["labels"]["tier"] == "front"
            assert row["enriched"]["labels"] == row["enriched"]["image"] == "containerd"


def test_cri_adds_labels_of_the_pod(images):
    with engine("kubernetes", images) as kubernetes:
        web = kubernetes.start(f"web-{mark()}")
        with Observer(*roots_of(kubernetes), *PATIENT) as observer:
            row = enriched(observer, web, "labels", roots_of(kubernetes))
            assert row["enriched"]["labels"] == "containerd"
            assert row["labels"]["app"] == row["pod"] == web.facts["pod"]
            assert row["restart_count"] == 0


def test_doctor_lists_engines(docker):
    result = cli("doctor", "-o", "json", "--engines.deadline", "10s", timeout=120, check=True)
    engines = json.loads(result.stdout)[0]["engines"]
    mine = next(e for e in engines if e["socket"] == str(docker.folder / "docker.sock"))
    assert (mine["engine"], mine["uid"], mine["answers"]) == ("docker", 0, True)
    assert mine["version"]


class FakeEngine:
    """Listens where root's engine would, found by the arguments of a process called dockerd."""

    def __init__(self, talk, folder: pathlib.Path):
        self.path = folder / "fake.sock"
        self.talk = talk
        self.requests = 0

    def __enter__(self):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(16)
        threading.Thread(target=self.serve, daemon=True).start()
        self.process = subprocess_called("dockerd", "-H", f"unix://{self.path}")
        return self

    def serve(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection):
        with contextlib.suppress(OSError), connection:
            request = connection.recv(65536)
            self.requests += 1
            self.talk(connection, request.decode(errors="replace"))

    def __exit__(self, *exc_info):
        self.process.kill()
        self.process.wait()
        self.listener.close()
        self.path.unlink(missing_ok=True)


def subprocess_called(comm: str, *args: str):
    """A process with this comm and these arguments that does nothing."""
    script = (f"import ctypes, time; ctypes.CDLL(None).prctl(15, {comm.encode()!r}, 0, 0, 0); "
              "print('.', flush=True); time.sleep(1000)")
    process = subprocess.Popen(["/usr/bin/python3", "-c", script, *args], stdout=subprocess.PIPE)
    process.stdout.readline()
    return process


def endless(connection, _):
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"{" * 65536)


def garbage(connection, _):
    connection.sendall(os.urandom(4096))


def silent(connection, _):
    connection.recv(1)


def liar(connection, request):
    """Of every container it says that it is another one, and evil."""
    body = json.dumps({"Id": "0" * 64, "Name": "/evil", "State": {"Pid": 1, "Health": {"Status": "healthy"}},
                       "Config": {"Labels": {"evil": "yes"}, "Image": "evil"}}).encode()
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


def colourful(connection, request):
    """The right container, and as much of it as it can."""
    container_id = request.split("/")[2]
    labels = {f"key-{i}\n\x1b[31m": "\x1b]0;title\x07" + "v" * 5000 for i in range(100)}
    body = json.dumps({"Id": container_id, "Name": "/evil", "RestartCount": 7, "State": {"Health": {"Status": "\x1b[2J"}},
                       "Config": {"Labels": labels, "Image": "evil"}}).encode()
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


@pytest.mark.parametrize("talk, result", [
    (endless, "bad_answer"), (garbage, "bad_answer"), (silent, "timeout"), (liar, "bad_answer")])
def test_a_hostile_engine_adds_nothing(images, tmp_path, talk, result):
    with engine("docker", images) as docker:
        web = docker.start(f"web-{mark()}")
        real = docker.folder / "docker.sock"
        real.rename(docker.folder / "hidden.sock")
        try:
            with FakeEngine(talk, tmp_path) as fake, \
                    Observer(*roots_of(docker), "--engines.deadline", "1s", "--engines.refresh", "1s") as observer:
                wait_until(lambda: requests(observer, "docker", result) >= 1, WITHIN, result, 0.5)
                wait_until(lambda: breaker_open(observer, fake.path) == 1, WITHIN, "the breaker opens", 0.5)
                row = shown(observer, web, roots_of(docker))
                assert (row["name"], row["enriched"], row["health"]) == (web.name, {}, None)
                assert observer.resident_bytes() < 64 << 20
        finally:
            (docker.folder / "hidden.sock").rename(real)


def test_what_a_hostile_engine_says_is_clean_and_bounded(docker, tmp_path):
    web = docker.start(f"web-{mark()}")
    real = docker.folder / "docker.sock"
    real.rename(docker.folder / "hidden.sock")
    try:
        with FakeEngine(colourful, tmp_path), Observer(*roots_of(docker), *PATIENT) as observer:
            row = enriched(observer, web, "labels", roots_of(docker))
            assert (row["name"], row["image"]) == (web.name, "localhost/bb:1"), "files are believed first"
            assert row["health"] is None
            text = json.dumps(row["labels"], ensure_ascii=False)
            assert len(text) < 20_000
            assert not any(c < " " or c == "\x7f" for c in "".join([*row["labels"], *row["labels"].values()]))
    finally:
        (docker.folder / "hidden.sock").rename(real)
    web.remove()


def test_a_users_engine_is_not_asked_about_roots_containers(docker):
    """It listens where a user's engine does; the container is root's."""
    web = docker.start(f"web-{mark()}")
    real = docker.folder / "docker.sock"
    real.rename(docker.folder / "hidden.sock")
    uid = 54321
    home = pathlib.Path(f"/run/user/{uid}")
    home.mkdir(parents=True)
    os.chown(home, uid, uid)
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:  # the user's engine: tells its parent whether anybody came
        os.setgid(uid)
        os.setuid(uid)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(home / "docker.sock"))
        listener.listen(4)
        os.write(write_end, b"L")
        listener.accept()
        os.write(write_end, b"!")
        os._exit(0)
    try:
        assert os.read(read_end, 1) == b"L"
        with Observer(*roots_of(docker), *PATIENT) as observer:
            time.sleep(8)
            assert shown(observer, web, roots_of(docker))["enriched"] == {}
            os.set_blocking(read_end, False)
            with pytest.raises(BlockingIOError):
                os.read(read_end, 1)
            samples = observer.scrape().samples["nsobserver_engine_breaker_open"]
            assert str(home / "docker.sock") in [labels["socket"] for labels, _ in samples], "it was found"
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        (home / "docker.sock").unlink(missing_ok=True)
        home.rmdir()
        (docker.folder / "hidden.sock").rename(real)
    web.remove()
