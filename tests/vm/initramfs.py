"""What a guest starts from: busybox, the programs under test with the libraries that they are linked to, kernel modules.

The archive is the whole guest: there is no disk. Programs are those of this machine and of build/.
"""

import lzma
import pathlib
import re
import shutil
import subprocess

from machines import Machine

INIT = pathlib.Path(__file__).parent / "init"
# Of the guests' kernels these are modules: what the tests' network namespaces and packet filters are made of.
MODULES = ["veth", "dummy", "nf_tables", "nft_reject_inet", "nft_ct", "nft_queue", "nft_chain_nat", "nft_nat",
           "nft_redir", "nft_masq", "nft_fib_inet", "nft_limit", "nft_log", "nft_reject_netdev", "nfnetlink_queue", "nf_nat",
           "nf_conntrack", "ipv6", "unix"]
TOOLS = ["ip", "nft", "nsenter", "unshare"]
BUSYBOX = ["mount", "cat", "ls", "mkdir", "sleep", "true", "false", "depmod", "modprobe", "insmod", "mknod", "poweroff",
           "uname", "echo", "ln", "grep", "sed", "cp", "rm", "kill", "ps", "head", "tail", "tr", "cut", "wc", "date", "timeout",
           "sort", "setsid", "env", "dmesg", "nc", "id", "test", "seq", "dd", "umount", "mountpoint", "hostname", "free"]


def put(root: pathlib.Path, source: pathlib.Path, name: str, strip: str = "") -> None:
    target = root / name.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        return
    shutil.copy(source.resolve(), target)
    if strip:
        subprocess.run([strip, "--strip-debug", target], check=True)


def put_program(root: pathlib.Path, machine: Machine, source: pathlib.Path, name: str) -> None:
    put(root, source, name, machine.strip)
    for path, library in machine.libraries_of(source).items():
        put(root, library, path)


def dependencies(modules: dict[str, pathlib.Path], wanted: list[str]) -> list[str]:
    """With what they need, that first."""
    order: list[str] = []

    def visit(name: str) -> None:
        if name in order or name not in modules:
            return
        info = re.search(rb"(?:^|\0)depends=([^\0]*)\0", content_of(modules[name]))
        for needed in (info.group(1).decode().split(",") if info else []):
            visit(needed.replace("-", "_"))
        order.append(name)

    for name in wanted:
        visit(name)
    return order


def content_of(module: pathlib.Path) -> bytes:
    return lzma.decompress(module.read_bytes()) if module.suffix == ".xz" else module.read_bytes()


def put_modules(root: pathlib.Path, kernel: pathlib.Path) -> None:
    found = {path.name.split(".ko")[0].replace("-", "_"): path for path in kernel.glob("**/lib/modules/*/**/*.ko*")}
    order = dependencies(found, MODULES)
    folder = root / "modules"
    folder.mkdir()
    for name in order:
        (folder / f"{name}.ko").write_bytes(content_of(found[name]))
    (folder / "order").write_text("\n".join(order) + "\n")


def build(archive: pathlib.Path, machine: Machine, kernel: pathlib.Path, programs: dict[str, pathlib.Path], script: str) -> None:
    """`script` is what the guest runs; `programs` by their path in the guest."""
    root = archive.with_suffix(".root")
    shutil.rmtree(root, ignore_errors=True)
    for name in ("proc", "sys", "dev", "tmp", "run", "root", "etc", "var/tmp", "bin", "usr/bin", "usr/sbin", "sbin", "var/lib"):
        (root / name).mkdir(parents=True)
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n")
    put(root, machine.program("busybox"), "bin/busybox")
    for applet in BUSYBOX:
        (root / "bin" / applet).symlink_to("busybox")
    put_program(root, machine, machine.program("dash"), "bin/sh")  # busybox's would take its own `ip`
    for tool in TOOLS:
        put_program(root, machine, machine.program(tool), f"usr/bin/{tool}")
    for name, program in programs.items():
        put_program(root, machine, program, name)
    put_modules(root, kernel)
    put(root, INIT, "init")
    (root / "script").write_text(script)
    for executable in ("init", "script"):
        (root / executable).chmod(0o755)
    names = subprocess.run(["find", ".", "-mindepth", "1"], cwd=root, check=True, capture_output=True).stdout
    with archive.open("wb") as out:
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, input=names, stdout=out, check=True)
    shutil.rmtree(root)
