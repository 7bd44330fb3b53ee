"""Fixtures of the end-to-end tests: images once, the observer where a test does not need its own."""

import os
import pathlib
import signal
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE / "faults"), str(HERE / "matrix"), str(HERE / "page")]

pytest.register_assert_rewrite("observer", "metrics", "expect")

from image_fixture import images  # noqa: E402, F401
from observer import Observer  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "measuring: asserts on time or memory; runs alone")

    def terminated(*_):
        raise KeyboardInterrupt  # pytest then leaves the fixtures in order

    signal.signal(signal.SIGTERM, terminated)


@pytest.fixture(autouse=True)
def no_race():
    """With NSOBS_RACE_REPORTS=DIR the daemon is ThreadSanitizer's, which writes there what it found (tests/race/e2e)."""
    folder = os.environ.get("NSOBS_RACE_REPORTS")
    before = set(os.listdir(folder)) if folder else set()
    yield
    found = sorted(set(os.listdir(folder)) - before) if folder else []
    reports = [pathlib.Path(folder, name).read_text(errors="replace")[:4000] for name in found]
    assert not reports, "\n".join(reports)


@pytest.fixture
def observer():
    with Observer() as running:
        yield running
