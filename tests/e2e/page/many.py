"""A crowded timeline: what a daemon recorded, again and again over some hours."""

import pathlib
import random
import sqlite3

HOURS = 5
HOUR_NS = 3_600_000_000_000


def write(recorded: pathlib.Path, folder: pathlib.Path, rows: int) -> None:
    """A copy of the database in `recorded` in `folder`, with at least `rows` events: ids follow the time, as the
    writer's do."""
    target = sqlite3.connect(folder / "timeline.db")
    source = sqlite3.connect(f"file:{recorded / 'timeline.db'}?mode=ro", uri=True)
    source.backup(target)
    source.close()
    columns = [row[1] for row in target.execute("PRAGMA table_info(events)") if row[1] != "id"]
    originals = target.execute(f"SELECT {', '.join(columns)} FROM events ORDER BY id").fetchall()
    begin, end = (min(r[0] for r in originals), max(r[0] for r in originals))
    dice = random.Random(1)
    copies = []
    while len(copies) < rows:
        row = list(dice.choice(originals))
        back = dice.randrange(HOURS * HOUR_NS)
        row[0] -= back
        row[1] -= back
        copies.append(row)
    copies.sort()
    with target:
        target.execute("DELETE FROM events")
        target.executemany(f"INSERT INTO events ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", copies)
        target.execute("INSERT INTO events (" + ", ".join(columns) + ") VALUES (" + ", ".join("?" * len(columns)) + ")",
                       originals[-1])
        target.execute("UPDATE containers SET first_seen_ns = first_seen_ns - ?", (HOURS * HOUR_NS,))
    assert columns[:2] == ["time_ns", "last_time_ns"] and end > begin
    target.close()
