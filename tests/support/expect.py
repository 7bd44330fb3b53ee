"""What an event must look like, and how long it may take to appear."""

import time

import namespaces
from images import IMAGE
from observer import Observer
from runtimes import Container
from shell import wait_until
from wall import nanoseconds

APPEARS_WITHIN = 1.0  # seconds, in every way out


class Deed:
    """Rows and counters before something is done, to be compared with what comes of it.

        deed = Deed(observer, web, "connect_failure", ("nsobserver_connect_failures_total", labels))
        ...
        row = deed.one_row(lambda row: row["connect_failure"]["port"] == 9)
        deed.one_counted()
    """

    def __init__(self, observer: Observer, container: str, kind: str, family: str, **labels: str):
        self.observer, self.container, self.kind = observer, container, kind
        self.family, self.labels = family, labels
        self.known = {row["id"] for row in self.rows()}
        self.value = self.counted()
        self.start_ns = time.time_ns()

    def rows(self) -> list[dict]:
        return self.observer.events("--container", self.container, "--kind", self.kind)

    def counted(self) -> float:
        return self.observer.scrape().sum(self.family, container=self.container, **self.labels)

    def new_rows(self, like) -> list[dict]:
        return [row for row in self.rows() if row["id"] not in self.known and like(row)]

    def one_row(self, like) -> dict:
        """The only new row, there within a second of now, with a true time."""
        end_ns = time.time_ns()
        rows = wait_until(lambda: self.new_rows(like), APPEARS_WITHIN,
                          f"{self.kind} of {self.container} in the timeline")
        assert len(rows) == 1, rows
        row = rows[0]
        assert row["count"] == 1
        assert row["kind"] == self.kind
        # The wall clock may be slewed between the kernel's boottime and ours.
        slack = 50_000_000
        assert self.start_ns - slack <= nanoseconds(row["time"]) <= end_ns + slack
        return row

    def one_counted(self) -> None:
        wait_until(lambda: self.counted() > self.value, APPEARS_WITHIN,
                   f"{self.family}{self.labels} of {self.container}")
        assert self.counted() == self.value + 1


def check_container(shown: dict | None, container: Container) -> None:
    """The JSON of a container against the real one."""
    assert shown is not None, f"the host, and not {container.name}"
    assert shown["name"] == container.name
    assert shown["id"] == container.id
    assert shown["runtime"] == container.engine.runtime
    assert shown["certain"] is True
    assert shown["source"]
    if container.engine.runtime in ("podman", "docker"):  # containerd has it in its database only
        assert shown["image"] == IMAGE


def check_inside(row: dict, container: Container, expected: dict[str, int]) -> None:
    """The event happened to a process that belongs into the container."""
    check_container(row["container"], container)
    assert row["entered_from"] is None
    assert row["namespaces"] == expected
    assert list(row["namespaces"]) == list(namespaces.KINDS)
    assert row["process"]["namespaces"] == expected
