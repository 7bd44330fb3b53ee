"""Every hostile case, on runc or crun, with or without a user namespace in turn; NSOBS_GAUNTLET=long for each in all
four ways."""

import importlib
import json
import os
import pathlib

import pytest
from frame import CASES, combinations, judge, no_more, overview, settled

for path in sorted(pathlib.Path(__file__).parent.glob("cases_*.py")):
    importlib.import_module(path.stem)

LONG = os.environ.get("NSOBS_GAUNTLET") == "long"
RUNS = [(case, *how) for case in CASES for how in combinations(case, LONG)]


def name_of(run) -> str:
    case, runtime, user_namespace = run
    return f"{case.name}-{runtime}{'-userns' if user_namespace else ''}"


@pytest.mark.parametrize("run", RUNS, ids=name_of)
def test_case(arena, run):
    arena.figures.append(judge(arena, *run))


def test_all_in_all(arena, capsys):
    """Over all cases: the neighbour's rows are whole, and memory went nowhere."""
    arena.innocent.check_told()
    now = settled(arena, arena.at_first)
    assert no_more(now, arena.at_first), f"from {arena.at_first} to {now}"
    if path := os.environ.get("NSOBS_GAUNTLET_FIGURES"):
        pathlib.Path(path).write_text(json.dumps(arena.figures))
    with capsys.disabled():
        print("\n" + overview(arena.figures, arena.observer.scrape()))
