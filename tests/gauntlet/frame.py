"""Cases of the gauntlet, and the one place that judges them.

    @hostile("T8")
    def a_fifo_for_resolv_conf(attack):
        attack.start(prepare=lambda root: replace(root / "etc/resolv.conf", os.mkfifo))
        attack.refused("net", "not a regular file")

`attack.start` starts the hostile container; what the case looks at or asserts beyond that is its own. Around every
case `judge` holds the observer to what a hostile container may never bring about.
"""

import contextlib
import datetime
import json
import os
import pathlib
import time
from dataclasses import dataclass, field
from typing import Callable

from arena import HOSTILE_PORT, SCRAPE_WITHIN, Arena, Look, Scraper, Standing, balanced, fingerprint, standing
from attackers import Hostile
from metrics import Metrics
from shell import run, wait_until

LOOK_WITHIN = 30.0  # seconds, for a whole command on a machine that is busy with other tests
LOOK_TOOK = 3.0  # seconds, by the record itself: the deadline is 2
MAY_GROW = 4 << 20  # bytes of resident memory, by case
GIVES_BACK_WITHIN = 65  # seconds: what a burst took goes back to the system with the pass over all containers, each minute
FEW_FDS = 2


@dataclass(frozen=True)
class Case:
    function: Callable
    threats: tuple[str, ...]  # rows of the table of threats in tests/README.md
    user_namespaces: tuple[bool, ...]
    moves: bool  # changes its own files while it is looked at

    @property
    def name(self) -> str:
        return f"{self.function.__module__.removeprefix('cases_')}/{self.function.__name__}"


CASES: list[Case] = []


def hostile(*threats: str, user_namespaces=(False, True), moves=False):
    def register(function):
        CASES.append(Case(function, threats, user_namespaces, moves))
        return function
    return register


@dataclass
class Attack:
    """What a case does, and with whom."""
    arena: Arena
    engine: object
    user_namespace: bool
    hostile: Hostile | None = None
    others: list[Hostile] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    # Its network namespaces are taken apart under the kernel's lock of them all (RTNL), for seconds: waited for, or it
    # would be a deed of the next case.
    many_devices: bool = False

    @property
    def runtime(self) -> str:
        return self.engine.runtime

    @property
    def observer(self):
        return self.arena.observer

    def start(self, script: str = "true", name: str = "hostile", **options) -> Hostile:
        """The first is the one that is looked at."""
        self.arena.started += 1  # no name comes twice
        made = self.engine.start_hostile(f"{name}{self.arena.started}", script, port=HOSTILE_PORT,
                                         user_namespace=self.user_namespace, **options)
        self.arena.attackers.add(made.name)
        if self.hostile is None:
            self.hostile = made
        else:
            self.others.append(made)
        return made

    def look(self, *kinds: str) -> Look:
        """By hand, into some of its namespaces; all without `kinds`."""
        words = ["--ns", ",".join(kinds)] if kinds else []
        one = self.arena.look("snapshot", self.hostile.name, *words, within=LOOK_WITHIN)
        self.looks.append(one)
        return one

    def record(self, *kinds: str) -> dict:
        one = self.look(*kinds)
        assert one.record is not None, one.stderr
        check_time(one.record)
        return one.record

    def refused(self, kind: str, why: str) -> dict:
        """The look comes back, and says why something is not in it."""
        record = self.record(kind)
        assert why in json.dumps(record.get("errors", [])), (record.get("errors"), list(record.get(kind, {})))
        return record

    def end(self) -> None:
        nets = self.networks()
        for one in [*self.others, self.hostile]:
            if one is not None:
                self.engine.end(one)
        if self.many_devices:
            wait_until(lambda: not nets & held_by(self.observer), 60, "the observer lets go of what ended", interval=0.1)
            wait_until(lambda: max(lock_of_networks() for _ in range(3)) < 0.3, 120, "RTNL is free", interval=0.1)

    def networks(self) -> set[str]:
        found = set()
        for one in [*self.others, self.hostile]:
            with contextlib.suppress(OSError, AttributeError):
                found.add(os.readlink(f"/proc/{one.pid}/ns/net"))
        return found


def judge(arena: Arena, case: Case, runtime: str, user_namespace: bool) -> dict:
    """Runs one case and everything that holds in all of them; the figures of it."""
    figure = run_once(arena, case, runtime, user_namespace, patience=10)
    if figure["grown"] > MAY_GROW:  # somebody else's containers came and went, or it grows each time
        figure = run_once(arena, case, runtime, user_namespace, patience=GIVES_BACK_WITHIN)
    assert figure["grown"] <= MAY_GROW, f"memory grew by {figure['grown'] >> 10} KiB, twice"
    return figure


def run_once(arena: Arena, case: Case, runtime: str, user_namespace: bool, patience: float) -> dict:
    observer = arena.observer
    pid = observer.process.pid
    before = settled(arena)
    since = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    lost_before = balanced(observer).sum("nsobserver_events_lost_total")
    attack = Attack(arena, arena.engines[runtime], user_namespace)
    with contextlib.ExitStack() as stack:
        stack.callback(attack.end)
        scraper = stack.enter_context(Scraper(observer.url))
        stack.enter_context(arena.innocent.at_work())
        case.function(attack)
        assert attack.hostile is not None, "the case started nobody"
        look_from_all_sides(attack, case)
    assert observer.process.poll() is None, f"the daemon ended:\n{observer.log.read_text()[-4000:]}"
    assert observer.process.pid == pid
    arena.canary.check()
    assert scraper.wrong == [], "scrapes failed during the case"
    assert max(scraper.seconds) <= SCRAPE_WITHIN, f"slowest scrape {max(scraper.seconds):.2f} s"
    lost = balanced(observer).sum("nsobserver_events_lost_total") - lost_before  # its sums are checked
    arena.innocent.check()
    if lost > 0:
        check_losses_are_the_attackers(attack, since, lost)
    after = settled(arena, before)
    assert no_more(after, before), f"grown: {before} -> {after}"
    deadline = time.monotonic() + patience
    while after.resident - before.resident > MAY_GROW and time.monotonic() < deadline:
        time.sleep(1)
        after = standing(observer)
    return {"case": case.name, "runtime": runtime, "user_namespace": user_namespace, "threats": case.threats,
            "grown": after.resident - before.resident, "scrape": max(scraper.seconds), "lost": lost,
            "look": max((one.seconds for one in attack.looks), default=0.0)}


def lock_of_networks() -> float:
    """Seconds that a command waits for the kernel's lock of all network namespaces (RTNL), and the command."""
    begin = time.monotonic()
    run("ip", "-o", "link", "show", "dev", "lo")
    return time.monotonic() - begin


def held_by(observer) -> set[str]:
    """What its descriptors lead to."""
    held = set()
    for fd in pathlib.Path(f"/proc/{observer.process.pid}/fd").iterdir():
        with contextlib.suppress(OSError):
            held.add(os.readlink(fd))
    return held


def no_more(after: Standing, before: Standing) -> bool:
    """A descriptor or two come and go with the host's other containers; what is left over all cases is looked at last."""
    return (after.fds <= before.fds + FEW_FDS and after.threads <= before.threads and
            after.children <= before.children)


def settled(arena: Arena, wanted: Standing | None = None) -> Standing:
    """Once nothing of the last look is left; with `wanted`, once it is down to that, or after a while."""
    deadline = time.monotonic() + 8
    while True:
        now = standing(arena.observer)
        done = no_more(now, wanted) if wanted else now.children <= arena.resting_children
        if done or time.monotonic() > deadline:
            return now
        time.sleep(0.1)


def look_from_all_sides(attack: Attack, case: Case) -> None:
    """By hand, by a diagnosis, and by the daemon itself; none of them writes anything there."""
    arena, name = attack.arena, attack.hostile.name
    state = None if case.moves else fingerprint(attack.hostile.root)
    whole = attack.look()
    assert whole.record is not None or (whole.code == 3 and whole.stderr.strip()), (whole.code, whole.stderr)
    if whole.record is not None:
        check_time(whole.record)
        check_right(attack, whole.record)
    told = arena.look("diagnose", name, within=LOOK_WITHIN)
    attack.looks.append(told)
    assert told.code in (0, 1) or told.stderr.strip(), told
    attack.hostile.poke()
    begin = time.monotonic()
    rows = wait_until(lambda: arena.own_looks(name), LOOK_WITHIN, f"the daemon's own look at {name}", interval=0.1)
    shown = arena.observer.cli("snapshots", "show", str(rows[0]["id"]), "-o", "json", check=True)
    json.loads(shown.stdout)
    assert arena.canary.secret not in shown.stdout, "the daemon read the canary for the container"
    check_text(arena, name)
    attack.looks.append(Look(None, 0, "", time.monotonic() - begin))
    if state is not None:
        assert fingerprint(attack.hostile.root) == state, "something was written into the container"


def check_time(record: dict) -> None:
    assert record["took_ns"] < LOOK_TOOK * 1e9, (
        f"the look took {record['took_ns'] / 1e9:.1f} s: {record.get('errors')}")


def check_right(attack: Attack, record: dict) -> None:
    """Whatever a container does to its own view: who it is comes from the host's."""
    assert record["target"]["container"]["name"] == attack.hostile.name
    assert record["target"]["container"]["runtime"] == attack.runtime
    seen = record["target"]["namespaces"]
    for kind in ("mnt", "net", "pid", "uts", "ipc"):
        if kind in record:
            assert record[kind].get("inode", seen[kind]) == seen[kind]


def check_text(arena: Arena, name: str) -> None:
    """What a container chose comes out as text: no control character reaches a terminal."""
    for words in (("events", "--container", name), ("findings", "--container", name), ("containers",)):
        done = arena.observer.cli(*words, errors="strict", encoding="utf-8")
        bad = [c for c in done.stdout + done.stderr if ord(c) < 32 and c not in "\n" or 0x7F <= ord(c) < 0xA0]
        assert not bad, f"{words[0]}: {bad}"


def check_losses_are_the_attackers(attack: Attack, since: str, lost: float) -> None:
    """Each lost event stands in a row of the timeline, and that row is an attacker's: of this case, or of the one
    before it, whose last losses are told a second later."""

    def rows():
        return [row for row in attack.observer.events("--kind", "loss", "--since", since)]

    wait_until(lambda: sum(row["loss"]["count"] for row in rows()) >= lost, 10, f"{lost} losses told", interval=0.3)
    owners = {(row["container"] or {}).get("name") for row in rows()}
    assert owners <= attack.arena.attackers, f"losses charged to {owners}"


def combinations(case: Case, everything: bool) -> list[tuple[str, bool]]:
    """All, or one that is another for each case in turn."""
    all_of_them = [(runtime, user) for user in case.user_namespaces for runtime in ("runc", "crun")]
    return all_of_them if everything else [all_of_them[CASES.index(case) % len(all_of_them)]]


def overview(figures: list[dict], metrics: Metrics) -> str:
    cases = {figure["case"] for figure in figures}
    grown = [figure["grown"] for figure in figures]
    return (f"{len(cases)} cases, {len(figures)} runs: slowest look {max(f['look'] for f in figures):.1f} s, slowest "
            f"scrape {1000 * max(f['scrape'] for f in figures):.0f} ms, memory {sum(grown) >> 10:+} KiB over all "
            f"({max(grown) >> 10} KiB the most), {sum(f['lost'] for f in figures):.0f} events lost of "
            f"{metrics.sum('nsobserver_events_observed_total'):.0f}")
