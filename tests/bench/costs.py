"""What each BPF program costs by the kernel's own statistics, which are on only while we look."""

import contextlib
import ctypes
import os
import platform

from observer import Observer

SYS_BPF = {"x86_64": 321, "aarch64": 280}
BPF_ENABLE_STATS = 32


@contextlib.contextmanager
def statistics_enabled():
    """Kept by a file descriptor, not by the sysctl: off again also when this process is killed."""
    attributes = ctypes.create_string_buffer(128)  # union bpf_attr; type 0: run time
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(SYS_BPF[platform.machine()], BPF_ENABLE_STATS, attributes, 128)
    if fd < 0:
        raise OSError(ctypes.get_errno(), "BPF_ENABLE_STATS")
    try:
        yield
    finally:
        os.close(fd)


def of_programs(programs, scale: int) -> dict:
    """{source: {"runs", "ns_per_run"}}, under the load. The statistics themselves add some ns."""
    with statistics_enabled(), Observer("--budget.cpu-percent=0") as observer:
        before = readings(observer)
        programs.workloads(scale)
        after = readings(observer)
    out = {}
    for source, (seconds, runs) in after.items():
        start_seconds, start_runs = before[source]
        if runs > start_runs:
            out[source] = {"runs": int(runs - start_runs),
                           "ns_per_run": (seconds - start_seconds) / (runs - start_runs) * 1e9}
    return out


def readings(observer: Observer) -> dict[str, tuple[float, float]]:
    metrics = observer.scrape()
    seconds = metrics.by("nsobserver_program_run_seconds_total", "program")
    runs = metrics.by("nsobserver_program_runs_total", "program")
    return {source[0]: (seconds[source], runs[source]) for source in runs}
