"""Each fault of the corpus in a real container: the right cause first; and silence on the decoys.

The table is printed; NSOBS_FAULT_TABLE=FILE writes it, as tests/e2e/faults/table does.
"""

import json
import os
import pathlib
import time

import pytest

import corpus  # noqa: F401 (its faults are added to FAULTS)
import corpus_states  # noqa: F401
import dns_faults  # noqa: F401
from decoys import DECOYS
from lab import Lab
from looks import entry_findings
from observer import Observer, roots_of
from registry import FAULTS
from runtimes import ENGINES as KNOWN
from shell import wait_until

RUNTIMES = ("podman", "docker", "runc", "containerd")
SLOW = 30  # seconds: those begin first and are looked at last

cases = [(fault, runtime) for fault in FAULTS for runtime in fault.runtimes]
decoys = [(decoy, runtime) for decoy in DECOYS for runtime in decoy.runtimes]


class Scene:
    def __init__(self, images):
        self.lab = Lab(images)
        roots = [option for runtime in RUNTIMES for option in roots_of(self.lab.engine(runtime))]
        self.roots = roots
        self.observer = Observer("--probes.files=on", *roots)
        self.observer.__enter__()
        self.results: list[dict] = []
        self.slow = {(f.name, r): f.provoke(self.lab, r) for f, r in cases if f.within > SLOW}

    def findings(self, container) -> list[dict]:
        result = self.observer.cli("findings", "-o", "jsonl", "--limit", "0", "--container", container.id)
        assert result.returncode in (0, 1), result.stderr
        return [json.loads(line) for line in result.stdout.splitlines()]

    def diagnose(self, container) -> list[dict]:
        """Looks now; what was found is stored with the rest, and so has a number."""
        result = self.observer.cli("diagnose", container.id, "-o", "jsonl", *self.roots, timeout=60)
        assert result.returncode in (0, 1), result.stderr
        told = [json.loads(line) for line in result.stdout.splitlines()]
        stored = {f["summary"]: f for f in self.findings(container)}
        return [stored.get(f["summary"], f) for f in told]

    def without_looks_of_others(self, findings: list[dict]) -> list[dict]:
        """An observer that runs beside this one looks into its containers, which is an entry."""
        entries = [f for f in findings if f["case"] == "ns-entry"]
        return [f for f in findings if f not in entries] + entry_findings(self.observer, entries)

    def close(self) -> None:
        self.observer.__exit__()
        self.lab.close()


@pytest.fixture(scope="module")
def scene(images):
    scene = Scene(images)
    try:
        yield scene
    finally:
        write_table(scene.results)
        scene.close()


def with_case(findings: list[dict], wanted) -> list[dict]:
    return [f for f in findings if f["case"] in wanted and f["confidence"] != "unknown"]


@pytest.mark.parametrize("fault, runtime", sorted(cases, key=lambda c: c[0].within > SLOW),
                         ids=lambda v: getattr(v, "name", v))
def test_fault(scene, fault, runtime):
    container = scene.slow.get((fault.name, runtime)) or fault.provoke(scene.lab, runtime)
    begun = time.monotonic()
    ignored = () if "ns-entry" in fault.cases else ("ns-entry",)  # the test's own nsenter
    told: list[dict] = []

    def look():
        # The oldest is the last of the listing, and the surest the first of a diagnosis.
        found = list(reversed(scene.diagnose(container))) if fault.by_hand else scene.findings(container)
        told[:] = [f for f in found if f["case"] not in ignored]
        return with_case(told, fault.cases)

    try:
        wait_until(look, fault.within, f"a finding of {fault.cases[0]}", interval=1 if fault.by_hand else 0.1)
    except AssertionError:
        pass
    sure = [f for f in told if f["confidence"] != "unknown"]
    first = sure[-1] if sure else None
    right = first is not None and first["case"] in fault.cases
    wrong = [f for f in told if f["confidence"] == "certain"
             and f["case"] not in (*fault.cases, *fault.also)]
    scene.results.append({
        "fault": fault.name, "runtime": runtime, "case": fault.cases[0], "right": right,
        "found": [f"{f['case']} ({f['confidence']})" for f in reversed(told)],
        "by_hand": fault.by_hand, "seconds": time.monotonic() - begun, "summary": first["summary"] if first else ""})
    assert right, told
    assert wrong == []
    check(scene, first, container)


def check(scene, finding: dict, container) -> None:
    """What an on-call person needs is there, and every claim points to what stands in the record."""
    assert finding["container"]["name"] == container.name
    assert finding["summary"] and finding["evidence"]
    assert finding["fix"] or finding["case"] in ("pid-who-killed", "pid-crash", "ns-entry")
    replay = scene.observer.cli("findings", "replay", str(finding["id"]))
    assert replay.returncode == 0, replay.stdout + replay.stderr


@pytest.mark.parametrize("decoy, runtime", decoys, ids=lambda v: getattr(v, "name", v))
def test_decoy(scene, decoy, runtime):
    container = decoy.act(scene.lab, runtime)
    time.sleep(0.7)  # as long as a finding would take, several times
    told = scene.without_looks_of_others(scene.findings(container))
    scene.results.append({"fault": decoy.name, "runtime": runtime, "case": "none", "right": not told,
                          "found": [f["case"] for f in told], "by_hand": False, "seconds": 0, "summary": ""})
    assert told == []


def test_the_corpus_is_large_enough(scene):
    assert len(cases) >= 40
    assert len(decoys) >= 20
    assert len({runtime for _, runtime in cases}) >= 2
    assert set(RUNTIMES) <= set(KNOWN)


def write_table(results: list[dict]) -> None:
    right = sum(r["right"] for r in results if r["case"] != "none")
    total = sum(r["case"] != "none" for r in results)
    quiet = sum(r["right"] for r in results if r["case"] == "none")
    lines = [f"{right} of {total} faults: the right cause first; {quiet} of {len(results) - total} decoys: silence.",
             "", "| what was done | runtime | expected | found | by | seconds |", "|---|---|---|---|---|---|"]
    lines += [f"| {r['fault'].replace('_', ' ')} | {r['runtime']} | {r['case']} | "
              f"{', '.join(r['found']) or '-'} | {'diagnose' if r['by_hand'] else 'itself'} | "
              f"{r['seconds']:.1f} |" for r in results]
    text = "\n".join(lines) + "\n"
    print("\n" + text)
    target = os.environ.get("NSOBS_FAULT_TABLE")
    if target:
        pathlib.Path(target).write_text(text)
