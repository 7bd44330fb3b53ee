"""A virtual machine with a real systemd on Debian's own kernel. It boots, does what a script says, and powers off; what
the script left in /root/out comes back. Emulated in software: ten times slower than the machine that it runs on.
"""

import pathlib
import shutil
import subprocess

import debian
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
ARGUMENTS = "console=ttyS0 panic=-1 quiet root=/dev/nvme0n1 rw systemd.show_status=false"


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
        with (self.folder / "console").open("wb") as console:
            ended = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=console,
                                   stderr=console, timeout=timeout).returncode
        assert ended == 0, self.console()
        run("debugfs", "-R", f"rdump /root/out {self.folder}", disk)
        disk.unlink()
        return out

    def console(self) -> str:
        return (self.folder / "console").read_text(errors="replace")[-4000:]
