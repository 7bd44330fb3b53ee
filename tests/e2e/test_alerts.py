"""A container breaks, and the one who is on call hears of it: daemon, Prometheus and Alertmanager are the real ones."""

import json
import os
import re
import shlex
import shutil
import textwrap
import uuid

from looks import entry_findings
from monitoring import DEPLOY, Receiver, alertmanager, prometheus, quick_config, replaced
from observer import ROOT, Observer, roots_of
from runtimes import engine
from shell import free_port, run, wait_until

MEGABYTE = 1 << 20
SLOW = 120  # seconds, on a machine that is busy


def entered_by_other_observers(observer, name: str) -> bool:
    """Those that run beside the one under test look into the container as well, and nobody else came in."""
    lines = observer.cli("findings", "--container", name, "--case", "ns-entry", "-o", "jsonl").stdout.splitlines()
    return bool(lines) and entry_findings(observer, [json.loads(line) for line in lines]) == []


def test_a_container_that_runs_out_of_memory_is_a_ticket(images):
    with Receiver() as receiver, alertmanager(receiver) as port, engine("podman", images) as podman, \
            Observer(*roots_of(podman)) as observer, \
            prometheus(observer.port, alertmanager_port=port, rules=True) as server:
        wait_until(lambda: server.query('up{job="nsobserver"} == 1'), SLOW, "the first scrape", interval=0.2)
        web = podman.start(f"web-{uuid.uuid4().hex[:6]}", memory=16 * MEGABYTE)

        def firing() -> set[str]:  # of this container: others may run on the machine
            names = {alert["labels"]["alertname"] for alert in server.firing()
                     if alert["labels"].get("container") == web.name}
            entered = "NsobserverContainerEntered"
            return names - {entered} if entered in names and entered_by_other_observers(observer, web.name) else names

        def told_of() -> list[dict]:
            return [alert for alert in receiver.of("/ticket", "NsobserverContainerOomKilled")
                    if alert["labels"]["container"] == web.name]

        wait_until(lambda: server.query(f'nsobserver_container_info{{container="{web.name}"}}'), SLOW, "it is watched",
                   interval=0.2)
        assert firing() == set(), "all is well"

        web.exec("/bin/dd", "if=/dev/zero", "of=/dev/null", "bs=64M", "count=1")
        wait_until(lambda: observer.cli("findings", "--container", web.name, "--case", "oom-helper").returncode == 0,
                   SLOW, "the finding", interval=0.5)
        told = wait_until(told_of, SLOW, "the ticket", interval=0.2)[0]

        labels, notes = told["labels"], told["annotations"]
        assert told["status"] == "firing"
        assert (labels["container"], labels["case"]) == (web.name, "oom-helper"), "dd, not PID 1"
        assert (labels["severity"], labels["family"]) == ("ticket", "memory")
        assert notes["summary"] == f"{web.name} on 127.0.0.1:{observer.port}: a helper process was killed at its memory " \
                                   "limit, its PID 1 lives on without it (oom-helper)"
        page, _, section = notes["runbook_url"].partition("#")
        assert f"\n## {section}\n" in (ROOT / page).read_text()
        command = notes["description"].partition("nsobserver ")[2].split()
        found = observer.cli(*command)
        assert (found.returncode, web.name in found.stdout) == (0, True), "what the alert says to do shows it"
        assert firing() == {"NsobserverContainerOomKilled"}, \
            f"one trouble, one alert: {observer.cli('findings', '--container', web.name).stdout}"
        assert [alert for path, alert in receiver.received
                if path == "/page" and alert["labels"].get("container") == web.name] == []


def commands_of(readme: str) -> list[str]:
    """The bash blocks, without what indents them in a list."""
    return [textwrap.dedent(block) for block in re.findall(r"^ *```bash\n(.*?)^ *```$", readme, re.DOTALL | re.MULTILINE)]


def test_the_commands_of_the_guide(images, tmp_path):
    """deploy/prometheus/README.md to the letter, but for ports, the folder and where this podman keeps its things."""
    with engine("podman", images) as podman, Observer(*roots_of(podman)) as observer:
        pretended = tmp_path / "bin/podman"
        pretended.parent.mkdir()
        real = [shutil.which("podman") if word == "podman" else str(word) for word in podman.prefix]
        pretended.write_text(f'#!/bin/sh\ncd {podman.folder}\nexec {shlex.join(real)} "$@"\n')
        pretended.chmod(0o755)
        config = tmp_path / "prometheus.yml"
        ports = [(port, str(free_port())) for port in ("9090", "9093")]
        config.write_text(quick_config(observer.port, int(ports[1][1]), rules=True))
        start, break_it, look, end = (
            replaced(block, ("/var/tmp/nsobserver-monitoring", str(tmp_path / "kept")))
            if "/var/tmp" in block else block for block in commands_of((DEPLOY / "README.md").read_text()))
        start = replaced(start, ("deploy/prometheus/prometheus.yml", str(config)), *ports)
        look = replaced(look, *ports)
        script = "\n".join([
            "set -e", "trap 'kill $(jobs -p) 2>/dev/null || true' EXIT", start, break_it, f"look() {{\n{look}\n}}",
            f"for try in $(seq {SLOW}); do", "  said=$(look) || said=", "  case $said in", "  *oom-container*OomKilled*greedy*) break ;;",
            "  esac", "  sleep 1", "done", 'printf "%s\\n" "$said"', end])
        told = run("timeout", 2 * SLOW, "bash", "-c", script, cwd=ROOT, timeout=3 * SLOW,
                   env={**podman.environment, "PATH": f"{pretended.parent}:{os.environ['PATH']}"})
        assert '"case":"oom-container","confidence":"certain","container":"greedy"' in told.stdout, told.stdout
        assert re.search(r"NsobserverContainerOomKilled.*greedy on 127\.0\.0\.1:\d+: killed at its memory limit \(oom-container\)",
                         told.stdout), told.stdout
        assert not (tmp_path / "kept").exists(), "it leaves nothing"
