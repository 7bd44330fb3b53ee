"""Name servers that are silent or say no, and healthy ones."""

import pathlib
import subprocess
import sys
import time

from decoys import decoy
from lab import Lab, address_of
from registry import fault
from runtimes import Container
from shell import terminate

SERVER = pathlib.Path(__file__).resolve().parents[2] / "support/name_server.py"


def name_server(lab: Lab, runtime: str, mode: str) -> str:
    """In a container of its own, for the rest of the session; its address."""
    box = lab.start(runtime, "resolver")
    process = subprocess.Popen(
        ["nsenter", "-t", str(box.pid), "-n", "--", sys.executable, str(SERVER), "0.0.0.0", mode],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    lab.stack.callback(terminate, process)
    time.sleep(0.7)
    assert process.poll() is None, mode
    return address_of(box)


def asks(lab: Lab, runtime: str, *servers: str) -> Container:
    options = [word for server in servers for word in ("--dns", server)]
    web = lab.start(runtime, "web", options=tuple(options))
    web.exec("/bin/nslookup", "db.example", timeout=60)
    return web


@fault("net-dns", within=25)
def name_server_is_silent(lab, runtime):
    return asks(lab, runtime, name_server(lab, runtime, "silent"))


@fault("net-dns")
def name_server_fails(lab, runtime):
    return asks(lab, runtime, name_server(lab, runtime, "servfail"))


@fault("net-dns")
def name_server_refuses(lab, runtime):
    return asks(lab, runtime, name_server(lab, runtime, "refused"))


@decoy()
def names_that_are_there(lab, runtime):
    return asks(lab, runtime, name_server(lab, runtime, "ok"))


@decoy()
def names_that_are_not_there(lab, runtime):
    return asks(lab, runtime, name_server(lab, runtime, "nxdomain"))


@decoy()
def a_slow_name_server(lab, runtime):
    web = asks(lab, runtime, name_server(lab, runtime, "slow"))
    time.sleep(3)  # as long as it takes until a query without an answer is told
    return web
