"""Which hook of each source a kernel has, by its BTF, and why not the others."""

import pathlib
import re
import subprocess
from dataclasses import dataclass, field

import btf_objects
import tables

CHECK = btf_objects.BUILD / "tests/vm/vm_btf_check"
OLD = "no helper 175"  # bpf_task_pt_regs(), of 5.15
# What a kernel of before that can't have.
NOT_IN_OLD = frozenset({"connect_io_uring", "packet_drop", "dns_sweep"})  # userspace/collector/program_table.cc says since when
GROUPS = {
    "signals": ("signal_",), "TCP": ("tcp_",), "UDP errors": ("udp_",), "connect": ("connect_call", "connect_return"),
    "io_uring": ("connect_io_uring",), "setns, unshare": ("setns", "unshare"), "clone": ("clone",), "OOM": ("oom",),
    "containers": ("host_scan", "cgroup", "exec", "exit"), "packet drops": ("packet",), "bind, listen": ("bind", "listen"),
    "files": ("file_",), "DNS": ("dns_",),
}
# Calls that arm64 never had: its C library asks by the newer ones, which have rows of their own.
NOT_ON_ARM64 = {f"file_{name}" for name in ("open", "creat", "mkdir", "unlink", "rmdir", "rename", "renameat")}


@dataclass
class Program:
    name: str
    section: str
    reasons: list[str] = field(default_factory=list)  # why this kernel does not take it

    @property
    def kind(self) -> str:
        return self.section.split("/", 1)[0].replace("raw_tp", "test_run")


@dataclass
class Verdict:
    """Of one kernel."""
    release: str
    machine: str
    sources: dict[str, list[Program]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def taken(self, source: str) -> Program | None:
        return next((program for program in self.sources[source] if not program.reasons), None)

    @property
    def is_old(self) -> bool:
        """Is it one for the object that does without that helper?"""
        return any(OLD in program.reasons for rows in self.sources.values() for program in rows)

    def off(self) -> dict[str, str]:
        """Sources without a hook, with the reasons; what the machine never had is not among them."""
        out = {}
        for source, programs in self.sources.items():
            if not self.taken(source) and not (self.machine == "arm64" and source in NOT_ON_ARM64):
                out[source] = "; ".join(f"{program.section}: {', '.join(program.reasons)}" for program in programs)
        return out


def fits(declared: str, found: str) -> bool:
    """May a program that takes an argument for `declared` have what the kernel gives?"""
    if declared.startswith("int:"):
        return found.startswith("int:") and int(found[4:]) <= int(declared[4:])
    return declared == found or "void*" in (declared, found)


def mismatch(section: str, declared: list[str], prototype: str) -> str:
    """Empty if each argument that the program has is the kernel's."""
    result, given = re.fullmatch(r"(.*?)\((.*)\)", prototype).groups()
    found = [one for one in given.split(",") if one]
    if section.startswith("kretprobe/"):
        found = [result]
    if section.startswith("fexit/"):
        if len(declared) > 0 and len(declared) != len(found) + 1:
            return f"takes {len(declared) - 1} arguments, there are {len(found)}"
        found = [*found, result]
    if len(declared) > len(found):
        return f"takes {len(declared)} arguments, there are {len(found)}"
    for number, (mine, theirs) in enumerate(zip(declared, found)):
        if not fits(mine, theirs):
            return f"argument {number} is {theirs}, not {mine}"
    return ""


def read(output: str, arguments: dict[str, list[str]]) -> dict[str, list[Program]]:
    """What vm_btf_check printed, by source."""
    programs: dict[str, Program] = {}
    rows: dict[str, list[str]] = {}
    for line in output.splitlines():
        kind, name, rest = [*line.split(" ", 2), ""][:3]
        if kind == "row":
            rows[name] = rest.split()
        elif kind == "program":
            programs[name] = Program(name, rest.split()[0])
        elif kind == "hook" and rest and not programs[name].section.startswith("iter/"):
            wrong = mismatch(programs[name].section, arguments.get(name, []), rest)
            programs[name].reasons += [wrong] if wrong else []
        elif kind in ("nohook", "poison"):
            why = rest if kind == "nohook" else f"not there: {rest}"
            programs[name].reasons += [why] if why not in programs[name].reasons else []
        elif kind == "declines":
            programs[name].reasons.append("the program itself declines")
        elif kind == "helper":
            programs[name].reasons.append(f"no helper {rest}")
    return {source: [programs[name] for name in names if name in programs] for source, names in rows.items()}


def check(release: str, machine: str, object_file: pathlib.Path, btf: pathlib.Path, arguments: dict[str, list[str]],
          not_there: frozenset[str] = frozenset()) -> Verdict:
    """`not_there`: sources that a kernel of this age has not."""
    verdict = Verdict(release, machine)
    result = subprocess.run([CHECK, object_file, btf], capture_output=True, text=True, timeout=300)
    verdict.sources = read(result.stdout, arguments)
    checked = sum(line.startswith("program ") for line in result.stdout.splitlines())
    if result.returncode != 0 or not checked or not all(verdict.sources.values()):
        verdict.problems.append(f"not checked: {result.stderr.strip()[-300:]}")
    else:
        verdict.problems += [f"{source}: {why}" for source, why in verdict.off().items() if source not in not_there]
        verdict.problems += [f"{source} is there, though the kernel is too old for it" for source in not_there - verdict.off().keys()]
    return verdict


def cell(verdict: Verdict, prefixes: tuple[str, ...]) -> str:
    """The kinds of hooks that the group's sources can have, the best first; of a source that has none its name."""
    kinds: list[str] = []
    missing = []
    for source, programs in verdict.sources.items():
        if not source.startswith(prefixes):
            continue
        missing += [f"**no {source}**"] if source in verdict.off() else []
        for number, program in enumerate(programs):
            # The same kind of hook by another program: another layout of its arguments.
            second = any(before.kind == program.kind for before in programs[:number])
            if not program.reasons:
                kinds.append(f"{program.kind} ({program.name.removeprefix('nsobs_')})" if second else program.kind)
    return ", ".join([*dict.fromkeys(kinds), *missing])


def table(verdicts: list[Verdict]) -> str:
    """Kernels with the same answers share a row."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for verdict in verdicts:
        if verdict.sources:
            rows.setdefault(tuple(cell(verdict, prefixes) for prefixes in GROUPS.values()), []).append(verdict.release)
    good = [v for v in verdicts if v.sources and not v.problems]
    head = f"{len(verdicts)} kernels: {sum(not v.off() for v in good)} have a hook for each source, " \
           f"{sum(bool(v.off()) for v in good)} for each that a kernel of its age can have.\n\n"
    kernels_by_row = list(rows.items())
    parts = []
    for number, group in enumerate(GROUPS):
        parts.append([group, *(cells[number] for cells, _ in kernels_by_row)])
    names = [", ".join(releases) for _, releases in kernels_by_row]
    columns = [f"({chr(ord('a') + number)})" for number in range(len(names))]
    return head + "\n".join(f"- {column} {name}" for column, name in zip(columns, names)) + "\n\n" + \
        tables.table(["source", *columns], parts) + "\n"
