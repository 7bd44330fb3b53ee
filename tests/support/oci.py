"""runc and crun without an engine: a bundle, no monitor, no daemon, no name but the id."""

import json
import subprocess

import cgroups
from runtimes import SLEEP, Engine
from shell import run

HIDE_CGROUP2 = ("unshare", "-m", "--propagation", "private", "sh", "-c",
                f'{cgroups.HIDE} && exec "$@"', "sh")


class Runc(Engine):
    runtime = "runc"
    program: tuple[str, ...] = ("runc",)

    def set_up(self):
        run("runc", "spec", "--bundle", self.folder)
        self.template = (self.folder / "config.json").read_text()

    def start(self, name, *, command=SLEEP, memory=None, edit=lambda spec: None):
        """`edit` changes the OCI spec before it is written."""
        container_id, bundle = self.bundle(name, command, memory, edit)
        return self.adopt(container_id, container_id, self.run_detached(container_id, bundle))

    def run_detached(self, container_id, bundle) -> int:
        log = bundle / "log"
        # The container keeps our standard output: not a pipe, or we would wait for its end.
        result = run(*self.program, "--log", log, "run", "-d", "--bundle", bundle,
                     "--pid-file", bundle / "pid", container_id, check=False,
                     stdout=subprocess.DEVNULL,
                     stderr=subprocess.DEVNULL)
        assert result.returncode == 0, log.read_text()
        return int((bundle / "pid").read_text())

    def again(self, container):
        """Ended and started anew: the same id."""
        run(*self.program, "delete", "--force", container.id)
        container.pid = self.run_detached(container.id, self.folder / container.id)

    def run_once(self, name, *command):
        container_id, bundle = self.bundle(name, command, None, lambda spec: None)
        run(*self.program, "run", "--bundle", bundle, container_id, check=False)
        return container_id

    def bundle(self, name, command, memory, edit=lambda spec: None):
        container_id = f"{name}-{self.suffix}"
        folder = self.folder / container_id
        folder.mkdir(exist_ok=True)
        spec = self.spec(command, memory)
        edit(spec)
        (folder / "config.json").write_text(json.dumps(spec))
        return container_id, folder

    def spec(self, command, memory) -> dict:
        spec = json.loads(self.template)
        spec["root"] = {"path": str(self.images.rootfs), "readonly": True}
        spec["process"].update(args=list(command), terminal=False, rlimits=[])
        if memory:
            spec["linux"]["resources"]["memory"] = {"limit": memory}
            if cgroups.has_swap_limit():
                spec["linux"]["resources"]["memory"]["swap"] = memory
        return spec

    def exec(self, container, command, check, timeout):
        return run(*self.program, "exec", container.id, *command, check=check, timeout=timeout)

    def kill(self, container, name):
        run(*self.program, "kill", container.id, name)

    def remove(self, container):
        run(*self.program, "delete", "--force", container.id, check=False)
        self.containers.remove(container)


class Crun(Runc):
    runtime = "crun"

    def __init__(self, images):
        super().__init__(images)
        self.program = ("crun",)
        if cgroups.hybrid_with_controllers():
            self.program, self.runs_in = (*HIDE_CGROUP2, "crun"), "unshare"
