"""For every alert of deploy/prometheus/rules: series on which it fires, and with which words; and series on which not.

A series is written as promtool reads it. Scrapes are a minute apart; `at` is in minutes.
"""

from dataclasses import dataclass, field

NODE = 'instance="node1:9917",job="nsobserver"'
WHERE = {"instance": "node1:9917", "job": "nsobserver"}
ALWAYS = "1+0x120"
NEVER = "0+0x120"


@dataclass
class Fires:
    alert: str
    series: dict[str, str]
    at: int
    summary: str
    labels: dict[str, str] = field(default_factory=lambda: dict(WHERE))


@dataclass
class Quiet:
    alert: str
    why: str
    series: dict[str, str]
    at: int


def owner(container="web", **more: str) -> str:
    return ",".join([f'container="{container}"', *(f'{key}="{value}"' for key, value in more.items()), NODE])


def finding(case: str, values: str = ALWAYS, confidence: str = "certain", **more: str) -> dict[str, str]:
    return {f'nsobserver_finding_active{{case="{case}",confidence="{confidence}",{owner(**more)}}}': values}


def guessed(case: str) -> dict[str, str]:
    """Something was found, but not why."""
    return finding(case, confidence="unknown")


def connects(failed: str, established: str = NEVER, **more: str) -> dict[str, str]:
    """Counts by minute: "0+4x60" is 4 a minute."""
    name = "nsobserver_tcp_connects_total"
    return {f'{name}{{outcome="failed",{owner(**more)}}}': failed,
            f'{name}{{outcome="established",{owner(**more)}}}': established,
            f'{name}{{outcome="abandoned",{owner(**more)}}}': NEVER}


def of_agent(name: str, values: str, **labels: str) -> dict[str, str]:
    inside = "".join(f'{key}="{value}",' for key, value in labels.items())
    return {f"{name}{{{inside}{NODE}}}": values}


def about(case: str, container: str = "web", **more: str) -> dict[str, str]:
    return {"case": case, "container": container, **more, **WHERE}


def fires_on(alert: str, case: str, at: int, summary: str, **more) -> Fires:
    return Fires(alert, finding(case, **more), at, f"web on node1:9917: {summary} ({case})", about(case, **more))


# Active for the ten minutes after one occurrence, and then no more.
ONCE = "1+0x9 stale"

NETWORK = [
    Fires("NsobserverContainerCannotConnect",
          {**finding("net-loopback"), **connects("0+6x60", "0+1x60")}, 12,
          "web on node1:9917: most of its connects fail: nothing listens on that port of its own loopback (net-loopback)",
          about("net-loopback")),
    Fires("NsobserverContainerCannotConnect",
          {**finding("net-policy-drop", pod="web-0", pod_namespace="shop"),
           **connects("0+6x60", pod="web-0", pod_namespace="shop")}, 12,
          "web (pod shop/web-0) on node1:9917: most of its connects fail: a packet filter rule drops or rejects them "
          "(net-policy-drop)", about("net-policy-drop", pod="web-0", pod_namespace="shop")),
    Quiet("NsobserverContainerCannotConnect", "the cause is not known", {**guessed("net-loopback"), **connects("0+6x60")}, 30),
    Quiet("NsobserverContainerCannotConnect", "most of its connects work",
          {**finding("net-loopback"), **connects("0+6x60", "0+20x60")}, 30),
    Quiet("NsobserverContainerCannotConnect", "one failure only, minutes ago",
          {**finding("net-loopback", ONCE), **connects("0 1+0x60")}, 8),
    Quiet("NsobserverContainerCannotConnect", "the failures are another container's",
          {**finding("net-loopback"), **connects("0+6x60", container="db")}, 30),
    fires_on("NsobserverContainerCannotResolve", "net-dns", 13,
             "names do not resolve: its nameserver can't be reached, is silent, or answers with an error"),
    Quiet("NsobserverContainerCannotResolve", "the cause is not known", guessed("net-dns"), 30),
    Quiet("NsobserverContainerCannotResolve", "once", finding("net-dns", ONCE), 9),
    Quiet("NsobserverContainerCannotResolve", "another cause", finding("net-unix"), 30),
    fires_on("NsobserverContainerNetworkFinding", "net-unix", 13,
             "some of its connects or binds fail again and again: the unix socket is missing, stale or not permitted"),
    fires_on("NsobserverContainerNetworkFinding", "net-port-clash", 13,
             "some of its connects or binds fail again and again: the port is taken in the network that it shares"),
    Quiet("NsobserverContainerNetworkFinding", "the cause is not known", guessed("net-unix"), 30),
    Quiet("NsobserverContainerNetworkFinding", "once", finding("net-unix", ONCE), 9),
    Quiet("NsobserverContainerNetworkFinding", "no network case", finding("mnt-full"), 30),
    Fires("NsobserverConnectsFailUnexplained", connects("0+9x60", "0+3x60"), 25,
          "web on node1:9917: 75% of its TCP connects fail; no cause was found", {"container": "web", **WHERE}),
    Fires("NsobserverConnectsFailUnexplained", {**guessed("net-loopback"), **connects("0+9x60")}, 25,
          "web on node1:9917: 100% of its TCP connects fail; no cause was found", {"container": "web", **WHERE}),
    Quiet("NsobserverConnectsFailUnexplained", "the cause is known",
          {**connects("0+9x60"), **finding("net-peer-silent")}, 30),
    Quiet("NsobserverConnectsFailUnexplained", "too few to say", connects("0+1x60"), 40),
    Quiet("NsobserverConnectsFailUnexplained", "the host's own", connects("0+9x60", container="host"), 40),
]

FILES = [
    fires_on("NsobserverContainerVolumeFull", "mnt-full", 13,
             "it cannot write: a filesystem or quota of its own is full"),
    Quiet("NsobserverContainerVolumeFull", "the cause is not known", guessed("mnt-full"), 30),
    Quiet("NsobserverContainerVolumeFull", "once", finding("mnt-full", ONCE), 9),
    fires_on("NsobserverContainerFileFinding", "mnt-read-only", 13,
             "file calls fail again and again: what it writes to is mounted read-only"),
    fires_on("NsobserverContainerFileFinding", "mnt-permission", 13,
             "file calls fail again and again: owner, mode or uid map do not permit it"),
    Quiet("NsobserverContainerFileFinding", "the cause is not known", guessed("mnt-permission"), 30),
    Quiet("NsobserverContainerFileFinding", "once", finding("mnt-permission", ONCE), 9),
    Quiet("NsobserverContainerFileFinding", "has an alert of its own", finding("mnt-full"), 30),
]

PROCESSES = [
    fires_on("NsobserverContainerCrashLoop", "pid-crash", 13,
             "its program crashes again and again by a fatal signal"),
    Quiet("NsobserverContainerCrashLoop", "the cause is not known", guessed("pid-crash"), 30),
    Quiet("NsobserverContainerCrashLoop", "one crash", finding("pid-crash", ONCE), 9),
    fires_on("NsobserverContainerProcessStuck", "pid-stuck", 6,
             "a process does not go on and does not end, also by SIGKILL"),
    Quiet("NsobserverContainerProcessStuck", "for a moment", finding("pid-stuck", "1+0x3 stale"), 6),
    fires_on("NsobserverContainerIgnoresStop", "pid-term-ignored", 1,
             "its PID 1 has no handler for SIGTERM, so every stop ends by SIGKILL"),
    fires_on("NsobserverContainerIgnoresStop", "pid-shell-form", 1,
             "its PID 1 is a shell that does not forward SIGTERM, so every stop ends by SIGKILL"),
    Quiet("NsobserverContainerIgnoresStop", "the cause is not known", guessed("pid-term-ignored"), 30),
    Quiet("NsobserverContainerIgnoresStop", "a crash is none", finding("pid-crash"), 30),
    fires_on("NsobserverContainerProcessFinding", "pid-who-killed", 1,
             "somebody outside of it killed it or a process of it"),
    fires_on("NsobserverContainerProcessFinding", "pid-zombies", 1,
             "zombies pile up: a parent does not wait for its children"),
    Quiet("NsobserverContainerProcessFinding", "the cause is not known", guessed("pid-who-killed"), 30),
    Quiet("NsobserverContainerProcessFinding", "has an alert of its own", finding("pid-shell-form"), 30),
]

MEMORY = [
    fires_on("NsobserverNodeOutOfMemory", "oom-host", 1,
             "killed, since the node has no memory left: others may be next"),
    Quiet("NsobserverNodeOutOfMemory", "its own limit", finding("oom-container"), 30),
    fires_on("NsobserverContainerOomLoop", "oom-container", 13, "killed again and again at its memory limit"),
    fires_on("NsobserverContainerOomLoop", "oom-pod", 13, "killed again and again at the memory limit of its pod"),
    Quiet("NsobserverContainerOomLoop", "once", finding("oom-container", ONCE), 9),
    fires_on("NsobserverContainerOomKilled", "oom-container", 1, "killed at its memory limit"),
    Fires("NsobserverContainerOomKilled", {**finding("oom-container"), **finding("oom-container", confidence="likely")}, 1,
          "web on node1:9917: killed at its memory limit (oom-container)", about("oom-container")),
    fires_on("NsobserverContainerOomKilled", "oom-helper", 1,
             "a helper process was killed at its memory limit, its PID 1 lives on without it"),
    Quiet("NsobserverContainerOomKilled", "has an alert of its own", finding("oom-host"), 30),
    Quiet("NsobserverContainerOomKilled", "long ago", finding("oom-container", ONCE), 20),
    fires_on("NsobserverContainerUnderPressure", "pressure", 31,
             "for half an hour it has been throttled, waits for memory or can't fork"),
    Quiet("NsobserverContainerUnderPressure", "for some minutes", finding("pressure", "1+0x20 stale"), 31),
]

ISOLATION = [
    fires_on("NsobserverContainerEntered", "ns-entry", 1, "somebody who is not its runtime entered it"),
    Quiet("NsobserverContainerEntered", "nobody did", finding("ns-leak"), 30),
    fires_on("NsobserverContainerDenied", "cap-missing", 13,
             "calls are denied again and again: a capability is missing"),
    fires_on("NsobserverContainerDenied", "usr-mapping", 13,
             "calls are denied again and again: its root is not the root of the host"),
    Quiet("NsobserverContainerDenied", "the cause is not known", guessed("cap-missing"), 30),
    Quiet("NsobserverContainerDenied", "once", finding("cap-missing", ONCE), 9),
    fires_on("NsobserverContainerFinding", "ns-leak", 1, "a namespace of it outlives it: something holds it"),
    fires_on("NsobserverContainerFinding", "brand-new", 1, "see the finding"),
    Quiet("NsobserverContainerFinding", "the cause is not known", guessed("ns-leak"), 30),
    Quiet("NsobserverContainerFinding", "has an alert of its own", finding("ns-entry"), 30),
    Quiet("NsobserverContainerFinding", "it is about nsobserver", finding("silent-probe"), 30),
]

LOST = "nsobserver_events_lost_total"
FLOOD = "nsobserver_container_events_lost_total"

AGENT = [
    Fires("NsobserverAbsent", of_agent("up", NEVER), 6,
          "nsobserver can't be scraped on any node: nothing is watched", {}),
    Fires("NsobserverAbsent", {}, 6, "nsobserver can't be scraped on any node: nothing is watched", {}),
    Quiet("NsobserverAbsent", "one node of two answers",
          {**of_agent("up", NEVER), 'up{instance="node2:9917",job="nsobserver"}': ALWAYS}, 30),
    Fires("NsobserverDown", of_agent("up", NEVER), 11,
          "nsobserver on node1:9917 can't be scraped: its containers are not watched"),
    Quiet("NsobserverDown", "it was started anew", of_agent("up", "1 1 0 0 0 1+0x60"), 12),
    Fires("NsobserverLosingEvents",
          {**of_agent(LOST, "0+5x60", kind="signal", cause="ring_full"),
           **of_agent(LOST, "0+1x60", kind="oom_kill", cause="ring_full")}, 20,
          "nsobserver on node1:9917 lost 60 events in 10 minutes (ring_full): they are counted, but not in the timeline",
          {"cause": "ring_full", **WHERE}),
    Quiet("NsobserverLosingEvents", "the budget of a container is its own trouble",
          of_agent(LOST, "0+5x60", kind="signal", cause="budget"), 30),
    Quiet("NsobserverLosingEvents", "lost before, not now",
          of_agent(LOST, "7+0x60", kind="signal", cause="queue_full"), 30),
    Fires("NsobserverContainerFloods",
          {f'{FLOOD}{{kind="signal",cause="budget",{owner()}}}': "0+100x60"}, 30,
          "web on node1:9917: it makes more events than its budget: 1k were only counted in 10 minutes",
          {"container": "web", "cause": "budget", **WHERE}),
    Quiet("NsobserverContainerFloods", "a short burst",
          {f'{FLOOD}{{kind="signal",cause="budget",{owner()}}}': "0 100+0x60"}, 20),
    Fires("NsobserverProbeNotAttached",
          of_agent("nsobserver_probe_info", NEVER, source="oom_kill", hook="off"), 11,
          "nsobserver on node1:9917 does not see oom_kill: its probe is not attached",
          {"source": "oom_kill", "hook": "off", **WHERE}),
    Quiet("NsobserverProbeNotAttached", "off by an option",
          {**of_agent("nsobserver_probe_info", NEVER, source="file_openat", hook="off"),
           **of_agent("nsobserver_probe_info", NEVER, source="connect_return", hook="off"),
           **of_agent("nsobserver_probe_info", NEVER, source="clone3_failure", hook="off")}, 30),
    Quiet("NsobserverProbeNotAttached", "it is attached",
          of_agent("nsobserver_probe_info", ALWAYS, source="oom_kill", hook="tp_btf/mark_victim"), 30),
    Fires("NsobserverProbeSilent", of_agent("nsobserver_probe_silent", "0 0 1+0x60", source="signal_generate"), 5,
          "nsobserver on node1:9917 is blind for signal_generate: its probe is attached, but sees nothing any more",
          {"source": "signal_generate", **WHERE}),
    Quiet("NsobserverProbeSilent", "it sees what is done for it",
          of_agent("nsobserver_probe_silent", NEVER, source="signal_generate"), 30),
    Quiet("NsobserverProbeSilent", "at one scrape only",
          of_agent("nsobserver_probe_silent", "0 0 1 0+0x60", source="signal_generate"), 5),
    Fires("NsobserverHeartbeatStopped", of_agent("nsobserver_heartbeat_cpus", "2 2 0+0x60"), 9,
          "nsobserver on node1:9917 tries its probes on no CPU: one that went blind would not be noticed"),
    Quiet("NsobserverHeartbeatStopped", "one of two is busy",
          of_agent("nsobserver_heartbeat_cpus", "2 1+0x60"), 30),
    Fires("NsobserverDatabaseTrouble", of_agent("nsobserver_storage_up", NEVER), 4,
          "nsobserver on node1:9917 can't write its timeline: events are counted, but not kept"),
    Fires("NsobserverDatabaseTrouble",
          {**of_agent("nsobserver_storage_up", ALWAYS),
           **of_agent("nsobserver_last_commit_age_seconds", "0+60x60")}, 8,
          "nsobserver on node1:9917 can't write its timeline: events are counted, but not kept"),
    Quiet("NsobserverDatabaseTrouble", "it writes",
          {**of_agent("nsobserver_storage_up", ALWAYS),
           **of_agent("nsobserver_last_commit_age_seconds", "9+0x60")}, 30),
    Fires("NsobserverScrapesAreStale",
          of_agent("nsobserver_scrape_barrier_timeouts_total", "0+1x60"), 25,
          "nsobserver on node1:9917 is too slow for its scrapes: 15 of 15 minutes show an earlier moment"),
    Quiet("NsobserverScrapesAreStale", "one or two",
          of_agent("nsobserver_scrape_barrier_timeouts_total", "0 1 2+0x60"), 12),
    Fires("NsobserverSuppressing",
          of_agent("nsobserver_anomalies_suppressed_total", "0+2x120", rule="crash", cause="rate"), 65,
          "nsobserver on node1:9917 left 60 anomalies of 30 minutes without a look (rate): there may be findings that "
          "are missing", {"cause": "rate", **WHERE}),
    Fires("NsobserverSuppressing",
          of_agent("nsobserver_snapshots_suppressed_total", "0+2x120", cause="queue_full"), 65,
          "nsobserver on node1:9917 left 60 anomalies of 30 minutes without a look (queue_full): there may be findings "
          "that are missing", {"cause": "queue_full", **WHERE}),
    Quiet("NsobserverSuppressing", "told already",
          of_agent("nsobserver_anomalies_suppressed_total", "0+2x120", rule="crash", cause="repeat"), 65),
    Quiet("NsobserverSuppressing", "its target was gone",
          of_agent("nsobserver_snapshots_suppressed_total", "0+2x120", cause="target_gone"), 65),
    Fires("NsobserverLimitReached", of_agent("nsobserver_containers_folded", "3+0x60"), 31,
          "nsobserver on node1:9917 has more containers or keys than its limits: what is beyond is counted as container "
          "(other)"),
    Fires("NsobserverLimitReached",
          {**of_agent("nsobserver_kernel_map_entries", "95+0x60"),
           **of_agent("nsobserver_kernel_map_entries_max", "100+0x60")}, 31,
          "nsobserver on node1:9917 has more containers or keys than its limits: what is beyond is counted as container "
          "(other)"),
    Quiet("NsobserverLimitReached", "within them",
          {**of_agent("nsobserver_containers_folded", NEVER),
           **of_agent("nsobserver_kernel_map_entries", "50+0x60"),
           **of_agent("nsobserver_kernel_map_entries_max", "100+0x60")}, 40),
    Fires("NsobserverSheds", of_agent("nsobserver_budget_shed_seconds_total", "0+12x60"), 26,
          "nsobserver on node1:9917 left out details for 3m 0s of 15 minutes, to stay within its share of the CPU: they are "
          "counted, but not in the timeline"),
    Quiet("NsobserverSheds", "a burst now and then", of_agent("nsobserver_budget_shed_seconds_total", "0+6x60"), 40),
    Fires("NsobserverHelperRestarts",
          {**of_agent("nsobserver_helper_restarts_total", "0+0.1x60", process="web", reason="exited"),
           **of_agent("nsobserver_helper_restarts_total", "0+0.1x60", process="web", reason="hung")}, 40,
          "nsobserver on node1:9917 had to replace its process web 6 times in 30 minutes", {"process": "web", **WHERE}),
    Quiet("NsobserverHelperRestarts", "one that ended",
          of_agent("nsobserver_helper_restarts_total", "0 0 1+0x60", process="web", reason="exited"), 20),
    Quiet("NsobserverHelperRestarts", "a few of one, a few of another",
          {**of_agent("nsobserver_helper_restarts_total", "0+0.08x60", process="web", reason="exited"),
           **of_agent("nsobserver_helper_restarts_total", "0+0.08x60", process="zygote", reason="exited")}, 40),
]

CASES = [*NETWORK, *FILES, *PROCESSES, *MEMORY, *ISOLATION, *AGENT]
