"""A container whose state nobody can find is named by the arguments of the runtime that made it."""

import itertools
import shlex

import pytest
from expect import APPEARS_WITHIN
from follower import Follower
from observer import Observer, roots_of
from runtimes import engine
from shell import run

ports = itertools.count(20000)


@pytest.fixture(scope="module", params=["runc", "crun"])
def running(request, images):
    with engine(request.param, images) as running:
        yield running


def run_hidden(running, port: int, *flags: str) -> str:
    """The state lies on a file system that only the runtime sees."""
    name, bundle = running.bundle(f"args-{port}", ("/bin/nc", "127.0.0.1", str(port)), None)
    state = running.folder / "state"
    state.mkdir(exist_ok=True)
    runtime = shlex.join([*running.program, "--root", str(state)])
    script = (f"mount -t tmpfs none {state} && {runtime} run {' '.join(flags)} --bundle {bundle} {name} >/dev/null 2>&1; "
              f"sleep 0.5; {runtime} delete --force {name} 2>/dev/null; true")
    run("unshare", "-m", "--propagation", "private", "sh", "-c", script)
    return name


@pytest.mark.parametrize("flags", [(), ("--detach",)])
def test_named_by_the_call_alone(running, flags):
    with Observer(*roots_of(running)) as observer, Follower(observer, "--kind", "connect_failure") as told:
        for _ in range(3):
            port = next(ports)
            name = run_hidden(running, port, *flags)
            row = told.wait(lambda row, port=port: row["connect_failure"]["port"] == port, APPEARS_WITHIN)
            assert row, f"no row of {name}"
            shown = row["container"]
            assert (shown["name"], shown["id"], shown["runtime"]) == (name, name, running.runtime)
            assert (shown["source"], shown["certain"]) == ("runtime_args", True)
