"""The dashboards against Grafana's own types: a panel's option that Grafana does not know is silently ignored there."""

import pathlib
import sys

from shell import run

CHECK = pathlib.Path(__file__).resolve().parents[1] / "check/grafana_types.py"


def test_every_panel_is_what_grafana_takes():
    done = run(sys.executable, CHECK, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
