"""Runs the matrix: every runtime, started before and after the observer, with the engine in three states."""

import contextlib
import itertools
import json
import math
from dataclasses import dataclass, field

from follower import Follower
from judge import MISSING, UNNAMED, WRONG, Verdict, judge
from observer import Observer, roots_of_all
from park import Park, in_parallel
from runtimes import Container, Engine

STATES = ("alive", "stopped", "socket gone")
WHEN = ("before", "after")
REPLICAS = 2
# Runtimes that write down a container after its program has begun, and whose call is not known of an orphan
# (userspace/README.md, "Names"): what it did before waits so many seconds, and then may have no name. Never a wrong one.
WRITTEN_LATE = {"crun": 0.4}
PATIENCE = 10  # seconds, for what is late: the verdict still counts the seconds

ports = itertools.count(20000, 8)


@dataclass
class Cell:
    runtime: str
    when: str
    state: str
    verdicts: list[Verdict] = field(default_factory=list)


@dataclass
class Knocker:
    """A container with the next port that it will try."""

    container: Container
    port: int


def start(engine: Engine, when: str) -> Knocker:
    port = next(ports)
    container = engine.start(f"{when}-{port}", command=("/bin/toolbox", "knock", str(port)))
    return Knocker(container, port)


class Stage:
    def __init__(self, park: Park):
        self.park = park
        self.cells: list[Cell] = []

    def run(self) -> None:
        for state in STATES:
            engines = {name: one for name, one in self.park.engines.items()
                       if state == "alive" or one.daemons()}
            self.run_state(state, engines)

    def run_state(self, state: str, engines: dict[str, Engine]) -> None:
        with contextlib.ExitStack() as stack:
            if state == "socket gone":
                for engine in engines.values():
                    stack.enter_context(engine.without_sockets())
            before = self.start_all(engines, "before", state)
            observer = stack.enter_context(Observer(*roots_of_all(engines.values())))
            told = stack.enter_context(Follower(observer, "--kind", "connect_failure"))
            self.knock(state, "before", before, observer, told)
            after = self.start_all(engines, "after", state)
            self.see_start(state, after, told)
            self.knock(state, "after", after, observer, told)
            for engine in engines.values():
                engine.continue_daemon()
            in_parallel(lambda one: one.container.remove(), [k for some in (before, after)
                                                             for ks in some.values() for k in ks])

    def start_all(self, engines, when: str, state: str) -> dict[str, list[Knocker]]:
        def start_some(engine: Engine) -> list[Knocker]:
            engine.continue_daemon()
            some = [start(engine, when) for _ in range(REPLICAS)]
            if state == "stopped":
                engine.stop_daemon()
            return some

        return dict(zip(engines, in_parallel(start_some, engines.values())))

    def cell(self, runtime: str, when: str, state: str) -> Cell:
        for cell in self.cells:
            if (cell.runtime, cell.when, cell.state) == (runtime, when, state):
                return cell
        self.cells.append(Cell(runtime, when, state))
        return self.cells[-1]

    def see_start(self, state: str, knockers, told: Follower) -> None:
        """What a container did in its first millisecond is named as well."""
        for runtime, some in knockers.items():
            for one in some:
                verdict = verdict_of_event(one, told)
                waited = verdict.seconds >= WRITTEN_LATE.get(runtime, math.inf)
                verdict.excused = waited and verdict.verdict == UNNAMED
                self.cell(runtime, "after", state).verdicts.append(verdict)

    def knock(self, state: str, when: str, knockers, observer: Observer, told: Follower) -> None:
        for some in knockers.values():
            for one in some:
                one.port += 1
                one.container.knock()
        for runtime, some in knockers.items():
            cell = self.cell(runtime, when, state)
            cell.verdicts += [verdict_of_event(one, told) for one in some]
        listing = json.loads(observer.cli("containers", "-o", "json", *roots_in(observer)).stdout)
        for runtime, some in knockers.items():
            cell = self.cell(runtime, when, state)
            cell.verdicts += [verdict_of_listing(one.container, listing) for one in some]


def roots_in(observer: Observer) -> list[str]:
    return [option for option in observer.options if option.startswith("--runtimes.")]


def verdict_of_event(one: Knocker, told: Follower) -> Verdict:
    row = told.wait(lambda row: row["connect_failure"]["port"] == one.port, PATIENCE)
    if row is None:
        return Verdict(MISSING, PATIENCE, f"no row of {one.container.name}")
    return judge(row["container"], one.container, row["arrived"])


def verdict_of_listing(container: Container, listing: list[dict]) -> Verdict:
    """The command looks by itself, at once: no time of the observer's."""
    theirs = [shown for shown in listing if shown["id"] == container.id
              or (shown["init_pid"] == container.pid and shown["runtime"] == container.engine.runtime)
              or (shown["name"], shown["pod"]) == (container.name, container.facts.get("pod"))]
    if not theirs:
        return Verdict(MISSING, 0, f"{container.name} is not listed")
    if len(theirs) > 1:
        return Verdict(WRONG, 0, f"listed as {[shown['name'] for shown in theirs]}")
    return judge(theirs[0], container, 0)
