"""Somebody with root who meddles with the observer: makes a thread of it do one system call more."""

import contextlib
import ctypes
import os
import pathlib
import re

PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_SINGLESTEP = 12, 13, 9
PTRACE_ATTACH, PTRACE_DETACH, PTRACE_PEEKTEXT = 16, 17, 1
SYSCALL = 0x050F  # its two bytes, x86-64
WALL = 0x40000000  # __WALL: threads too
SYS_DUP2 = 33

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


class Registers(ctypes.Structure):
    """struct user_regs_struct of x86-64."""
    _fields_ = [(name, ctypes.c_ulonglong) for name in (
        "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
        "fs_base gs_base ds es fs gs").split()]


def ptrace(request: int, pid: int, address=0, data=0) -> int:
    ctypes.set_errno(0)
    result = libc.ptrace(request, pid, address, data)
    if result == -1 and ctypes.get_errno() != 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request}")
    return result


@contextlib.contextmanager
def stopped(pid: int):
    ptrace(PTRACE_ATTACH, pid)
    try:
        os.waitpid(pid, WALL)
        yield
    finally:
        ptrace(PTRACE_DETACH, pid)


def make_do(pid: int, number: int, *arguments: int) -> int:
    """The main thread waits in a system call: it does this one first, and then goes on to wait."""
    with stopped(pid):
        before, now = Registers(), Registers()
        ptrace(PTRACE_GETREGS, pid, 0, ctypes.addressof(before))
        ctypes.memmove(ctypes.addressof(now), ctypes.addressof(before), ctypes.sizeof(now))
        word = ptrace(PTRACE_PEEKTEXT, pid, before.rip - 2) & 0xFFFF
        assert word == SYSCALL, f"the thread is in no system call: {word:#x}"
        now.rip = before.rip - 2
        now.rax = number
        now.orig_rax = 2**64 - 1  # or the kernel would begin the call anew that it was in
        for register, value in zip(("rdi", "rsi", "rdx"), arguments):
            setattr(now, register, value)
        ptrace(PTRACE_SETREGS, pid, 0, ctypes.addressof(now))
        ptrace(PTRACE_SINGLESTEP, pid)
        os.waitpid(pid, WALL)
        ptrace(PTRACE_GETREGS, pid, 0, ctypes.addressof(now))
        result = ctypes.c_longlong(now.rax).value
        ptrace(PTRACE_SETREGS, pid, 0, ctypes.addressof(before))
        return result


def links(pid: int) -> dict[int, int]:
    """The descriptors of BPF links of a process, with the number of the program behind each."""
    found = {}
    for entry in pathlib.Path(f"/proc/{pid}/fdinfo").iterdir():
        with contextlib.suppress(OSError):
            text = entry.read_text()
            program = re.search(r"^prog_id:\t(\d+)$", text, re.MULTILINE)
            if "link_type:" in text and program:
                found[int(entry.name)] = int(program[1])
    return found


def detach(pid: int, link: int) -> None:
    """Puts /dev/null in the link's place: its last descriptor is closed, so the program is unhooked."""
    assert make_do(pid, SYS_DUP2, 0, link) == link
