"""--probes.files=CONTAINER: file failures of the containers that are named, and of nobody else."""

import json
import uuid

from observer import Observer, cli, roots_of
from runtimes import SLEEP, engine
from shell import wait_until
from images import IMAGE


def fail(container) -> None:
    """Its root is read-only."""
    assert container.exec("/bin/mkdir", "/x").returncode != 0


def told(observer) -> dict[str, int]:
    counts: dict[str, int] = {}
    for event in observer.events("--kind", "file_failure"):
        who = event["container"]["id"] if event["container"] else "the host"
        counts[who] = counts.get(who, 0) + event["count"]
    return counts


def test_for_containers_that_are_named(images):
    unique = uuid.uuid4().hex[:6]
    with engine("podman", images) as podman:
        start = lambda name: podman.start(f"{name}-{unique}", options=("--read-only",))  # noqa: E731
        web, db = start("web"), start("db")
        files = f"--probes.files=web-{unique},later-{unique}"
        with Observer(files, *roots_of(podman)) as observer:
            fail(db)
            fail(web)
            wait_until(lambda: web.id in told(observer), 20, "the failure of who is watched")

            later = start("later")
            fail(later)
            wait_until(lambda: later.id in told(observer), 20, "of who started later")

            web.remove()
            again = start("web")
            fail(again)
            fail(db)
            wait_until(lambda: again.id in told(observer), 20, "of who started anew")
            assert set(told(observer)) == {web.id, later.id, again.id}
            metrics = observer.scrape()
            name = "nsobserver_file_failures_total"
            assert metrics.sum(name, container=f"later-{unique}") >= 1
            assert metrics.sum(name, container=f"db-{unique}") == 0
            counted = {labels["container"] for labels, value in metrics.matching(name) if value > 0}
            assert counted == {f"web-{unique}", f"later-{unique}"}
            log = observer.log.read_text()
            assert f"file failures of later-{unique}: does not run; watched once it does" in log
            assert f"file failures of later-{unique}: podman {later.id[:12]}, watched" in log


def test_a_container_without_a_cgroup_of_its_own(images):
    """It can't be told apart in the kernel: said in the log and by doctor, and nothing of it is told."""
    name = f"bare-{uuid.uuid4().hex[:6]}"
    with engine("podman-crun", images) as podman:  # runc can't do without
        container_id = podman.podman("run", "-d", "--cgroups=disabled", "--read-only", "--name", name, IMAGE,
                                     *SLEEP).stdout.strip()
        bare = podman.adopt(name, container_id, podman.pid(container_id))
        files = f"--probes.files={name}"
        with Observer(files, *roots_of(podman)) as observer:
            said = f"podman {bare.id[:12]}, not watched: it has no cgroup of its own to be told by"
            wait_until(lambda: f"file failures of {name}: {said}" in observer.log.read_text(), 20, "the log")
            fail(bare)
            assert told(observer) == {}
            facts = json.loads(cli("doctor", "-o", "json", files, *roots_of(podman)).stdout)[0]["facts"]
            assert [f for f in facts if f["name"] == f"files of {name}"] == [
                {"name": f"files of {name}", "value": said, "good": False,
                 "advice": "--probes.files=on looks at all of them"}]
