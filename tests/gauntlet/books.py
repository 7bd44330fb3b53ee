"""What the timeline holds of each container, read beside its writer: rows, and rows of losses.

Rows of who came in from elsewhere are left out: they are told under the container's name, but what they did is not its own
(another observer on this machine looks into containers, too, and joins their net namespaces for that)."""

import contextlib
import sqlite3
from dataclasses import dataclass

from observer import Observer

# Numbers of enum EventKind, userspace/event/event.h.
NAMESPACE_CHANGE, CONNECT_FAILURE, SIGNAL = 1, 2, 3
OWN = "(SELECT * FROM events WHERE entered_from IS NULL)"
WHOSE = "FROM {0} x LEFT JOIN containers c ON c.ref = x.container GROUP BY 1, 2"


@dataclass
class Page:
    """Sums by (name of the container, kind); the host's have the name ""."""
    told: dict[tuple[str, int], int]
    lost: dict[tuple[str, int], int]


class Books:
    def __init__(self, observer: Observer):
        self.path = observer.storage / "timeline.db"

    def ask(self, *questions: str) -> list[list[tuple]]:
        """All of one moment."""
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=60, isolation_level=None)) as db:
            db.execute("BEGIN")
            return [db.execute(question).fetchall() for question in questions]

    def page(self) -> Page:
        told, lost = self.ask("SELECT coalesce(c.name, ''), x.kind, SUM(x.count) " + WHOSE.format(OWN),
                              "SELECT coalesce(c.name, ''), x.of_kind, SUM(x.count) " + WHOSE.format("losses"))
        return Page({(name, kind): count for name, kind, count in told}, {(name, kind): count for name, kind, count in lost})

    def rows(self) -> int:
        return self.ask("SELECT COUNT(*) FROM events")[0][0][0]
