"""The unit file: systemd reads it without a complaint, and calls what it leaves open medium at most."""

import re
import subprocess

import tree

UNIT = tree.ROOT / "deploy/systemd/nsobserver.service"


def systemd_analyze(*words) -> subprocess.CompletedProcess:
    return subprocess.run(["systemd-analyze", *map(str, words)], capture_output=True, text=True, timeout=60)


def test_systemd_finds_nothing(tmp_path):
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/usr/local/bin/nsobserver", "/bin/true"))
    result = systemd_analyze("verify", "--man=no", "--recursive-errors=no", copy)
    assert (result.returncode, result.stderr) == (0, "")


def test_exposure():
    """4.0 of 10. What is left is its job: SYS_ADMIN, SYS_PTRACE, root, the host's network and processes."""
    result = systemd_analyze("security", "--offline=yes", "--threshold=40", "--no-pager", UNIT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_it_says_how_to_install_what_there_is():
    for path in re.findall(r"#   install -m \d+ (deploy/\S+)", UNIT.read_text()):
        assert (tree.ROOT / path).is_file()
