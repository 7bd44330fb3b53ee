"""One boot: which kernel, what is mounted, by which hooks, and what must come out."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field

import deeds
import guest
import initramfs
import kernels
from machines import Machine

SUPPORT = pathlib.Path(__file__).resolve().parents[1] / "support"
sys.path.append(str(SUPPORT))

import hardening  # noqa: E402

PROGRAMS = ["tests/bpf/bpf_test", "tests/vm/vm_verifier", "userspace/main/nsobserver"]  # below the build's folder
VERIFIER_LIMIT = 1_000_000
VERIFIER_SHARE = 0.05

# Of bpf_test: a deed of each source with every field, what both hooks of a call share, and what was mended for one kernel.
TESTS = ("Oom.*", "All/OomTest.*", "Setns.*", "Unshare.*", "All/NamespaceFailureTest.*", "All/CloneTest.*", "Signal.*",
         "SignalToInit.*", "All/UnixTest.*", "UnixPath.*", "UdpTest.*", "All/NoPortTest.*", "All/BindTest.*",
         "All/ReadOnlyTest.*", "All/TcpFailureTest.*/Refused4", "All/RingTest.*", "All/CgroupTest.*", "All/ExecTest.*",
         "All/ExitTest.*", "Exit.*", "Run.OfTwoThatShareACpuIsCounted", "FileFailureTest.AWriteToAFullFileSystem", "All/DropTest.*/*4*", "All/DnsFailureTest.*/s*4",
         "DnsTest.AskedAgain*", "ProbeSet.SelfTestPasses",
         "ProbeSet.FilesWhereTheyAreFree", "HostTasks.*")
# Where a kind of hook is forced: of what has more than one kind.
CALL_TESTS = ("Setns.*", "Unshare.*", "All/NamespaceFailureTest.*", "All/CloneTest.*", "All/UnixTest.*", "UnixPath.*", "UdpTest.*",
              "All/NoPortTest.*", "All/BindTest.*", "All/ReadOnlyTest.*", "All/TcpFailureTest.*/Refused4", "All/RingTest.*",
              "FileFailureTest.AWriteToAFullFileSystem", "ProbeSet.SelfTestPasses")
SHORT_TESTS = ("All/OomTest.HostOwnLimit", "Setns.*", "Unshare.*", "All/CloneTest.*", "SignalToInit.*", "All/UnixTest.*", "UnixPath.*",
               "All/NoPortTest.*", "All/BindTest.*", "All/TcpFailureTest.*/Refused4", "All/RingTest.*", "All/ExecTest.*",
               "All/ExitTest.*", "Exit.OfManyThreadsIsToldOnce", "All/DnsFailureTest.*/silentConnected4", "ProbeSet.SelfTestPasses")

# What assumes that a process which was killed is gone before another one asks for memory, or that a second is long.
NEED_CGROUP2 = {"dns_answer", "dns_query"}  # programs on the packets of its root
NOT_IN_GUESTS = ["Oom.TriggerIsNotTheVictim"]
# What tests a source that the kernel has not.
TESTS_OF = {"connect_io_uring": ["All/RingTest.*/NoRoute*"], "packet_drop": ["All/DropTest.*"], "dns_sweep": ["All/DnsFailureTest.*", "DnsTest.*"]}


@dataclass(frozen=True)
class Job:
    kernel: kernels.Kernel
    hooks: str = ""  # empty: the cheapest that the kernel gives
    cgroup: str = "v2"
    lsm_bpf: bool = False
    tests: tuple[str, ...] = TESTS

    @property
    def name(self) -> str:
        lsm = ", lsm=bpf" if self.lsm_bpf else ""
        return f"{self.kernel.name} {self.hooks or 'cheapest'} cgroup {self.cgroup}{lsm}"


@dataclass
class Outcome:
    name: str
    job: Job
    seconds: float = 0
    problems: list[str] = field(default_factory=list)
    release: str = "?"
    refusal: str = ""  # of the daemon: why there are no sources at all
    sources: dict[str, dict] = field(default_factory=dict)  # of doctor
    verifier: dict[str, int] = field(default_factory=dict)
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)  # deed -> "yes" or what is wrong

    def line(self) -> str:
        state = "ok" if not self.problems else f"{len(self.problems)} PROBLEMS"
        return (f"[vm] {self.name} ({self.release}): {state}, {self.passed} tests, "
                f"{sum(v == 'yes' for v in self.seen.values())}/{len(self.seen)} deeds, {self.seconds:.0f} s")


def of(kernel: kernels.Kernel, whole: bool) -> list[Job]:
    if not whole:
        out = [Job(kernel, cgroup="hybrid" if kernel.name == "6.1" else "v2", tests=SHORT_TESTS)]
        return [*out, Job(kernel, hooks="kprobe", tests=SHORT_TESTS)] if kernel.name == "6.1" else out
    out = [Job(kernel), Job(kernel, hooks="kprobe", tests=CALL_TESTS), Job(kernel, hooks="tracepoint", tests=CALL_TESTS), Job(kernel, lsm_bpf=True, tests=SHORT_TESTS)]
    if kernel.memory_v1:
        # bpf_test makes its cgroups in the unified hierarchy, which v1 alone has not.
        out += [Job(kernel, cgroup="v1", tests=()), Job(kernel, cgroup="hybrid", tests=SHORT_TESTS)]
    return out


def script(job: Job) -> str:
    more = ("MissedReturns.*",) if job.hooks == "kprobe" else ()
    left_out = [*NOT_IN_GUESTS, *(one for source in job.kernel.missing for one in TESTS_OF.get(source, []))]
    test_filter = f"--gtest_filter='{':'.join([*job.tests, *more])}-{':'.join(left_out)}'"
    return f"""#!/bin/sh
export NSOBS_HOOKS={job.hooks}
echo 'guest: verifier'
vm_verifier 2>/dev/null
echo 'guest: doctor'
nsobserver doctor -o json --probes.files=on >/tmp/doctor 2>/tmp/refusal
doctor=$?
[ -s /tmp/doctor ] || cat /tmp/refusal
cat /tmp/doctor
echo 'guest: doctor ended'
if [ $doctor = 0 ]; then
{deeds.script()}
{f"bpf_test --gtest_color=no {test_filter} 2>&1" if job.tests else ":"}
fi
"""


def programs_for(machine: Machine) -> list[pathlib.Path]:
    toolbox = machine.build / "tests/vm/toolbox"
    with tempfile.NamedTemporaryFile(dir=toolbox.parent, prefix="toolbox-", delete=False) as file:  # another job may be at it, too
        subprocess.run([machine.compiler, "-O1", "-static", "-o", file.name, SUPPORT / "toolbox.c"], check=True)
        pathlib.Path(file.name).chmod(0o755)
        pathlib.Path(file.name).replace(toolbox)
    return [toolbox, *(machine.build / name for name in PROGRAMS)]


def stem_of(job: Job) -> str:
    return re.sub(r"[^0-9a-zA-Z.]+", "-", job.name)


def again(job: Job, folder: pathlib.Path) -> Outcome:
    """By the log of an earlier run."""
    out = Outcome(job.name, job)
    try:
        booted = guest.of_log(folder / f"{stem_of(job)}.log")
    except OSError as error:
        out.problems.append(f"was not run: {error}")
        return out
    read(out, booted)
    judge(out, booted)
    return out


def run(job: Job, folder: pathlib.Path) -> Outcome:
    out = Outcome(job.name, job)
    stem = stem_of(job)
    archive = folder / f"{stem}.cpio"
    machine = job.kernel.machine
    try:
        unpacked = kernels.fetch(job.kernel)
        out.problems += [f"nsobserver: {wrong}" for wrong in hardening.problems(machine.build / PROGRAMS[-1], machine.elf)]
        initramfs.build(archive, machine, unpacked, {f"/usr/bin/{path.name}": path for path in programs_for(machine)}, script(job))
        booted = guest.run(job.kernel, unpacked, archive, guest.Boot(cgroup=job.cgroup, lsm_bpf=job.lsm_bpf, seconds=1500), folder / f"{stem}.log")
    except (kernels.FetchError, OSError, subprocess.SubprocessError) as error:
        out.problems.append(str(error))
        return out
    finally:
        archive.unlink(missing_ok=True)
    out.seconds = booted.seconds
    read(out, booted)
    judge(out, booted)
    return out


def read(out: Outcome, booted: guest.Result) -> None:
    part = ""
    doctor: list[str] = []
    events: list[str] = []
    for line in booted.lines:
        if found := re.search(r"guest: up (\S+)", line):
            out.release = found.group(1)
        elif line.startswith("guest: "):
            part = line[7:]
        elif found := re.match(r"verifier (\w+) (\d+)$", line):
            out.verifier[found.group(1)] = int(found.group(2))
        elif part == "doctor":
            doctor.append(line)
        elif part == "events":
            events.append(line)
        elif found := re.match(r"\[ +FAILED +\] (\S+): SetUpTestSuite", line):
            out.failed.append(found.group(1))
        # The name of one that failed may be followed by its parameter; the summary at the end has no time.
        elif found := re.match(r"\[ +(OK|FAILED|SKIPPED) +\] ([^\s,]+).* \(\d+ ms\)$", line):
            if found.group(1) == "OK":
                out.passed += 1
            else:
                (out.failed if found.group(1) == "FAILED" else out.skipped).append(found.group(2))
    try:
        out.sources = {source["source"]: source for source in json.loads("\n".join(doctor))[0]["sources"]}
    except (ValueError, LookupError, TypeError):
        out.refusal = " ".join(doctor).strip()
    out.seen = deeds.judge(events, not out.job.hooks and out.job.kernel.functions) if out.sources else {}


def judge(out: Outcome, booted: guest.Result) -> None:
    """What is not as it must be."""
    job = out.job
    if booted.timed_out:
        out.problems.append("did not end in time")
    if not booted.ended:
        out.problems.append("the guest did not get to its end")
    if not out.sources:
        out.problems.append(f"doctor: {out.refusal}")
    for name, source in out.sources.items():
        if source["attached"] == (name in job.kernel.missing) and not (job.cgroup == "v1" and name in NEED_CGROUP2):
            out.problems.append(f"{name} is {'on' if source['attached'] else 'off'}: {source['reason']}")
        elif not source["attached"] and source["reason"] != job.kernel.missing.get(name, source["reason"]):
            out.problems.append(f"{name} is off: {source['reason']}")
        if source["attached"] and job.hooks and wrong_hook(job.hooks, source["hook"]):
            out.problems.append(f"{name} is on {source['hook']}, asked for {job.hooks}")
        if source["attached"] and not job.hooks and source["hook"].startswith("tracepoint/"):
            out.problems.append(f"{name} costs every syscall: {source['hook']}")
        if source["attached"] and not job.kernel.functions and source["hook"].startswith(("fexit/", "fentry/")):
            out.problems.append(f"{name} is on {source['hook']}, which this kernel does not permit")
    for name, count in out.verifier.items():
        if count > VERIFIER_LIMIT * VERIFIER_SHARE:
            out.problems.append(f"{name}: the verifier walks {count} instructions")
    out.problems += [f"deed {name}: {said}" for name, said in out.seen.items() if said != "yes"]
    out.problems += [f"bpf_test {name}" for name in out.failed]
    if out.passed == 0 and job.tests:
        out.problems.append("no test passed")


# Hooks of calls that a source which has another kind, too, must not have when that is asked for.
OTHERS = {"tracepoint": ("fexit/", "fentry/__x64", "fentry/__arm64", "fentry/__sys", "kprobe/", "kretprobe/"),
          "kprobe": ("fexit/", "fentry/__x64", "fentry/__arm64", "fentry/__sys", "tracepoint/")}


def wrong_hook(asked: str, hook: str) -> bool:
    return hook.startswith(OTHERS.get(asked, ()))
