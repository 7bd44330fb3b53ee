"""What the hooks cost, in instructions: exact, since a guest's nanosecond is one instruction (QEMU's -icount).

The gate: by fexit and by kprobes a syscall that nobody watches takes not one instruction more than with nothing attached.
"""

import pathlib
import re
import subprocess
from dataclasses import dataclass, field

import guest
import initramfs
import jobs
import kernels

HOOKS = ["fexit", "kprobe", "tracepoint"]
ROWS = ["nothing", *HOOKS]
FREE = ["fexit", "kprobe"]  # for who does not make the calls that are watched
BYSTANDERS = ["getppid", "read"]  # the heartbeat and all hooks leave these alone
TOLERANCE = 0.5  # of an instruction in a call: the reading of the clock, over 500 calls
DEEDS = [*BYSTANDERS, "connect_tcp_refused", "connect_unix_missing", "kill_ignored", "kill_handled", "unshare_setns",
         "udp_refused", "bind_refused", "open_refused", "cgroup_made", "fork_exit", "fork_exec"]
COUNTED = ["5.10", "6.1", "6.12", "6.18", "7.x"]
SHORT = ["6.1"]

SCRIPT = f"""#!/bin/sh
measure() {{ echo "guest: $1"; vm_cost; }}
sleep 5
measure nothing
for hooks in {" ".join(HOOKS)}; do
  NSOBS_HOOKS=$hooks nsobserver run --storage.path /tmp/$hooks --engines.ask=off >/tmp/log 2>&1 &
  daemon=$!
  for i in $(seq 100); do grep -q observing /tmp/log && break; sleep 0.5; done
  sleep 3
  measure $hooks
  kill $daemon
  wait $daemon
done
"""


@dataclass
class Cost:
    name: str
    kernel: str
    seconds: float = 0
    problems: list[str] = field(default_factory=list)
    counts: dict[str, dict[str, float]] = field(default_factory=dict)  # row -> deed -> instructions

    def line(self) -> str:
        return f"[vm] {self.name}: {'ok' if not self.problems else '; '.join(self.problems)}, {self.seconds:.0f} s"

    def added(self, row: str, deed: str) -> float:
        return self.counts[row][deed] - self.counts["nothing"][deed]


def is_counted(kernel: kernels.Kernel, whole: bool) -> bool:
    return kernel.name in (COUNTED if whole else SHORT)


def run(kernel: kernels.Kernel, folder: pathlib.Path) -> Cost:
    out = Cost(f"{kernel.name} instructions", kernel.name)
    archive = folder / f"cost-{kernel.name}.cpio"
    programs = {f"/usr/bin/{path.name}": kernel.machine.build / path for path in map(pathlib.Path, ("tests/vm/vm_cost", "userspace/main/nsobserver"))}
    try:
        unpacked = kernels.fetch(kernel)
        initramfs.build(archive, kernel.machine, unpacked, programs, SCRIPT)
        booted = guest.run(kernel, unpacked, archive, guest.Boot(exact=True, seconds=900), folder / f"cost-{kernel.name}.log")
    except (kernels.FetchError, OSError, subprocess.SubprocessError) as error:
        out.problems.append(str(error))
        return out
    finally:
        archive.unlink(missing_ok=True)
    out.seconds = booted.seconds
    read(out, booted)
    return out


def again(kernel: kernels.Kernel, folder: pathlib.Path) -> Cost:
    """By the log of an earlier run."""
    out = Cost(f"{kernel.name} instructions", kernel.name)
    try:
        read(out, guest.of_log(folder / f"cost-{kernel.name}.log"))
    except OSError as error:
        out.problems.append(f"was not run: {error}")
    return out


def read(out: Cost, booted: guest.Result) -> None:
    row = ""
    for line in booted.lines:
        if line.startswith("guest: "):
            row = line[7:]
        elif found := re.match(r"cost (\w+) ([0-9.]+)$", line):
            out.counts.setdefault(row, {})[found.group(1)] = float(found.group(2))
    judge(out)


def judge(out: Cost) -> None:
    for row in ROWS:
        missing = [deed for deed in DEEDS if deed not in out.counts.get(row, {})]
        if missing:
            out.problems.append(f"{row}: not measured: {', '.join(missing)}")
    if out.problems:
        return
    for deed in BYSTANDERS:
        out.problems += [f"{row}: {deed} takes {out.added(row, deed):+.1f} instructions" for row in FREE
                         if abs(out.added(row, deed)) > TOLERANCE]
        if out.added("tracepoint", deed) < 10:
            out.problems.append(f"tracepoint: {deed} takes {out.added('tracepoint', deed):+.1f}: the gate measures nothing")
