"""A container in which something of everything goes wrong: what dashboards are tried with."""

import subprocess
import sys
import threading
import uuid

from observer import ROOT
from shell import free_port, terminate

MEGABYTE = 1 << 20


class Workload:
    """A container in which something of everything goes wrong, again and again."""

    def __init__(self, podman):
        self.port = free_port()  # the host listens there, on a loopback that is not the container's
        self.listener = subprocess.Popen([podman.images.rootfs / "bin/toolbox", "serve", "127.0.0.1", str(self.port)],
                                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.web = podman.start(f"web-{uuid.uuid4().hex[:6]}", memory=16 * MEGABYTE, options=("--read-only",))
        # In its network: answers SERVFAIL.
        self.names = subprocess.Popen(
            ["nsenter", f"--net=/proc/{self.web.pid}/ns/net", "--", sys.executable, ROOT / "tests/support/name_server.py",
             "127.0.0.1", "servfail"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.go_on)

    def once(self) -> None:
        for command in (("/bin/sh", "-c", f"for i in $(seq 20); do nc 127.0.0.1 {self.port}; done"),
                        ("/bin/touch", "/etc/not-writable"), ("/bin/kill", "-TERM", "1"),
                        ("/bin/unshare", "-n", "/bin/true"), ("/bin/nslookup", "db.example", "127.0.0.1"),
                        ("/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1")):
            self.web.exec(*command)

    def go_on(self) -> None:
        while not self.stopping.wait(1):
            self.once()

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc_info):
        self.stopping.set()
        self.thread.join(60)
        terminate(self.names)
        terminate(self.listener)
