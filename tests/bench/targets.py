"""The figures that we promise, and whether this run kept them."""

from subjects import CONTROL, OURS, OURS_WITHOUT_SYSCALLS, TOOLS

# workload, subject, ratio to, at most
RATIOS = (
    ("getpid", OURS, "to_empty", 1.05),
    ("read", OURS, "to_empty", 1.05),
    ("getpid", OURS_WITHOUT_SYSCALLS, "to_nothing", 1.01),
    ("read", OURS_WITHOUT_SYSCALLS, "to_nothing", 1.01),
    ("refused connect", OURS, "to_nothing", 1.10),
    ("ignored kill", OURS, "to_nothing", 1.55),
)

# workload, what is added to it at most, of what the peer adds
COUNTS, PRINTS = "bpftrace-count", "bpftrace-print"
ADDED = (
    ("ignored kill", COUNTS, 0.33),
    ("handled kill", COUNTS, 0.36),
    ("refused connect", COUNTS, 0.55),
    ("unshare+setns", COUNTS, 0.40),
    ("ignored kill", PRINTS, 0.03),
    ("handled kill", PRINTS, 0.03),
    ("ignored kill", TOOLS[0], 0.03),
    ("handled kill", TOOLS[0], 0.03),
)


def judge(results: dict) -> list[dict]:
    out = []
    if "table" in results:
        workloads = results["table"]["workloads"]
        out += [ratio(workloads, *row) for row in RATIOS]
        out += [added(workloads, *row) for row in ADDED if adds(workloads[row[0]], row[1])]
    if "burst" in results:
        burst = results["burst"]
        out.append(target(f"signals not accounted for in a burst of {burst['count']}",
                          burst["unseen"], 0))
        out.append(target(f"lost in a burst of {burst['count']} signals", burst["lost"], 0))
        out.append(target("observer CPU per counted event, to an empty ring reader's",
                          burst["ratio"], 3))
    if "flood" in results:
        flood = results["flood"]
        out.append(target(f"lost of {flood['count']} signals in {flood['seconds']:.0f} s", flood["lost"], 0))
        out.append(target("of these in no row of the timeline, or twice", abs(flood["count"] - flood["in_rows"]), 0))
    if "rest" in results:
        rest = results["rest"]
        among = f"at rest with {rest['count']} {rest['what']}"
        out.append(target(f"{among}: % of a core", 100 * rest["cpu_share"], 1))
        out.append(target(f"{among}: MiB", rest["resident_mib"], 40))
        many = rest["many"]
        among = f"with {many['count']} containers that were there first"
        out.append(target(f"{among}: not known", many["count"] - many["known"], 0))
        out.append(target(f"{among}: seconds until all are known", many["start_seconds"], 2))
        out.append(target(f"{among}: % of a core at rest", 100 * many["cpu_share"], 1))
        out.append(target(f"{among}: MiB at rest", many["resident_mib"], 40))
    if "look" in results:
        look = results["look"]
        out.append(target("from a failure to its finding, median, ms", look["median_ms"], 150))
        out.append(target("a look into a container, p99, ms", look["look_p99_ms"], 50))
    for scan in results.get("scan", ()):
        among = f"a look at {scan['processes']:,} processes"
        out.append(target(f"{among}, to the bare iterator's", scan["to_bare"], 1.5))
        out.append(target(f"{among}, to that of /proc", 1 / scan["faster_than_proc"], 0.05))
    for scrape in results.get("scrape", ()):
        if scrape["series"] >= 10_000:
            out.append(target(f"a scrape of {scrape['series']:,} series, to the bare one", scrape["ratio"], 2))
    if "timeline" in results:
        out.append(target("a row of the timeline, to SQLite's alone", results["timeline"]["ratio"], 1.176))  # 0.85 of its rate
    return out


def target(name: str, value: float, limit: float, noise: list[float] | None = None) -> dict:
    return {"name": name, "value": value, "limit": limit, "met": value <= limit, "noise": noise}


def adds(cells: dict, peer: str) -> bool:
    """Whether the peer ran, and more than the noise can be seen of it."""
    return peer in cells and cells[peer]["to_nothing"] > max(1, *cells[CONTROL]["spread"])


def added(workloads: dict, workload: str, peer: str, limit: float) -> dict:
    """What we add to nothing attached, of what the peer adds to it."""
    ours, theirs = (workloads[workload][subject]["to_nothing"] - 1 for subject in (OURS, peer))
    return target(f"{workload}: added, of what {peer} adds", ours / theirs, limit)


def ratio(workloads: dict, workload: str, subject: str, base: str, limit: float) -> dict:
    """`noise`: the control's ratios to nothing, the lowest and the highest of the rounds."""
    cells = workloads[workload]
    return target(f"{workload}: {subject} {base.replace('_', ' ')}", cells[subject][base], limit,
                  cells[CONTROL]["spread"])
