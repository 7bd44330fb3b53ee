"""What the systemd unit leaves the daemon is enough: the same capabilities, and every filesystem read-only but its storage.

systemd itself does not run on every machine that tests, so setpriv and mount do what the unit asks of it.
"""

import re
import uuid

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
