"""Fixtures of the gauntlet."""

import contextlib
import pathlib
import signal
import sys
import tempfile

import pytest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE)]

pytest.register_assert_rewrite("observer", "metrics", "arena", "attackers", "books", "frame")

from arena import Arena  # noqa: E402
from images import Images  # noqa: E402
from shell import run  # noqa: E402


def pytest_configure(config):
    def terminated(*_):
        raise KeyboardInterrupt  # pytest then leaves the fixtures in order

    signal.signal(signal.SIGTERM, terminated)


@pytest.fixture(scope="session")
def images():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nsobs-images-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield Images(folder)
    run("rm", "-rf", folder)


@pytest.fixture(scope="session")
def arena(images):
    with contextlib.ExitStack() as stack:
        yield Arena(images, stack)
