"""Runtimes that Debian has not packaged: what they leave on disk stands around a real container.

The container is runc's; the cgroup, the folders and the files are those of the other runtime: recorded ones, with
the ids and names of this container in the place of the recorded ones, or such as its documentation describes.
"""

import json
import os
import pathlib
import subprocess
import threading
import uuid

from images import IMAGE
from oci import Runc
from runtimes import SLEEP
from shell import run

FILES = pathlib.Path(__file__).with_name("recorded")
# As they stand in the recorded files.
CONTAINER = "5c772067af9c822cb79f75e260bd82e7f6475df376a2590abbc683e1d854a453"
SANDBOX = "3c7651e8ca916720400d524c2d60aa811eddd46d34485d1735e47277fcafdd89"
POD_UID = "9a9a9a9a-1111-2222-3333-444455556666"
POD, NAME, NAMESPACE = "redis-0", "redis", "data"


class Crio(Runc):
    """CRI-O 1.31 with the cgroupfs driver; its sandboxes have no process."""

    runtime = "crio"
    cgroups = ("kubepods",)

    def set_up(self):
        super().set_up()
        self.program = ("runc", "--root", self.folder / "runc")
        self.stored: list[dict] = []
        self.lock = threading.Lock()
        (self.folder / "root/overlay-containers").mkdir(parents=True)

    def start(self, name, *, command=SLEEP, memory=None):
        container_id, facts, bundle = self.lay_out(name, command)
        pid = self.run_detached(container_id, bundle)
        return self.adopt(name, container_id, pid, **facts)

    def run_once(self, name, *command):
        container_id, _, bundle = self.lay_out(name, command)
        run(*self.program, "run", "--bundle", bundle, container_id, check=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return name

    def lay_out(self, name, command) -> tuple[str, dict, pathlib.Path]:
        """What CRI-O has written when it calls runc."""
        container_id, sandbox = (uuid.uuid4().hex + uuid.uuid4().hex for _ in range(2))
        facts = {"image": IMAGE, "pod": f"pod-of-{name}", "pod_namespace": NAMESPACE,
                 "pod_uid": str(uuid.uuid4())}

        def of_this(file: str) -> dict:
            text = (FILES / file).read_text().replace(CONTAINER, container_id).replace(SANDBOX, sandbox)
            text = text.replace(POD, facts["pod"]).replace(POD_UID, facts["pod_uid"])
            # Quotes and underscores are around the container's own name, wherever it stands.
            for mark in ('"{}"', '\\"{}\\"', "k8s_{}_"):
                text = text.replace(mark.format(NAME), mark.format(name))
            return json.loads(text)

        spec = self.spec(command, None)
        spec["annotations"] = of_this("crio_annotations.json")
        spec["linux"]["cgroupsPath"] = f"/kubepods/burstable/pod{facts['pod_uid']}/crio-{container_id}"
        bundle = self.folder / "run/overlay-containers" / container_id / "userdata"
        copy = self.folder / "root/overlay-containers" / container_id / "userdata"
        for folder in (bundle, copy):
            folder.mkdir(parents=True)
            (folder / "config.json").write_text(json.dumps(spec))
        with self.lock:
            self.stored.append(of_this("crio_volatile_container.json"))
            new = self.folder / "root/overlay-containers/.tmp"
            new.write_text(json.dumps(self.stored))
            os.replace(new, new.with_name("volatile-containers.json"))
        return container_id, facts, bundle


class Kata(Runc):
    """Kata under containerd, by docs/design/host-cgroups.md: all that the host has of a pod is its sandbox."""

    runtime = "containerd"
    cgroups = ("kubepods",)

    def set_up(self):
        super().set_up()
        self.program = ("runc", "--root", self.folder / "runc")  # where nobody looks for containerd's

    def start(self, name, *, command=SLEEP, memory=None):
        container_id, facts, bundle = self.lay_out(name, command)
        return self.adopt("POD", container_id, self.run_detached(container_id, bundle), **facts)

    def run_once(self, name, *command):
        container_id, _, bundle = self.lay_out(name, command)
        run(*self.program, "run", "--bundle", bundle, container_id, check=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return "POD"

    def lay_out(self, name, command) -> tuple[str, dict, pathlib.Path]:
        container_id = uuid.uuid4().hex + uuid.uuid4().hex
        facts = {"pod": f"pod-of-{name}", "pod_namespace": NAMESPACE, "pod_uid": str(uuid.uuid4())}
        spec = self.spec(command, None)
        cri = "io.kubernetes.cri."
        annotations = {
            cri + "container-type": "sandbox", cri + "sandbox-id": container_id,
            cri + "sandbox-name": facts["pod"], cri + "sandbox-namespace": NAMESPACE,
            cri + "sandbox-uid": facts["pod_uid"]}
        parent = f"/kubepods/besteffort/pod{facts['pod_uid']}"
        # containerd's bundle names the cgroup of a runtime like runc; Kata makes one of its own beside it.
        bundle = self.folder / "state/io.containerd.runtime.v2.task/k8s.io" / container_id
        bundle.mkdir(parents=True)
        (bundle / "config.json").write_text(json.dumps({
            **spec, "annotations": annotations,
            "linux": {**spec["linux"], "cgroupsPath": f"{parent}/{container_id}"}}))
        (bundle / "shim-binary-path").write_text("/usr/local/bin/containerd-shim-kata-v2")
        hypervisor = self.folder / container_id
        hypervisor.mkdir()
        spec["linux"]["cgroupsPath"] = f"{parent}/kata_{container_id}"
        (hypervisor / "config.json").write_text(json.dumps(spec))
        return container_id, facts, hypervisor
