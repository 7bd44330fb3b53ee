"""The package, built once; what the tests share with the end-to-end tests is in tests/support."""

import pathlib
import re
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE.parent / "support"), str(HERE)]

from shell import run  # noqa: E402

BUILD = ROOT / "build"


def make_package(folder: pathlib.Path, version: str = "") -> pathlib.Path:
    """By cpack, from what is built."""
    config = folder / "config.cmake"
    config.write_text(f'include("{BUILD}/CPackConfig.cmake")\n' + (f'set(CPACK_PACKAGE_VERSION "{version}")\n' if version else ""))
    run("cpack", "-G", "DEB", "--config", config, "-B", folder, cwd=BUILD, timeout=300)
    (package,) = folder.glob("*.deb")
    return package


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    return make_package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def next_package(tmp_path_factory, package):
    """The same with a higher version, for an upgrade."""
    version = run("dpkg-deb", "-f", package, "Version").stdout.strip()
    return make_package(tmp_path_factory.mktemp("next"), f"{version}+1")


def needed(package: pathlib.Path) -> list[str]:
    """The names of what it depends on."""
    depends = run("dpkg-deb", "-f", package, "Depends").stdout
    return [re.split(r"[ (|]", alternative.strip())[0] for alternative in depends.split(",")]
