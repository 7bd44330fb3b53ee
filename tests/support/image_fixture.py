"""The fixture `images`, for the conftest.py of folders that start containers."""

import pathlib
import tempfile

import pytest
from images import Images
from shell import run


@pytest.fixture(scope="session")
def images():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nsobs-images-", dir="/var/tmp"))
    yield Images(folder)
    run("rm", "-rf", folder)
