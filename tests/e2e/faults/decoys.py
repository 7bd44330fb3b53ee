"""Healthy containers that are busy: nothing may be found in them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from lab import Lab, address_of, unique, wait_end
from runtimes import Container

ALL = ("podman", "docker", "runc")
ENGINES = ("podman", "docker")


@dataclass
class Decoy:
    name: str
    runtimes: tuple[str, ...]
    act: Callable[[Lab, str], Container]


DECOYS: list[Decoy] = []


def decoy(*, on: tuple[str, ...] = ENGINES):
    def add(act):
        DECOYS.append(Decoy(act.__name__, on, act))
        return act

    return add


def serve(lab: Lab, runtime: str) -> Container:
    web = lab.start(runtime, "web", "/bin/toolbox", "serve", "0.0.0.0", "8080")
    time.sleep(0.3)
    return web


@decoy(on=ALL)
def short_connects_that_work(lab, runtime):
    web = serve(lab, runtime)
    for _ in range(5):
        web.exec("/bin/toolbox", "connects", "127.0.0.1", "8080", "3")
    return web


@decoy(on=ALL)
def connects_without_blocking(lab, runtime):
    web = serve(lab, runtime)
    web.exec("/bin/toolbox", "nonblocking", "127.0.0.1", "8080")
    return web


@decoy()
def two_address_families(lab, runtime):
    web = serve(lab, runtime)
    web.exec("/bin/toolbox", "eyeballs", "8080")
    return web


@decoy()
def connects_between_containers(lab, runtime):
    db = serve(lab, runtime)
    web = lab.start(runtime, "web")
    web.exec("/bin/toolbox", "connects", address_of(db), "8080", "3")
    return web


@decoy(on=ALL)
def programs_by_the_engine(lab, runtime):
    web = lab.start(runtime, "web")
    for _ in range(5):
        web.exec("/bin/true")
    return web


@decoy(on=ALL)
def a_program_that_says_no(lab, runtime):
    web = lab.start(runtime, "web")
    web.exec("/bin/false")
    web.exec("/bin/cat", "/does/not/exist")
    return web


@decoy(on=ALL)
def graceful_stop(lab, runtime):
    web = lab.start(runtime, "web", "/bin/toolbox", "graceful")
    time.sleep(0.3)
    web.kill("TERM")
    wait_end(web)
    return web


@decoy(on=ALL)
def work_that_is_done(lab, runtime):
    web = lab.start(runtime, "web", "/bin/sh", "-c", "/bin/usleep 500000; exit 0")
    wait_end(web)
    return web


@decoy()
def children_that_come_and_go(lab, runtime):
    return lab.start(runtime, "web", "/bin/sh", "-c",
                     "for i in 1 2 3 4 5 6 7 8 9 10; do /bin/true; /bin/sh -c 'exit 1'; done; sleep 1000")


@decoy()
def signals_among_its_own(lab, runtime):
    web = lab.start(runtime, "web")
    web.exec("/bin/sh", "-c", "sleep 100 & p=$!; kill $p; wait $p; sleep 100 & kill -9 $!; true")
    return web


@decoy()
def memory_below_the_limit(lab, runtime):
    return lab.start(runtime, "web", "/bin/toolbox", "memory", "20", memory=64 << 20)


@decoy()
def busy_without_a_quota(lab, runtime):
    return lab.start(runtime, "web", "/bin/sh", "-c",
                     "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; sleep 1000")


@decoy()
def files_of_its_own(lab, runtime):
    web = lab.start(runtime, "web")
    web.exec("/bin/toolbox", "write", "/tmp/file", "100000")
    return web


@decoy()
def both_families_of_one_port(lab, runtime):
    """Binds [::]:P and then 0.0.0.0:P, which fails, and goes on with the first."""
    return lab.start(runtime, "web", "/bin/toolbox", "dualbind", "8080")


@decoy()
def first_start_on_a_fresh_volume(lab, runtime):
    web = lab.start(runtime, "web", options=("-v", f"{unique('data')}:/data"))
    web.exec("/bin/toolbox", "newdata", "/data/first")
    return web


@decoy(on=ALL)
def file_that_may_be_missing(lab, runtime):
    source = lab.host_folder()
    (source / "app.yml").write_text("port: 80")
    web = lab.start(runtime, "web", **lab.volume(runtime, source, "/etc/app"))
    web.exec("/bin/cat", "/etc/app/app.local.yml")
    return web


@decoy(on=ALL)
def mounted_on_the_host_before(lab, runtime):
    source = lab.host_folder()
    (source / "usb").mkdir()
    lab.tmpfs(source / "usb")
    web = lab.start(runtime, "web", **lab.volume(runtime, source, "/data"))
    web.exec("/bin/cat", "/data/usb/none")
    return web


@decoy(on=("podman",))
def file_that_nobody_of_the_pod_has(lab, runtime):
    pod = unique("shop")
    lab.engine(runtime).make_pod(pod)
    lab.start(runtime, "db", options=("--pod", pod))
    web = lab.start(runtime, "web", options=("--pod", pod))
    web.exec("/bin/cat", "/tmp/report.txt")
    return web
