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


@pytest.fixture(scope="module", params=[("runc",), ("runc", "--detach"), ("crun",)], ids=" ".join)
def call(request, images):
    """Not crun, detached: nobody knows whose orphan makes that container (userspace/README.md, "Names")."""
    name, *flags = request.param
    with engine(name, images) as running:
        yield running, flags


def run_hidden(running, flags: list[str], port: int) -> str:
    """The state lies on a file system that only the runtime sees."""
    name, bundle = running.bundle(f"args-{port}", ("/bin/nc", "127.0.0.1", str(port)), None)
    state = running.folder / "state"
    state.mkdir(exist_ok=True)
    runtime = shlex.join([*running.program, "--root", str(state)])
    script = (f"mount -t tmpfs none {state} && {runtime} run {' '.join(flags)} --bundle {bundle} {name} >/dev/null 2>&1; "
              f"sleep 0.5; {runtime} delete --force {name} 2>/dev/null; true")
    run("unshare", "-m", "--propagation", "private", "sh", "-c", script)
    return name


def test_named_by_the_call_alone(call):
    running, flags = call
    with Observer(*roots_of(running)) as observer, Follower(observer, "--kind", "connect_failure") as told:
        for _ in range(3):
            port = next(ports)
            name = run_hidden(running, flags, port)
            row = told.wait(lambda row, port=port: row["connect_failure"]["port"] == port, APPEARS_WITHIN)
            assert row, f"no row of {name}"
            shown = row["container"]
            assert (shown["name"], shown["id"], shown["runtime"]) == (name, name, running.runtime)
            assert (shown["source"], shown["certain"]) == ("runtime_args", True)
