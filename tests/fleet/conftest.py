"""The tests of this folder need a server that is built first; they run by `tests/run fleet` and tests/fleet/table."""

import pathlib
import sys
import tempfile

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "support")]
pytest.register_assert_rewrite("observer", "metrics")

from images import Images  # noqa: E402
from shell import run  # noqa: E402
from victoria_logs import VictoriaLogs  # noqa: E402


@pytest.fixture(scope="module")
def images():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nsobs-images-", dir="/var/tmp"))
    yield Images(folder)
    run("rm", "-rf", folder)


@pytest.fixture(scope="module")
def victoria_logs():
    with tempfile.TemporaryDirectory(prefix="nsobs-victoria-", dir="/var/tmp") as folder:
        server = VictoriaLogs(pathlib.Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.kill()
