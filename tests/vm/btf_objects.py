"""Our BPF object for another machine, and what each of its programs takes its hook's arguments for."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
TARGETS = {"amd64": "x86", "arm64": "arm64"}
# What clang makes of BPF_PROG(), BPF_KPROBE(), BPF_KRETPROBE(): the function with named arguments.
PROGRAM = re.compile(r"____(nsobs_\w+)\s*\((?:unsigned long long|struct pt_regs) ?\*\s*ctx\s*(?:,([^)]*))?\)\s*[{]")
SIZES = {"char": 1, "u8": 1, "u16": 2, "short": 2, "int": 4, "u32": 4, "s32": 4, "long": 8, "u64": 8, "s64": 8, "size_t": 8}


def sources() -> list[str]:
    """In the order of the build: who defines a map comes first."""
    text = (ROOT / "bpf/CMakeLists.txt").read_text()
    return re.findall(r"(\w+\.bpf\.c)", text.split("set(NSOBS_BPF_SOURCES", 1)[1].split(")", 1)[0])


def clang() -> str:
    """As bpf/CMakeLists.txt found it."""
    return re.search(r"^BPF_CLANG:\w+=(.+)$", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE).group(1)


def flags(machine: str, old: bool) -> list[str]:
    library = subprocess.run(["cc", "-print-multiarch"], check=True, capture_output=True, text=True).stdout.strip()
    return ["-O2", "-g", "-target", "bpf", "-mcpu=v2", f"-D__TARGET_ARCH_{TARGETS[machine]}", f"-I{ROOT}", f"-I/usr/include/{library}",
            *(["-DNSOBS_OLD_KERNEL"] if old else [])]


def compiled(machine: str, old: bool) -> pathlib.Path:
    """The object that the build for this machine would have; `old`: the one for kernels before 5.15."""
    folder = BUILD / "tests/vm" / f"bpf-{machine}{'-old' if old else ''}"
    folder.mkdir(parents=True, exist_ok=True)
    objects = []
    for source in sources():
        objects.append(folder / f"{source}.o")
        subprocess.run([clang(), *flags(machine, old), "-c", ROOT / "bpf" / source, "-o", objects[-1]], check=True)
    whole = folder / "nsobs.bpf.o"
    subprocess.run(["/usr/sbin/bpftool", "gen", "object", whole, *objects], check=True)
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


def arguments(machine: str, old: bool) -> dict[str, list[str]]:
    """Of each program, in order; a return value is the last one."""
    out: dict[str, list[str]] = {}
    for source in sources():
        text = subprocess.run([clang(), *flags(machine, old), "-E", "-P", ROOT / "bpf" / source], check=True, capture_output=True,
                              text=True).stdout
        for name, declared in PROGRAM.findall(text):
            out[name] = [canonical(one) for one in declared.split(",") if one.strip()]
    return out
