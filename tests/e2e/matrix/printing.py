"""The matrix as a table for people."""

from judge import RIGHT, WRONG
from runtimes import RECORDED
from stage import STATES, WHEN, Cell


def summary(cells: list[Cell]) -> str:
    verdicts = [v for cell in cells for v in cell.verdicts]
    right = sum(v.verdict == RIGHT for v in verdicts)
    wrong = sum(v.verdict == WRONG for v in verdicts)
    return f"{right} of {len(verdicts)} named right within 1 s, {wrong} wrong."


def text_of(cell: Cell | None) -> str:
    if cell is None:
        return "no engine"
    right = [v for v in cell.verdicts if v.verdict == RIGHT]
    told = f"{len(right)}/{len(cell.verdicts)}"
    others = sorted({v.verdict for v in cell.verdicts if v.verdict != RIGHT})
    if others:
        return f"{told} ({', '.join(others)})"
    return f"{told} in {max(v.seconds for v in right):.2f} s"


def table(cells: list[Cell], runtimes, failed: dict[str, str]) -> str:
    known = {(c.runtime, c.when, c.state): c for c in cells}
    columns = [(state, when) for state in STATES for when in WHEN]
    head = ["runtime", *(f"{state}, {when}" for state, when in columns)]
    lines = [summary(cells), "", f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for runtime in runtimes:
        if runtime in failed:
            row = ["could not be started"] * len(columns)
        else:
            row = [text_of(known.get((runtime, when, state))) for state, when in columns]
        mark = f" ({RECORDED[runtime]})" if runtime in RECORDED else ""
        lines.append(f"| {runtime}{mark} | {' | '.join(row)} |")
    return "\n".join(lines) + "\n"
