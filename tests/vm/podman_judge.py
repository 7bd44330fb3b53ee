"""Podman's containers on cgroup v2: what nsobserver must have said of each, by what podman and the kernel say."""

from podman_facts import Facts

MIB = 1 << 20
IMAGE = "localhost/bb:1"
RUNTIMES = ("crun", "runc")
EVERYWHERE, PODS = ("systemd", "cgroupfs"), ("systemd",)  # podman.sh says why
STARTS = {"container_start", "namespace_change"}  # what a runtime does to begin one
PRESSURE = "pressure"  # that a limit was reached again and again, over half a minute: the same kill
OOM, CONNECTS = "nsobserver_oom_kills_total", "nsobserver_connect_failures_total"


def differences(of: str, told: dict, true: dict) -> list[str]:
    return [f"{of}: {key} is {told.get(key)!r} and not {value!r}" for key, value in true.items() if told.get(key) != value]


def identity(facts: Facts, name: str) -> dict:
    return {"name": name, "id": facts.containers[name]["Id"], "runtime": "podman", "image": IMAGE, "pod": facts.pod_of(name), "certain": True}


def named(facts: Facts, name: str) -> list[str]:
    """The identity in each of its rows."""
    return [wrong for row in facts.rows_of(name) for wrong in differences(row["kind"], row["container"], identity(facts, name))]


def counted(facts: Facts, name: str, family: str, count: int, **labels: str) -> list[str]:
    """So many with these labels, and none with others."""
    pod = facts.pod_of(name) or ""
    told = facts.metrics.sum(family, container=name, pod=pod, **labels), facts.metrics.sum(family, container=name)
    return [] if told == (count, count) else [f"{family} is {told[0]:g} ({told[1]:g} with all labels) and not {count}"]


def listed(facts: Facts, name: str, role: str | None) -> list[str]:
    theirs = [one for one in facts.listing if one["name"] == name]
    if len(theirs) != 1:
        return [f"listed {len(theirs)} times"]
    container = facts.containers[name]
    true = {**identity(facts, name), "state": "running", "init_pid": container["State"]["Pid"], "cgroup_path": container["State"]["CgroupPath"],
            "oci_runtime": container["OCIRuntime"], "pod_role": role}
    return differences("listing", theirs[0], true) + differences("listing", theirs[0]["namespace_use"], {"net": "pod" if role else "own"})


def found(facts: Facts, name: str, *cases: str, later: str = "") -> list[str]:
    """`later` comes by itself if the guest is slow enough."""
    told = [case for case in facts.cases_of(name) if case != later]
    return [] if told == sorted(cases) else [f"findings are {told} and not {sorted(cases)}"]


def killed(facts: Facts, name: str, reason: str, limit: int) -> list[str]:
    """Each process that the kernel killed there, once, by the limit that the kernel says."""
    rows, true = facts.rows_of(name, "oom_kill"), {kill.pid: kill for kill in facts.kills_of(name)}
    told = sorted(row["process"]["pid"] for row in rows)
    problems = [] if true else ["the kernel killed nobody: the deed was not done"]
    if told != sorted(true):
        problems.append(f"kills of {told} and not of {sorted(true)}")
    for row in rows:
        kill, by = row["oom_kill"], true.get(row["process"]["pid"])
        if by is None:
            continue
        problems += differences("oom_kill", kill, {"reason": reason, "limit_bytes": limit, "cgroup": by.limit})
        problems += differences("oom_kill", row["process"], {"comm": by.comm}) + differences("oom_kill", row, {"count": 1, "entered_from": None})
        problems += differences("victim", kill["victim"], {"process": row["process"], "ns_pid": row["process"]["ns_pid"]})
        problems += differences("oom_kill", kill, {"victim_is_init": row["process"]["ns_pid"] == 1})
        if not 0.9 * limit < kill["usage_bytes"] <= limit:
            problems.append(f"usage_bytes is {kill['usage_bytes']} at a limit of {limit}")
    return problems + named(facts, name) + counted(facts, name, OOM, len(true), reason=reason)


def victims(facts: Facts, name: str) -> list[tuple[str, bool]]:
    return [(row["process"]["comm"], row["process"]["ns_pid"] == 1) for row in facts.rows_of(name, "oom_kill")]


def ended(facts: Facts, name: str) -> list[str]:
    ends = [row["container_exit"] for row in facts.rows_of(name, "container_exit")]
    if len(ends) != 1:
        return [f"{len(ends)} ends"]
    return differences("container_exit", ends[0], {"signal": "SIGKILL", "cause": "oom"})


def lives(facts: Facts, name: str) -> list[str]:
    return listed(facts, name, "container") + ["it ended" for _ in facts.rows_of(name, "container_exit")]


def own(facts: Facts, of: str) -> list[str]:
    name = f"own-{of}"
    told = victims(facts, name)
    return killed(facts, name, "cgroup", 32 * MIB) + ended(facts, name) + found(facts, name, "oom-container") + (
        [] if told == [("toolbox", True)] else [f"victims are {told}"])


def whole(facts: Facts, of: str) -> list[str]:
    name = f"all-{of}"
    told = victims(facts, name)
    return killed(facts, name, "cgroup", 32 * MIB) + ended(facts, name) + found(facts, name, "oom-helper", "oom-container") + (
        [] if {("toolbox", False), ("sh", True)} <= set(told) else [f"victims are {told}"])


def member(facts: Facts, of: str) -> list[str]:
    name = f"eat-{of}"
    told = victims(facts, name)
    problems = [] if told == [("toolbox", False)] else [f"victims are {told}"]
    problems += found(facts, name, "oom-helper", later=PRESSURE) + counted(facts, name, CONNECTS, 0)
    return killed(facts, name, "cgroup", 32 * MIB) + problems + lives(facts, name)


def mate(facts: Facts, of: str) -> list[str]:
    """It shares its network with the one that is killed."""
    name = f"knock-{of}"
    rows = facts.rows_of(name, "connect_failure")
    true = {"protocol": "tcp", "destination": "127.0.0.1", "port": 7000, "errno_name": "ECONNREFUSED"}
    problems = [f"{len(rows)} refused connects"] if len(rows) != 1 else differences("connect", rows[0]["connect_failure"], true)
    problems += [f"a row of {row['kind']}" for row in facts.rows_of(name) if row["kind"] not in STARTS | {"connect_failure"}]
    return problems + named(facts, name) + lives(facts, name) + found(facts, name, "net-loopback") + counted(facts, name, OOM, 0) + counted(
        facts, name, CONNECTS, 1, protocol="tcp", errno="ECONNREFUSED")


def pod_limit(facts: Facts, of: str) -> list[str]:
    name = f"big-{of}"
    group = facts.pod_cgroups[f"small-{of}"]
    told = victims(facts, name)
    problems = [] if told == [("toolbox", False)] else [f"victims are {told}"]
    problems += [f"the limit of {row['oom_kill']['cgroup']} and not of {group}" for row in facts.rows_of(name, "oom_kill")
                 if row["oom_kill"]["cgroup"] != group]
    for one in facts.findings:
        if one["case"] == "oom-pod" and one["container"]["name"] == name and not (group in one["summary"] and "48 MiB" in one["summary"]):
            problems.append(f"finding: {one['summary']}")
    return killed(facts, name, "ancestor", 48 * MIB) + problems + lives(facts, name) + found(facts, name, "oom-pod", later=PRESSURE)


def bystander(facts: Facts, name: str, role: str | None) -> list[str]:
    rows = facts.rows_of(name)
    problems = [f"a row of {row['kind']}" for row in rows if row["kind"] not in STARTS] + found(facts, name)
    problems += [] if any(row["kind"] == "container_start" for row in rows) else ["its start is not told"]
    return problems + named(facts, name) + listed(facts, name, role) + counted(facts, name, OOM, 0) + counted(facts, name, CONNECTS, 0)


def well(facts: Facts, of: str) -> list[str]:
    return bystander(facts, f"well-{of}", None)


def infra(facts: Facts, of: str) -> list[str]:
    return [wrong for pod in ("pod", "small") for wrong in bystander(facts, f"{pod}-{of}-infra", "sandbox")]


def nothing_else(facts: Facts) -> list[str]:
    """No other row, name or count, and nothing lost."""
    problems = [f"a row of {row['kind']} of {row['container']['name']} ({row['container']['runtime']})" for row in facts.events
                if row["container"] and row["container"]["name"] not in facts.containers]
    rows, total = sum(row["count"] for row in facts.events if row["kind"] == "oom_kill"), facts.metrics.sum(OOM)
    if not rows == total == len(facts.kills):
        problems.append(f"{len(facts.kills)} kills by the kernel, {rows} in rows, {total:g} in counters")
    running = sorted(name for name, one in facts.containers.items() if one["State"]["Status"] == "running")
    if sorted(one["name"] for one in facts.listing) != running:
        problems.append(f"listed are {sorted(one['name'] for one in facts.listing)} and not {running}")
    lost = facts.metrics.sum("nsobserver_events_lost_total")
    return problems + ([f"{lost:g} events lost"] if lost else [])


# What is done: how it is called, by which of podman's cgroup managers, and what is held against it.
DEEDS = {
    "own": ("`--memory` of a container, PID 1 killed in its first moments", EVERYWHERE, own),
    "all": ("the same with `memory.oom.group`: each of its processes", EVERYWHERE, whole),
    "well": ("a healthy container beside them: named, and nothing else", EVERYWHERE, well),
    "eat": ("`--memory` of a pod's member, a child killed", PODS, member),
    "knock": ("its mate in that pod: a refused connect, and no kill", PODS, mate),
    "big": ("`pod create --memory`: the pod's limit, and not its member's", PODS, pod_limit),
    "infra": ("the containers that hold the pods' namespaces: nothing", PODS, infra),
}
ELSE = "no other name or count, nothing lost"


def judge(facts: Facts) -> dict[tuple[str, str], list[str]]:
    """What is wrong, by deed and by how podman was run."""
    out: dict[tuple[str, str], list[str]] = {}
    for deed, (_, managers, check) in DEEDS.items():
        for of in (f"{runtime}-{manager}" for manager in managers for runtime in RUNTIMES):
            try:
                out[deed, of] = check(facts, of)
            except (KeyError, TypeError) as error:
                out[deed, of] = [f"a field is missing: {error!r}"]
    out["else", "all"] = nothing_else(facts)
    return out
