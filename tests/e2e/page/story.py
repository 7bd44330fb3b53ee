"""A bad quarter of an hour: what the page is looked at with. Real containers break, a real daemon records."""

import contextlib
import time

from lab import ABSENT, Lab, address_of, kill_from_host, wait_end
from observer import Observer, roots_of
from shell import run, wait_until

# What a container can put into a name that others read: markup, an end tag, text that turns round.
HOSTILE_PATH = "/tmp/</script><img src=x onerror=document.title='owned'>\u202egnp.exe"
HOSTILE_PROGRAM = "<b>evil</b>"


def findings(observer, *words: str) -> list[str]:
    return observer.cli("findings", "-o", "jsonl", "--limit", "0", *words).stdout.splitlines()


def wait_for_case(observer, case: str, container) -> None:
    wait_until(lambda: findings(observer, "--case", case, "--container", container.id), 40,
               f"{case} of {container.name}", interval=0.3)


def baseline_of(observer, container) -> None:
    def seen():
        listed = observer.cli("snapshots", "list", "-o", "jsonl", "--container", container.id).stdout
        return '"rule":"baseline"' in listed
    wait_until(seen, 30, f"the healthy look at {container.name}", interval=0.3)


def lose_route(lab: Lab, observer, shop) -> None:
    """Its default route is taken by somebody from the host; then it can't reach anything."""
    run("nsenter", "-t", shop.pid, "-n", "ip", "route", "del", "default")
    for _ in range(4):
        shop.exec("/bin/nc", "-w", "1", ABSENT, "443")
        time.sleep(0.2)
    wait_for_case(observer, "net-no-route", shop)


def hostile(container) -> None:
    container.exec("/bin/cp", "/bin/toolbox", f"/tmp/{HOSTILE_PROGRAM}".replace("</b>", "-b"))
    container.exec(f"/tmp/{HOSTILE_PROGRAM}".replace("</b>", "-b"), "unix", HOSTILE_PATH)


@contextlib.contextmanager
def told(images):
    """Yields the observer, the lab and the containers by their part in the story."""
    lab = Lab(images)
    try:
        podman = lab.engine("podman")
        with Observer(*roots_of(podman)) as observer:
            ledger = podman.start("ledger", command=("/bin/toolbox", "serve", "127.0.0.1", "5432"))
            shop = podman.start("shop", command=("/bin/toolbox", "serve", "0.0.0.0", "8080"))
            queue = podman.start("queue", command=("/bin/toolbox", "serve", "0.0.0.0", "4222"))
            for container in (ledger, shop, queue):
                baseline_of(observer, container)
            api = podman.start("api")
            evil = podman.start("evil", options=("--hostname", "evil"))
            api.exec("/bin/nc", address_of(ledger), "5432")  # it listens on its loopback only
            wait_for_case(observer, "net-local-only", api)
            lose_route(lab, observer, shop)
            report = podman.start("report", memory=32 << 20)
            report.exec("/bin/toolbox", "memory", "200")
            wait_until(lambda: observer.events("--kind", "oom_kill"), 30, "the OOM kill", interval=0.2)
            cron = podman.start("cron")
            cron.kill("TERM")
            time.sleep(1.2)
            kill_from_host(cron)
            wait_end(cron)
            wait_for_case(observer, "pid-term-ignored", cron)
            hostile(evil)
            wait_until(lambda: observer.events("--container", evil.id, "--kind", "connect_failure"), 20,
                       "what evil did", interval=0.2)
            yield observer, lab, {"ledger": ledger, "shop": shop, "queue": queue, "api": api, "evil": evil,
                                  "report": report, "cron": cron}
    finally:
        lab.close()
