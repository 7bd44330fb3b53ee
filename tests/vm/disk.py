"""A guest with a disk and a systemd: a bare Debian with real programs, too many for an initramfs. What its script leaves in
/root/out comes back.
"""

import pathlib
import shutil
import subprocess
import sys

import guest
import initramfs
import kernels

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path += [str(TESTS / "support"), str(TESTS / "package")]

import debian  # noqa: E402

SIZE = 1 << 30
PACKAGES = ["systemd-sysv", "dbus", "busybox-static"]
UNIT = """[Unit]
Wants=dbus.socket
After=basic.target dbus.socket
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo "guest: up $(uname -r)"; /root/script; echo "guest: script ended with $?"; sync; systemctl --force --force poweroff'
TimeoutStartSec=infinity
StandardOutput=tty
StandardError=tty
TTYPath=/dev/console
"""


def unpack(root: pathlib.Path, kernel: kernels.Kernel, packages: list[str], programs: list[pathlib.Path], script: pathlib.Path) -> None:
    """The tree of the disk; `programs` come to /usr/bin, with their libraries."""
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    subprocess.run(["tar", "-C", root, "-xf", debian.root_tar([*PACKAGES, *packages])], check=True, timeout=300)
    for program in programs:
        initramfs.put_program(root, kernel.machine, program, f"/usr/bin/{program.name}")
    shutil.copy(script, root / "root/script")
    (root / "root/script").chmod(0o755)
    (root / "etc/systemd/system/guest.service").write_text(UNIT)
    (root / "etc/hostname").write_text("guest\n")


def make(disk: pathlib.Path, root: pathlib.Path) -> None:
    """Takes the tree away: one copy is large enough."""
    with disk.open("wb") as file:
        file.truncate(SIZE)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", root, disk], check=True, timeout=300)
    shutil.rmtree(root)


def command(kernel: kernels.Kernel, unpacked: pathlib.Path, disk: pathlib.Path, boot: guest.Boot) -> list[str]:
    append = [f"console={kernel.machine.console}", "panic=-1", "quiet", "loglevel=1", "mitigations=off", "root=/dev/nvme0n1", "rootwait", "rw",
              "systemd.unit=guest.service", "systemd.show_status=false", guest.LSM[boot.lsm_bpf]]
    return [*kernel.machine.emulator, "-smp", str(boot.cpus), "-accel", "tcg,thread=multi", "-m", str(boot.memory_mib), "-nographic",
            "-nodefaults", "-serial", "stdio", "-no-reboot", "-kernel", str(kernels.image_of(unpacked)), "-append", " ".join(append),
            "-drive", f"file={disk},format=raw,if=none,id=disk,cache=unsafe", "-device", "nvme,serial=disk,drive=disk"]


def run(kernel: kernels.Kernel, unpacked: pathlib.Path, disk: pathlib.Path, boot: guest.Boot, log: pathlib.Path) -> guest.Result:
    return guest.follow(command(kernel, unpacked, disk, boot), boot.seconds, log)


def take(disk: pathlib.Path, folder: pathlib.Path) -> None:
    """/root/out of the disk, as `folder`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    subprocess.run(["debugfs", "-R", f"rdump /root/out {folder}", disk], check=True, capture_output=True, timeout=300)
    for path in (folder / "out").iterdir():
        path.rename(folder / path.name)
    (folder / "out").rmdir()
