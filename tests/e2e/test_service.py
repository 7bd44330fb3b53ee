"""What the systemd unit leaves the daemon is enough: the same capabilities, and every filesystem read-only but its storage.

systemd itself does not run on every machine that tests, so setpriv and mount do what the unit asks of it.
"""

import contextlib
import re
import signal
import socket
import time
import uuid

import pytest

from observer import ROOT, Observer, roots_of
from runtimes import engine
from shell import run, wait_until

UNIT = (ROOT / "deploy/systemd/nsobserver.service").read_text()
READ_ONLY = """
mount --bind "$0" "$0"
awk '{print $5}' /proc/self/mountinfo | while read -r mount; do
  case $mount in "$0") ;; *) mount -o remount,bind,ro "$mount" 2>/dev/null || true ;; esac
done
if touch /var/tmp/"${0##*/}".not-writable 2>/dev/null; then echo "still writable" >&2; exit 1; fi
exec "$@"
"""


def of_unit(option: str) -> list[str]:
    return re.search(rf"^{option}=(.*)$", UNIT, re.MULTILINE)[1].split()


class Service(Observer):
    """As the unit starts it."""

    def command(self):
        wanted = ",".join(f"+{name.removeprefix('CAP_').lower()}" for name in of_unit("CapabilityBoundingSet"))
        assert of_unit("NoNewPrivileges") == ["yes"] and of_unit("ProtectSystem") == ["strict"]
        # ProtectHostname gives it a UTS namespace of its own, ProtectSystem a mount namespace.
        return ["unshare", "--uts", "--mount", "--propagation", "slave", "sh", "-c", READ_ONLY, str(self.folder),
                "setpriv", "--no-new-privs", "--bounding-set", f"-all,{wanted}", "--inh-caps", "-all", "--",
                *super().command()]


def attached(observer) -> set[str]:
    return {labels["source"] for labels, value in observer.scrape().samples["nsobserver_probe_info"] if value == 1}


def test_it_sees_looks_and_says_the_same(images):
    with engine("podman", images) as podman:
        options = ("--probes.files=on", *roots_of(podman))
        with Observer(*options) as plain:
            all_of_them = attached(plain)
        with Service(*options) as service:
            status = run("cat", f"/proc/{service.process.pid}/status").stdout
            assert int(re.search(r"CapEff:\s*(\w+)", status)[1], 16).bit_count() == len(of_unit("CapabilityBoundingSet"))
            assert attached(service) == all_of_them
            web = podman.start(f"web-{uuid.uuid4().hex[:6]}", options=("--read-only",))
            web.exec("/bin/nc", "127.0.0.1", "9")
            web.exec("/bin/touch", "/etc/not-writable")
            for case in ("net-", "mnt-read-only"):
                wait_until(lambda c=case: c in service.cli("findings", "--container", web.name).stdout, 60, case, interval=0.5)
            found = service.cli("findings", "--container", web.name).stdout
            assert found.count("unknown") == 0, found
            code, _ = service.stop()
            assert code == 0, service.log.read_text()


class Watched(Observer):
    """With a service manager that listens, and wants to hear something at least every two seconds."""

    def __init__(self):
        super().__init__()
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.manager.bind(str(self.folder / "notify"))
        self.manager.settimeout(0.2)

    def command(self):
        return ["env", f"NOTIFY_SOCKET={self.folder}/notify", "WATCHDOG_USEC=2000000", *super().command(),
                "--handover.seconds=0"]

    def hear(self, wanted: str, within: float) -> list[str]:
        """Everything up to the first message that begins with this."""
        said, end = [], time.monotonic() + within
        while time.monotonic() < end:
            with contextlib.suppress(TimeoutError):
                said.append(self.manager.recv(4096).decode())
                if said[-1].startswith(wanted):
                    return said
        raise AssertionError(f"no {wanted} within {within} s: {said}")


def test_it_tells_the_service_manager_how_it_is():
    with Watched() as service:
        first = service.hear("READY=1", 30)
        assert first == [f"READY=1\nSTATUS=observing; metrics on 127.0.0.1:{service.port}"]
        start = time.monotonic()
        for _ in range(4):
            service.hear("WATCHDOG=1", 30)
        assert time.monotonic() - start > 1.4, "four times in the two seconds, not at once"
        service.process.send_signal(signal.SIGHUP)
        assert service.hear("READY=1", 30)[-2].startswith("RELOADING=1\nMONOTONIC_USEC=")
        service.process.send_signal(signal.SIGSTOP)
        with pytest.raises(AssertionError):
            service.hear("nothing: all that was said before", 0.5)
        with pytest.raises(AssertionError):
            service.hear("WATCHDOG=1", 3)
        service.process.send_signal(signal.SIGCONT)
        service.hear("WATCHDOG=1", 30)
        assert service.stop()[0] == 0
        service.hear("STOPPING=1", 10)
