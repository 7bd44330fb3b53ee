"""Our BPF object for another machine, and what each of its programs takes its hook's arguments for."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
TARGETS = {"amd64": "x86", "arm64": "arm64"}
# What clang makes of BPF_PROG(), BPF_KPROBE(), BPF_KRETPROBE(): the function with named arguments.
PROGRAM = re.compile(r"____(nsobs_\w+)\s*\((?:unsigned long long|struct pt_regs) ?\*\s*ctx\s*(?:,([^)]*))?\)\s*[{]")
SOURCE = ROOT / "bpf/nsobs.bpf.c"
VARIANTS = {"plain": [], "preemptible": ["-DNSOBS_PREEMPTIBLE"], "old": ["-DNSOBS_OLD_KERNEL"]}  # as bpf/CMakeLists.txt has them
SIZES = {"char": 1, "u8": 1, "u16": 2, "short": 2, "int": 4, "u32": 4, "s32": 4, "long": 8, "u64": 8, "s64": 8, "size_t": 8}


def clang() -> str:
    """As bpf/CMakeLists.txt found it."""
    return re.search(r"^BPF_CLANG:\w+=(.+)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE).group(1)


def flags(machine: str, variant: str) -> list[str]:
    library = subprocess.run(["cc", "-print-multiarch"], check=True, capture_output=True, text=True).stdout.strip()
    return ["-O2", "-g", "-target", "bpf", "-mcpu=v2", f"-D__TARGET_ARCH_{TARGETS[machine]}", f"-I{ROOT}", f"-I/usr/include/{library}",
            *VARIANTS[variant]]


def compiled(machine: str, variant: str) -> pathlib.Path:
    """The object that the build for this machine would have."""
    folder = BUILD / "tests/vm" / f"bpf-{machine}-{variant}"
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / "nsobs.bpf.o"
    subprocess.run([clang(), *flags(machine, variant), "-c", SOURCE, "-o", folder / "compiled.o"], check=True)
    subprocess.run(["/usr/sbin/bpftool", "gen", "object", whole, folder / "compiled.o"], check=True)
    return whole


def canonical(declaration: str) -> str:
    """"const struct pt_regs* regs" as "struct pt_regs*", a number by its size: as vm_btf_check writes what the kernel has."""
    words = [word for word in re.findall(r"\w+|\*", declaration) if word not in ("const", "volatile", "unsigned", "signed")]
    if "*" in words:
        kind = " ".join(words[:words.index("*")])
        return f"{kind.split('___')[0]}*" if kind != "u8" else "char*"
    if words[0] == "enum":
        return "int:4"
    return f"int:{SIZES[words[0]]}"


def arguments(machine: str, variant: str) -> dict[str, list[str]]:
    """Of each program, in order; a return value is the last one."""
    text = subprocess.run([clang(), *flags(machine, variant), "-E", "-P", SOURCE], check=True, capture_output=True, text=True).stdout
    return {name: [canonical(one) for one in declared.split(",") if one.strip()] for name, declared in PROGRAM.findall(text)}
