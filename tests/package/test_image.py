"""The container image: built by podman on a Debian made here, run as the DaemonSet runs it, against the machine that tests."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import uuid

import debian
import pytest
import yaml
from conftest import ROOT
from images import IMAGE, Images
from metrics import Metrics, check_sums
from podman import Podman
from shell import run, wait_until

BASE = "localhost/debian:bookworm"
NAME = "localhost/nsobserver:test"
MOST_BYTES = 60e6


@pytest.fixture(scope="module")
def podman(tmp_path_factory):
    from runtimes import engine
    folder = tmp_path_factory.mktemp("images")
    with engine("podman", Images(folder)) as one:
        yield one


def build(podman: Podman, *words) -> None:
    # chroot: neither a runtime nor a network is asked of the machine for a RUN.
    podman.podman("build", "--quiet", "--isolation=chroot", "--network=host", f"--build-arg=BASE={BASE}", *words,
                  "-f", ROOT / "deploy/container/Dockerfile", "-t", NAME, ROOT, timeout=1800)


@pytest.fixture(scope="module")
def image(podman, package):
    """From the package, which takes seconds. With NSOBS_IMAGE_FROM_SOURCE all of it is built in there, from the source."""
    podman.podman("import", "--quiet", debian.base(package), BASE, timeout=120)
    if os.environ.get("NSOBS_IMAGE_FROM_SOURCE"):
        build(podman)
    else:
        folder = package.parent / "context"
        folder.mkdir()
        shutil.copy(package, folder)
        build(podman, f"--build-context=package={folder}")
    return NAME


def manifest() -> tuple[dict, dict]:
    """Of the DaemonSet: its container, and its volumes' paths on the host."""
    objects = yaml.safe_load_all(run(debian.kubectl(), "kustomize", ROOT / "deploy/kubernetes/overlays/plain").stdout)
    pod = next(one for one in objects if one["kind"] == "DaemonSet")["spec"]["template"]["spec"]
    return pod["containers"][0], {volume["name"]: volume.get("hostPath", {}).get("path") for volume in pod["volumes"]}


class InContainer:
    """The observer as the DaemonSet has it. Its storage and the engine's roots are the test's."""

    def __init__(self, podman: Podman, folder: pathlib.Path, capabilities: list[str] | None = None):
        self.podman, self.folder = podman, folder
        self.name = f"observer-{uuid.uuid4().hex[:6]}"
        container, paths = manifest()
        security = container["securityContext"]
        given = security["capabilities"]["add"] if capabilities is None else capabilities
        self.words = ["--pid=host", "--cgroupns=private", "--read-only", "--cap-drop=all", *(f"--cap-add={name}" for name in given)]
        assert security["readOnlyRootFilesystem"] and security["capabilities"]["drop"] == ["ALL"]
        (folder / "config").mkdir(parents=True)
        config = yaml.safe_load((ROOT / "deploy/kubernetes/base/nsobserver.yaml").read_text())
        config["runtimes"] = {"podman-storage-root": str(podman.folder / "root"), "podman-run-root": str(podman.folder / "run")}
        (folder / "config/nsobserver.yaml").write_text(yaml.safe_dump(config))
        (folder / "state").mkdir(mode=0o700)
        for mount in container["volumeMounts"]:
            source = {"config": folder / "config", "state": folder / "state"}.get(mount["name"], paths[mount["name"]])
            mode = ("ro" if mount.get("readOnly") else "rw") + (",rslave" if "mountPropagation" in mount else "")
            self.words.append(f"-v={source}:{mount['mountPath']}:{mode}")
        # What /var/lib/containers is on a node.
        self.words.append(f"-v={podman.folder}:{podman.folder}:ro")
        self.args = container["args"]

    def __enter__(self):
        self.podman.podman("run", "-d", "--name", self.name, *self.words, NAME, *self.args)
        return self

    def __exit__(self, *_):
        self.podman.podman("rm", "-f", "-t", "5", self.name, check=False)

    def log(self) -> str:
        result = self.podman.podman("logs", self.name, check=False)
        return result.stdout + result.stderr

    def wait_ready(self):
        def ended_or_ready():
            state = json.loads(self.podman.podman("inspect", self.name).stdout)[0]["State"]
            assert state["Running"], self.log()
            return "observing; metrics" in self.log()
        wait_until(ended_or_ready, 90, "the observer in the container", interval=0.5)

    def cli(self, *words) -> str:
        return self.podman.podman("exec", self.name, "/usr/bin/nsobserver", *words, check=False).stdout

    def get(self, path: str) -> str:
        """From the pod's net namespace, where only it listens."""
        pid = self.podman.pid(self.name)
        return run("nsenter", "-t", pid, "-n", "curl", "-fsS", f"http://127.0.0.1:9917{path}").stdout


def test_it_is_small_and_has_no_shell(podman, image, tmp_path):
    assert json.loads(podman.podman("image", "inspect", image).stdout)[0]["Size"] < MOST_BYTES
    with contextlib.ExitStack() as stack:
        name = f"files-{uuid.uuid4().hex[:6]}"
        podman.podman("create", "--name", name, image)
        stack.callback(podman.podman, "rm", name, check=False)
        listed = subprocess.run(f"{' '.join(map(str, podman.prefix))} export {name} | tar -t", shell=True, capture_output=True,
                                text=True, env=podman.environment, cwd=podman.folder, timeout=60).stdout.split()
    programs = [path for path in listed if "/bin/" in f"/{path}" and not path.endswith("/")]
    assert programs == ["usr/bin/nsobserver"]
    assert "etc/nsobserver.yaml" in listed


def test_it_names_the_failure_of_a_container(podman, image, tmp_path):
    """With the capabilities, mounts and seccomp filter of the DaemonSet, in a cgroup namespace of its own."""
    with InContainer(podman, tmp_path) as observer:
        observer.wait_ready()
        assert observer.get("/-/ready").strip() == "ready"
        said = [line for line in observer.log().splitlines() if " warning " in line]
        assert [line for line in said if "cgroup" in line or "snapshots" in line or "name" in line] == []
        web = podman.start(f"web-{uuid.uuid4().hex[:6]}")
        web.exec("/bin/nc", "127.0.0.1", "9")
        wait_until(lambda: "net-loopback" in observer.cli("findings", "--container", web.name), 60, "a finding", interval=1)
        found = json.loads(observer.cli("findings", "--container", web.name, "-o", "json"))
        (one,) = [finding for finding in found if finding["case"] == "net-loopback"]
        assert one["confidence"] in ("certain", "likely") and f"{web.name} (podman)" in one["summary"]
        (row,) = [row for row in json.loads(observer.cli("containers", "-o", "json")) if row["id"] == web.id]
        assert (row["name"], row["image"]) == (web.name, IMAGE)
        metrics = Metrics(observer.get("/metrics"))
        check_sums(metrics)
        podman.podman("stop", "-t", "10", observer.name)
        state = json.loads(podman.podman("inspect", observer.name).stdout)[0]["State"]
        assert state["ExitCode"] == 0, observer.log()


def test_without_a_capability_it_says_so(podman, image, tmp_path):
    """Each is needed: deploy/kubernetes/README.md says for what. (SETPCAP only makes the process that looks weaker.)"""
    wanted = manifest()[0]["securityContext"]["capabilities"]["add"]
    for number, missing in enumerate(("SYS_ADMIN", "SYS_PTRACE", "NET_ADMIN")):
        assert missing in wanted
        with InContainer(podman, tmp_path / str(number), [name for name in wanted if name != missing]) as observer:
            what = "may not load BPF programs" if missing == "SYS_ADMIN" else "snapshots are off"
            wait_until(lambda o=observer, w=what: w in o.log(), 90, f"without {missing}", interval=0.5)
