"""What makes a mistake in memory hard to use: of the binary that is shipped, not of what CMake was told."""

import pathlib
import re
import subprocess

CHECKED_CALLS = {"__stack_chk_fail", "__memcpy_chk", "__vsnprintf_chk"}


def told(program: pathlib.Path, *what: str) -> str:
    return subprocess.run(["readelf", "-W", *what, program], check=True, capture_output=True, text=True).stdout


def problems(program: pathlib.Path, machine: str) -> list[str]:
    """What is wrong with it; `machine` is the architecture as readelf calls it: "AArch64", "X86-64"."""
    elf = told(program, "--file-header", "--program-headers", "--dynamic")
    stack = re.search(r"GNU_STACK .*", elf)
    calls = set(re.findall(r"\b__\w+", told(program, "--dyn-syms")))
    wrong = {
        f"it is not for {machine}": not re.search(rf"Machine: .*{re.escape(machine)}$", elf, re.MULTILINE),
        "its address is fixed": not re.search(r"Type: +DYN \(Position-Independent Executable", elf),
        "pointers to functions stay writable": not re.search(r"\(FLAGS_1\) +Flags: .*NOW", elf) or "GNU_RELRO" not in elf,
        "the stack is executable": stack is None or stack[0].split()[6] != "RW",
        "code is writable": bool(re.search(r" LOAD .* RWE ", elf)) or "TEXTREL" in elf,
        "libraries would be looked for elsewhere": bool(re.search(r"\((RPATH|RUNPATH)\)", elf)),
        f"it does not call {', '.join(sorted(CHECKED_CALLS - calls))}": not CHECKED_CALLS <= calls,
    }
    return [text for text, is_so in wrong.items() if is_so]
