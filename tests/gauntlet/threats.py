"""What could be done to the observer, or to a host through it, and which tests of this tree hold it.

Cases of the gauntlet name the rows that they belong to themselves (`@hostile("T3")`).
"""

from dataclasses import dataclass

UNIT = "unit/{0}/{0}_test"
BPF, SNAPSHOT = "bpf/bpf_test", "snapshot/snapshot_root_test"


@dataclass(frozen=True)
class Threat:
    row: str
    what: str
    rule: str
    gtests: tuple[tuple[str, str], ...] = ()  # (program below build/tests, filter)
    pytests: tuple[str, ...] = ()  # below tests


def unit(name: str, cases: str, folder: str = "") -> tuple[str, str]:
    return f"unit/{folder or name}/{name}_test", cases


THREATS = (
    Threat("T1", "A program of the host is overwritten through /proc/PID/exe of whoever enters (CVE-2019-5736)",
           "nothing of ours runs inside; no pid, mount or user namespace is joined",
           ((SNAPSHOT, "Helper.HoldsNothingOfTheObserver:Filter.NothingIsWritten"),)),
    Threat("T2", "A helper loads libraries out of the container (CVE-2019-14271)",
           "no exec, NSS, iconv or new library once a container's files are in view",
           ((SNAPSHOT, "Filter.SomeCallsAreDeadly"),)),
    Threat("T3", "A link is swapped between look and use (CVE-2018-15664)",
           "walked name by name on our own descriptors; no link is followed for us",
           ((SNAPSHOT, "HostileFiles.*"), unit("snapshot", "SafeFile.*"), unit("snapshot_fs", "PathWalkTest.*"))),
    Threat("T4", "A name out of a container becomes a path of the host (kubectl cp)",
           "our file names are our own; names come out as text",
           (unit("snapshot", "SafeFile.NothingLeadsOut"),)),
    Threat("T5", "A descriptor of the host leaks into what looks inside (CVE-2024-21626)",
           "the helper is forked first and holds /dev/null and one socket",
           ((SNAPSHOT, "Helper.HoldsNothingOfTheObserver:Helper.IsReplacedAfterItsDeath"),)),
    Threat("T6", "The container's own /proc, /sys or root lies (CVE-2015-1334)", "the host's procfs alone, known by its magic",
           ((SNAPSHOT, "HostileFiles.ProcfsOfTheContainerIsNotTrusted"), unit("snapshot", "Filesystems.*"))),
    Threat("T7", "A write to procfs, sysfs or a cgroup of a target goes elsewhere", "nothing is written outside of our own folder",
           ((SNAPSHOT, "Filter.*"),), ("e2e/test_traced.py",)),
    Threat("T8", "A device, fifo, socket or endless file in place of a file", "regular files only, never blocking, at most 64 KiB",
           ((SNAPSHOT, "HostileFiles.OnlyRegularFilesAreRead"),)),
    Threat("T9", "A filesystem that never answers", "only filesystems that the kernel answers for, and overlays of the host's; "
           "at most two children may hang", ((SNAPSHOT, "HostileFiles.A*:Helper.*Hang*:Helper.EndsAChild*"),)),
    Threat("T10", "Reading a process waits for its memory", "neither arguments nor environment of a container are read in /proc"),
    Threat("T11", "Memory changed after it was read (CVE-2021-33505)", "the kernel's own copies are told, never memory of the caller"),
    Threat("T12", "io_uring and other ways around system calls", "the effect is hooked, not the call", ((BPF, "*RingTest.*:Ring.*"),)),
    Threat("T13", "A pid comes around again", "pid and start time, held while it is looked at",
           ((SNAPSHOT, "Target.*"), unit("snapshot", "ProcessIdentity.*"), unit("correlation", "ProcessIndexTest.*")),
           ("e2e/test_reuse.py",)),
    Threat("T14", "An inode of a namespace comes around again", "ids that are never used again, or births",
           (unit("correlation", "NamespaceIndexTest.*"),), ("e2e/test_reuse.py",)),
    Threat("T15", "A flood of events hides the deed (CVE-2019-8339)", "two rings, a budget by container, losses counted before all else",
           ((BPF, "Loss.*:Run.*"), unit("pipeline", "SharedPlacesTest.*:LedgerTest.*:LossReporterTest.*")), ("gauntlet/test_floods.py",)),
    Threat("T16", "Processes and namespaces without end fill our tables", "every table has a bound, and a container a share",
           (unit("correlation", "ProcessIndexTest.AForkBomb*:NamespaceIndexTest.AMillion*:OwnerTableTest.*"),), ("gauntlet/test_soak.py",)),
    Threat("T17", "Labels without end", "a budget of series, an exact overflow",
           (unit("prometheus", "Churn.*:OwnerLabels.*", "exporters"), unit("correlation", "CorrelatorTrustTest.*"))),
    Threat("T18", "Strings that break a terminal, a log, SQL, JSON or a label", "one sanitizer for each way out",
           (unit("base", "SanitizeTest.*"), unit("event", "HostileJsonTest.*"))),
    Threat("T19", "Clients of the port that are slow or send nonsense", "bounds on size, time and connections; GET alone",
           (unit("web", "SlowClient.*:WebServer.*:RequestHead.*", "exporters"),)),
    Threat("T20", "Our sockets are reached from a container", "in a folder of mode 0700, peers are asked who they are",
           (unit("pipeline", "ControlServerTest.*"),)),
    Threat("T21", "Giant tables of mounts, routes, sockets, rules", "bounds on bytes, rows and time; what is cut is named",
           ((SNAPSHOT, "Helper.WhoHolds*:NetSections.TenThousand*:NetSections.WhatIsCut*"), unit("snapshot_fs", "Mountinfo*.*"))),
    Threat("T22", "Silent blindness: a program is gone or skipped", "a self-test at the start, deeds each 5 s on each CPU that must be seen",
           ((BPF, "ProbeSet.*:*HeartbeatTest.*"),), ("e2e/test_silent_probe.py",)),
    Threat("T23", "Crashing again and again", "what crashes is replaced, the rest goes on; each gap is a row",
           ((SNAPSHOT, "Helper.*"),), ("e2e/test_lifecycle.py", "e2e/test_helpers.py", "e2e/test_kills.py")),
    Threat("T24", "Structures of the kernel drift", "decided by BTF at load, compared with /proc at the start",
           ((BPF, "ProbeSet.SelfTestPasses:*OomTest.*"), unit("collector", "ProgramTableTest.*:SelfFacts*.*"))),
    Threat("T25", "A held namespace keeps a container from going, or hangs", "net namespaces alone, few, for seconds",
           (unit("pipeline", "NamespacePinsTest.*"), (SNAPSHOT, "Target.*"))),
    Threat("T26", "A full or broken disk, a torn file, a crash", "what was acknowledged stays; a broken file is set aside; losses are counted",
           (unit("timeline_fault", "*", "timeline"), unit("timeline_kill", "*", "timeline"), unit("timeline_damage", "*", "timeline"),
            unit("timeline", "StorageDirTest.*"))),
    Threat("T27", "Bytes that the decoder does not expect", "lengths and versions are checked; fuzzed (part fuzz)",
           (unit("collector", "DecoderRefusalTest.*:DecoderTest.*"),)),
)
