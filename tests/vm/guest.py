"""Boots a kernel in QEMU (software emulation, no KVM needed) and reads what it prints on its serial console."""

import pathlib
import subprocess
import threading
import time
from dataclasses import dataclass, field

import kernels

# The same order as Debian's, with or without the module that BPF programs of type LSM need.
LSM = {True: "lsm=lockdown,capability,yama,bpf", False: "lsm=lockdown,capability,yama"}


@dataclass
class Boot:
    memory_mib: int = 2048
    cpus: int = 2
    cgroup: str = "v2"  # v1, v2, hybrid
    lsm_bpf: bool = False
    exact: bool = False  # one CPU, a nanosecond of the guest is one instruction
    seconds: int = 600


@dataclass
class Result:
    lines: list[str] = field(default_factory=list)
    seconds: float = 0
    timed_out: bool = False

    @property
    def ended(self) -> bool:
        return any(line.startswith("guest: script ended with") for line in self.lines)


def command(kernel: kernels.Kernel, unpacked: pathlib.Path, archive: pathlib.Path, boot: Boot) -> list[str]:
    append = [f"console={kernel.machine.console}", "panic=-1", "quiet", "loglevel=1", "mitigations=off", "rootfstype=ramfs", LSM[boot.lsm_bpf], f"nsobs.cgroup={boot.cgroup}"]
    if boot.exact:
        emulation = ["-smp", "1", "-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off"]
    else:
        emulation = ["-smp", str(boot.cpus), "-accel", "tcg,thread=multi"]
    return [*kernel.machine.emulator, *emulation, "-m", str(boot.memory_mib), "-nographic",
            "-nodefaults", "-serial", "stdio", "-no-reboot", "-kernel", str(kernels.image_of(unpacked)),
            "-initrd", str(archive), "-append", " ".join(append)]


def run(kernel: kernels.Kernel, unpacked: pathlib.Path, archive: pathlib.Path, boot: Boot, log: pathlib.Path) -> Result:
    return follow(command(kernel, unpacked, archive, boot), boot.seconds, log)


def of_log(log: pathlib.Path) -> Result:
    """What follow() left of an earlier boot."""
    return Result(log.read_text(errors="replace").splitlines())


def follow(emulator: list[str], seconds: int, log: pathlib.Path) -> Result:
    """Until it ends by itself, or for so long."""
    result = Result()
    start = time.monotonic()
    with log.open("w") as out, subprocess.Popen(emulator, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        def end() -> None:
            result.timed_out = True
            process.kill()

        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            for raw in process.stdout:
                line = raw.decode(errors="replace").rstrip("\r\n")
                out.write(f"{line}\n")
                out.flush()
                result.lines.append(line)
        finally:
            timer.cancel()
            process.kill()
    result.seconds = time.monotonic() - start
    return result
