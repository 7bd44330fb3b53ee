"""gVisor: runsc, with the host's kernel doing the network, for only then the host can see connects.

What the host sees of a container is its kernel in user space, the sandbox, which acts for all of its programs.
"""

import subprocess

from oci import Runc
from runtimes import SLEEP
from shell import run


class Gvisor(Runc):
    runtime = "runsc"
    program = ("runsc", "--platform=ptrace", "--network=host")

    def start(self, name, *, command=SLEEP, memory=None):
        container_id, bundle = self.bundle(name, command, memory)
        with (bundle / "log").open("wb") as log:
            result = run(*self.program, "run", "-detach", "-bundle", bundle, "-pid-file", bundle / "pid",
                         container_id, check=False, stdout=log, stderr=log)
        assert result.returncode == 0, (bundle / "log").read_text()
        return self.adopt(container_id, container_id, int((bundle / "pid").read_text()))

    def run_once(self, name, *command):
        container_id, bundle = self.bundle(name, command, None)
        run(*self.program, "run", "-bundle", bundle, container_id, check=False,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return container_id

    def knock(self, container):
        run(*self.program, "kill", container.id, "USR1")

    def remove(self, container):
        run(*self.program, "delete", "-force", container.id, check=False)
        self.containers.remove(container)
