"""Fixtures of the end-to-end tests: images once, the observer where a test does not need its own."""

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


@pytest.fixture
def observer():
    with Observer() as running:
        yield running
