"""A virtual machine with a real systemd on Debian's own kernel. It boots, does what a script says, and powers off; what
the script left in /root/out comes back. Emulated in software: ten times slower than the machine that it runs on.
"""

import contextlib
import pathlib
import shutil
import subprocess
import time

import debian
from qmp import Qmp
from shell import run

# What a machine for a minute does not need.
MASKED = ["getty.target", "apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer",
          "dpkg-db-backup.timer", "systemd-networkd.service", "systemd-resolved.service", "systemd-timesyncd.service"]
UNIT = """[Unit]
Description=What the test asks of this machine
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/root/script
ExecStopPost=/bin/systemctl --force poweroff
TimeoutStartSec=infinity
StandardOutput=file:/root/out/log
StandardError=inherit
"""
# An NMI is what a guest that says nothing any more is sent: it tells where each of its processors is.
ARGUMENTS = "console=ttyS0 panic=-1 quiet unknown_nmi_panic root=/dev/nvme0n1 rw systemd.show_status=false"
SLEEPS = 40  # seconds, when it suspends itself: then it is woken from outside, since on a busy machine its own alarm
# might ring before it sleeps
SILENT = 300  # seconds without a word on the console (the script beats there) is a lockup
LOCKUPS = ("soft lockup", "rcu_preempt detected stalls", "rcu_preempt self-detected stall")


class LockedUp(AssertionError):
    """The machine says nothing any more, or its kernel says that a processor is stuck."""


class Guest:
    def __init__(self, folder: pathlib.Path, base: pathlib.Path):
        self.folder = folder
        self.root = folder / "root"
        self.root.mkdir()
        for tree in (base, debian.modules()):
            run("tar", "-C", self.root, "--keep-directory-symlink", "-xf", tree, timeout=300)
        run("chroot", self.root, "depmod", next((self.root / "lib/modules").iterdir()).name)
        units = self.root / "etc/systemd/system"
        for unit in MASKED:
            (units / unit).symlink_to("/dev/null")
        (units / "nsobs-guest.service").write_text(UNIT)
        (units / "multi-user.target.wants").mkdir(exist_ok=True)
        (units / "multi-user.target.wants/nsobs-guest.service").symlink_to("../nsobs-guest.service")
        (self.root / "etc/hostname").write_text("guest\n")
        (self.root / "etc/dpkg/dpkg.cfg.d/quick").write_text("force-unsafe-io\n")
        (self.root / "root/out").mkdir()

    def give(self, *files: pathlib.Path) -> None:
        for file in files:
            shutil.copy(file, self.root / "root")

    def tell(self, script: pathlib.Path, timeout: float) -> pathlib.Path:
        """Boots, runs it as root, and returns the folder of what it left; and the console in `console`."""
        shutil.copy(script, self.root / "root/script")
        (self.root / "root/script").chmod(0o755)
        disk, out = self.folder / "disk", self.folder / "out"
        with disk.open("wb") as file:
            file.truncate(1 << 30)
        run("mke2fs", "-q", "-t", "ext4", "-d", self.root, disk, timeout=300)
        run("rm", "-rf", self.root)
        command = ["qemu-system-x86_64", "-M", "pc", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "1024",
                   "-nographic", "-no-reboot", "-nic", "none", "-kernel", debian.kernel(), "-append", ARGUMENTS,
                   "-drive", f"file={disk},format=raw,if=none,id=disk,cache=unsafe", "-device", "nvme,serial=disk,drive=disk"]
        command += ["-qmp", f"unix:{self.folder}/qmp,server=on,wait=off"]
        with (self.folder / "console").open("wb") as console:
            machine = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        try:
            self.attend(machine, timeout)
        finally:
            machine.kill()
            ended = machine.wait()
        assert ended == 0, self.console()
        run("debugfs", "-R", f"rdump /root/out {self.folder}", disk)
        disk.unlink()
        return out

    def attend(self, machine: subprocess.Popen, timeout: float) -> None:
        """Until it has powered off: wakes it when it slept, and asks where it is when it hangs."""
        deadline, heard, length = time.monotonic() + timeout, time.monotonic(), 0
        with Qmp(self.folder / "qmp") as qmp, contextlib.suppress(ConnectionError):
            while machine.poll() is None:
                time.sleep(1)
                if qmp.ask("query-status")["status"] == "suspended":
                    time.sleep(SLEEPS)
                    qmp.ask("system_wakeup")
                if (size := (self.folder / "console").stat().st_size) != length:
                    heard, length = time.monotonic(), size
                text = self.console()
                now = time.monotonic()
                if now - heard > SILENT or now > deadline or any(word in text for word in LOCKUPS):
                    qmp.ask("inject-nmi")
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        machine.wait(30)  # it panics, and tells
                    raise LockedUp(f"silent for {now - heard:.0f} s, {deadline - now:.0f} s left: {self.console()}")
        machine.wait(30)

    def console(self) -> str:
        return (self.folder / "console").read_text(errors="replace")[-16000:]
