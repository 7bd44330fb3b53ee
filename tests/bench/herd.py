"""Many containers for next to nothing: processes in namespaces and cgroups of their own, and the
state files that runc would have left of them."""

import contextlib
import json
import pathlib
import subprocess
import sys


ROOT = pathlib.Path(__file__).resolve().parents[2]
STATE = ROOT / "tests/unit/correlation/fixtures/runc_state.json"  # of a real one


@contextlib.contextmanager
def herd(program: str, count: int, name: str, runc_root: pathlib.Path):
    """Yields the process that holds them, for signals(); ended when left. Observers find them by
    --runtimes.runc-root."""
    process = subprocess.Popen([program, str(count), name], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    try:
        template = json.loads(STATE.read_text())
        made = 0
        for line in process.stdout:
            if line == "ready\n":
                break
            index, pid, ticks = map(int, line.split())
            write_state(template, f"{name}-{index}", pid, ticks, runc_root)
            made += 1
        if made != count:
            sys.exit(f"tests/bench/run: {program} made {made} of {count} containers")
        yield process
    finally:
        process.stdin.close()
        process.wait(120)


def signals(process: subprocess.Popen, kinds: int) -> None:
    """Each of them gets so many different ones, and ignores them."""
    process.stdin.write(f"signal {kinds}\n")
    process.stdin.flush()
    assert process.stdout.readline() == "done\n"


def write_state(template: dict, container: str, pid: int, ticks: int, root: pathlib.Path) -> None:
    paths = {name: f"{path[:path.index('/', 16)]}/{container}"
             for name, path in template["cgroup_paths"].items()}  # /sys/fs/cgroup/NAME/...
    state = template | {"id": container, "init_process_pid": pid, "init_process_start": ticks,
                        "cgroup_paths": paths}
    folder = root / container
    folder.mkdir(parents=True)
    (folder / "state.json").write_text(json.dumps(state, separators=(",", ":")))
