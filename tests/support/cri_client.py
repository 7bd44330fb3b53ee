"""What a kubelet says to a CRI runtime, over gRPC, as little as a pod with one container takes.

The messages are encoded by hand: field numbers are those of k8s.io/cri-api/pkg/apis/runtime/v1/api.proto.
"""

import contextlib

import grpc

CONTAINER_NAMESPACE = 1  # NamespaceMode.CONTAINER: a pid namespace of its own


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode(fields: dict[int, object]) -> bytes:
    """A message by field number: str, int, nested dict (a message), list (repeated), Map."""
    out = b""
    for number, value in fields.items():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, int):
                out += varint(number << 3) + varint(each)
            else:
                data = encode(each) if isinstance(each, dict) else each.encode()
                out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def string_map(entries: dict[str, str]) -> list[dict]:
    return [{1: key, 2: value} for key, value in entries.items()]


def first_string(answer: bytes) -> str:
    """Field 1 of an answer, a string that is short: all answers here begin with an id or are empty."""
    if not answer:
        return ""
    assert answer[0] == 1 << 3 | 2 and answer[1] < 128, answer
    return answer[2:2 + answer[1]].decode()


class Pod:
    def __init__(self, name: str, namespace: str, uid: str, logs):
        self.name, self.namespace, self.uid = name, namespace, uid
        self.labels = {"io.kubernetes.pod.name": name, "io.kubernetes.pod.namespace": namespace,
                       "io.kubernetes.pod.uid": uid}
        options = {1: 0, 2: CONTAINER_NAMESPACE, 3: 0}
        self.config = {
            1: {1: name, 2: uid, 3: namespace, 4: 0}, 2: name, 3: str(logs),
            6: string_map({"app": name, **self.labels}),
            8: {1: f"/kubepods/burstable/pod{uid}", 2: {1: options}}}
        self.id = ""


class Client:
    def __init__(self, socket, timeout: float = 60):
        self.channel = grpc.insecure_channel(f"unix:{socket}")
        self.timeout = timeout

    def __enter__(self):
        return self

    def __exit__(self, *exc_info) -> None:
        self.channel.close()

    def call(self, service: str, method: str, fields: dict) -> str:
        function = self.channel.unary_unary(f"/runtime.v1.{service}Service/{method}")
        return first_string(function(encode(fields), timeout=self.timeout))

    def is_ready(self) -> bool:
        with contextlib.suppress(grpc.RpcError):
            self.call("Runtime", "Version", {})
            return True
        return False

    def run_pod(self, pod: Pod) -> str:
        pod.id = self.call("Runtime", "RunPodSandbox", {1: pod.config})
        return pod.id

    def run_container(self, pod: Pod, name: str, image: str, command) -> str:
        config = {
            1: {1: name, 2: 0}, 2: {1: image}, 3: list(map(str, command)),
            9: string_map({"io.kubernetes.container.name": name, **pod.labels}),
            10: string_map({"io.kubernetes.container.restartCount": "0"}), 11: f"{name}.log",
            15: {2: {3: {2: CONTAINER_NAMESPACE}}}}
        container_id = self.call("Runtime", "CreateContainer", {1: pod.id, 2: config, 3: pod.config})
        self.call("Runtime", "StartContainer", {1: container_id})
        return container_id

    def remove_pod(self, pod: Pod) -> None:
        """Stops what runs in it; without an error for what is gone."""
        for method in ("StopPodSandbox", "RemovePodSandbox"):
            with contextlib.suppress(grpc.RpcError):
                self.call("Runtime", method, {1: pod.id})
