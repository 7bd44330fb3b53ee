"""The tests of this folder need a server that is built first; they run by tests/fleet/table."""

import pathlib
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "support")]
pytest.register_assert_rewrite("observer", "metrics")
