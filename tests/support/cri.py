"""Kubernetes pods: containerd of our own with its CRI plugin, spoken to as a kubelet would."""

import json
import subprocess
import uuid

import cri_client
from images import IMAGE, PAUSE
from namespaces import net_namespace
from runtimes import SLEEP, Engine
from shell import kill_and_wait, run, terminate, wait_until

CONFIG = """
version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "{folder}/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{folder}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
"""
RUNC_ROOT = "/run/containerd/runc/k8s.io"
KUBERNETES_NAMESPACE = "prod"


class Kubernetes(Engine):
    runtime = "containerd"
    cgroups = ("kubepods",)

    def set_up(self):
        self.socket = self.folder / "containerd.sock"
        self.pods: dict[str, cri_client.Pod] = {}
        self.write_configuration()
        net = self.stack.enter_context(net_namespace())
        log = self.stack.enter_context((self.folder / "log").open("wb"))
        self.daemon = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{net}", "--", "containerd", "--config",
             self.folder / "config.toml"], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.stack.callback(terminate, self.daemon)
        with self.client() as client:
            wait_until(lambda: self.daemon.poll() is not None or client.is_ready(), 30,
                       f"containerd; see {log.name}", interval=0.1)
        assert self.daemon.poll() is None, (self.folder / "log").read_text()
        run("ctr", "--address", self.socket, "--namespace", "k8s.io", "images", "import",
            self.images.oci)
        run("ctr", "--address", self.socket, "--namespace", "k8s.io", "images", "import",
            self.images.pause)

    def write_configuration(self) -> None:
        (self.folder / "config.toml").write_text(CONFIG.format(folder=self.folder, pause=PAUSE))
        (self.folder / "cni").mkdir()
        (self.folder / "cni/10-bridge.conflist").write_text(json.dumps({
            "cniVersion": "0.4.0", "name": "nsobs", "plugins": [{
                "type": "bridge", "bridge": "cni0", "isGateway": True, "ipam": {
                    "type": "host-local", "dataDir": str(self.folder / "cni-data"),
                    "ranges": [[{"subnet": "10.77.0.0/16"}]]}}]}))

    def client(self) -> cri_client.Client:
        return cri_client.Client(self.reach(self.socket))

    def daemons(self):
        return [self.daemon.pid]

    def sockets(self):
        return [self.socket]

    def make_pod(self, name: str) -> cri_client.Pod:
        pod = cri_client.Pod(name, KUBERNETES_NAMESPACE, str(uuid.uuid4()), self.folder / "logs" / name)
        with self.client() as client:
            self.pods[client.run_pod(pod)] = pod
        return pod

    def start(self, name, *, command=SLEEP, memory=None, pod=None):
        pod = pod or self.make_pod(f"pod-of-{name}")
        with self.client() as client:
            container_id = client.run_container(pod, name, IMAGE, command)
        return self.adopt(name, container_id, self.pid(container_id), image=IMAGE, pod=pod.name,
                          pod_namespace=pod.namespace, pod_uid=pod.uid)

    def pid(self, container_id: str) -> int:
        bundle = self.folder / "state/io.containerd.runtime.v2.task/k8s.io" / container_id
        return int((bundle / "init.pid").read_text())

    def run_once(self, name, *command):
        """The container ends by itself; its pod is removed with all the others."""
        pod = self.make_pod(f"pod-of-{name}")
        with self.client() as client:
            client.run_container(pod, name, IMAGE, command)
        return name

    def exec(self, container, command, check, timeout):
        return run("runc", "--root", RUNC_ROOT, "exec", container.id, *command,
                   check=check, timeout=timeout)

    def kill(self, container, name):
        run("runc", "--root", RUNC_ROOT, "kill", container.id, name)

    def remove(self, container):
        pod = next(p for p in self.pods.values() if p.name == container.facts["pod"])
        kill_and_wait(container.pid)
        with self.client() as client:
            client.remove_pod(pod)
        self.pods.pop(pod.id, None)
        self.containers.remove(container)

    def remove_containers(self):
        with self.client() as client:
            for pod in self.pods.values():
                client.remove_pod(pod)
