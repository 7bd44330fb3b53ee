"""The unit file: systemd reads it without a complaint, and calls what it leaves open medium at most."""

import re
import subprocess

import tree

UNIT = tree.ROOT / "deploy/systemd/nsobserver.service"


def systemd_analyze(*words) -> subprocess.CompletedProcess:
    return subprocess.run(["systemd-analyze", *map(str, words)], capture_output=True, text=True, timeout=60)


def test_systemd_finds_nothing(tmp_path):
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/usr/bin/nsobserver", "/bin/true"))
    result = systemd_analyze("verify", "--man=no", "--recursive-errors=no", copy)
    assert (result.returncode, result.stderr) == (0, "")


def test_exposure():
    """4.0 of 10. What is left is its job: SYS_ADMIN, SYS_PTRACE, root, the host's network and processes."""
    result = systemd_analyze("security", "--offline=yes", "--threshold=40", "--no-pager", UNIT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_readme_has_the_figure():
    said = re.search(r"Overall exposure level for nsobserver.service: ([\d.]+) (\w+)",
                     systemd_analyze("security", "--offline=yes", "--no-pager", UNIT).stdout)
    assert f"{said[1]} {said[2]} (offline" in (tree.ROOT / "deploy/README.md").read_text()


def test_it_waits_longer_than_it_is_silent():
    """The daemon speaks four times in a watchdog's time; notify and the executable's path belong together."""
    text = UNIT.read_text()
    assert "Type=notify\n" in text and "NotifyAccess=main\n" in text and "WatchdogSec=60\n" in text
