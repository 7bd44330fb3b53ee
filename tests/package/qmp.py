"""What the guest's machine is asked and says from outside: the QEMU Machine Protocol (docs/interop/qmp-spec of QEMU)."""

import json
import pathlib
import socket

from shell import wait_until


class Qmp:
    """One connection; not for two threads at once. A context manager."""

    def __init__(self, path: pathlib.Path):
        self.path = path

    def __enter__(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        wait_until(lambda: self.socket.connect_ex(str(self.path)) == 0, 30, f"QEMU at {self.path}")
        self.lines = self.socket.makefile()
        self.lines.readline()  # the greeting
        self.ask("qmp_capabilities")
        return self

    def __exit__(self, *exc_info) -> None:
        self.lines.close()
        self.socket.close()

    def ask(self, command: str):
        """The answer; what the machine tells unasked is skipped."""
        self.socket.sendall(json.dumps({"execute": command}).encode() + b"\n")
        while True:
            line = self.lines.readline()
            if not line:
                raise ConnectionError("QEMU has ended")
            answer = json.loads(line)
            if "error" in answer:
                raise RuntimeError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]
