"""The daemon as ThreadSanitizer built it; tests/run builds it for its part `race`."""

import os
import pathlib
import sys
import tempfile

import pytest

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support")]
pytest.register_assert_rewrite("observer", "metrics", "expect")
os.environ["NSOBS_BINARY"] = str(TESTS.parent / "build-tsan/userspace/main/nsobserver")

from image_fixture import images  # noqa: E402, F401
from shell import run  # noqa: E402


@pytest.fixture
def reports(monkeypatch):
    """The folder where TSan writes: a file for each process that it has something to say about."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nsobs-races-", dir="/var/tmp"))
    folder.chmod(0o777)  # the process that listens is nobody
    monkeypatch.setenv("TSAN_OPTIONS", f"log_path={folder}/report second_deadlock_stack=1")
    yield folder
    run("rm", "-rf", folder)
