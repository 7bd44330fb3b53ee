"""What a row of the timeline costs, against SQLite alone."""

import tempfile

from programs import figures
from shell import run

ROWS = 100_000


def measure(programs, rounds: int) -> dict:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        out = figures(run(programs.timeline, ROWS, rounds, folder, timeout=600).stdout)
    return {"rows": ROWS, "timeline_ns": out["timeline"], "bare_ns": out["bare"], "body_bytes": int(out["body"]),
            "ratio": out["timeline"] / out["bare"], "rate": out["bare"] / out["timeline"]}
