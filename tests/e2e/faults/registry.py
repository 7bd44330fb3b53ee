"""What a fault is, and the list of them: the modules corpus*.py add to it.

A fault is a function of (lab, runtime) that returns the container it is about. `cases` are the ids
that are right as the first finding of that container; the first of them is the plain one.
"""

from collections.abc import Callable
from dataclasses import dataclass

from lab import Lab
from runtimes import Container

ALL = ("podman", "docker", "runc")
ENGINES = ("podman", "docker")


@dataclass
class Fault:
    name: str
    cases: tuple[str, ...]
    runtimes: tuple[str, ...]
    provoke: Callable[[Lab, str], Container]
    within: float = 15.0  # seconds until the finding, on a busy machine
    also: tuple[str, ...] = ()  # findings besides that are true
    # No event of the kernel's shows it, for it is a state and no failure: `diagnose` has to.
    by_hand: bool = False


FAULTS: list[Fault] = []


def fault(*cases: str, on: tuple[str, ...] = ENGINES, within: float = 15.0, also: tuple[str, ...] = (),
          by_hand: bool = False):
    def add(provoke):
        FAULTS.append(Fault(provoke.__name__, cases, on, provoke, within, also, by_hand))
        return provoke

    return add
