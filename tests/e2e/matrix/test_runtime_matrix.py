"""Every runtime, started before and after the observer, its engine alive, hanging and out of reach: named right at once.

`tests/e2e/matrix/table` runs this and keeps the table in tests/README.md.
"""

import os
import pathlib

import pytest
from expect import APPEARS_WITHIN
from follower import Follower
from judge import RIGHT, WRONG
from observer import Observer, roots_of_all
from park import Park
from printing import summary, table
from runtimes import ALL, ENGINES
from stage import STATES, WHEN, Stage, ports

RIGHT_AT_LEAST = 0.99


@pytest.fixture(scope="module")
def park(images):
    with Park(images, ALL) as running:
        yield running


@pytest.fixture(scope="module")
def stage(park):
    stage = Stage(park)
    try:
        stage.run()
    finally:
        text = table(stage.cells, ALL, park.failed)
        print("\n" + text)
        if "NSOBS_MATRIX_TABLE" in os.environ:
            pathlib.Path(os.environ["NSOBS_MATRIX_TABLE"]).write_text(text)
    return stage


@pytest.mark.parametrize("runtime", ALL)
def test_named_right(stage, park, runtime):
    assert runtime not in park.failed, park.failed[runtime]
    cells = [cell for cell in stage.cells if cell.runtime == runtime]
    assert len(cells) == len(WHEN) * (len(STATES) if park.engines[runtime].daemons() else 1)
    bad = [(cell.when, cell.state, verdict) for cell in cells for verdict in cell.verdicts
           if verdict.verdict != RIGHT and not verdict.excused]
    assert bad == []


def test_99_of_100_right_and_none_wrong(stage, park):
    verdicts = [verdict for cell in stage.cells for verdict in cell.verdicts]
    assert [v for v in verdicts if v.verdict == WRONG] == []
    assert sum(v.verdict == RIGHT for v in verdicts) >= RIGHT_AT_LEAST * len(verdicts), summary(stage.cells)
    assert len(verdicts) >= 100


@pytest.fixture(scope="module")
def observed(park, stage):
    """After the matrix, for what needs all runtimes at once as well."""
    del stage
    with Observer(*roots_of_all(park.engines.values())) as observer:
        yield observer


@pytest.mark.parametrize("runtime", [name for name in ALL if name not in ENGINES and name != "unshare"])
def test_one_that_lives_50_ms_is_named(observed, park, runtime):
    assert runtime not in park.failed, park.failed[runtime]
    engine = park.engines[runtime]
    port = next(ports)
    with Follower(observed, "--kind", "connect_failure") as told:
        name = engine.run_once(f"brief-{port}", "/bin/sh", "-c", f"nc 127.0.0.1 {port}; usleep 50000")
        row = told.wait(lambda row: row["connect_failure"]["port"] == port, APPEARS_WITHIN)
    assert row, f"no row of {name}"
    shown = row["container"]
    assert shown, f"the host, and not {name}"
    assert (shown["name"], shown["runtime"]) == (name, engine.runtime)
