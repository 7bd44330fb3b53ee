"""Counts test cases from what the test programs leave behind.

GoogleTest and pytest write one XML each with every case; ctest's own JUnit file tells about programs
that died before they could write theirs.
"""

import json
import pathlib
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

REASON_CHARACTERS = 600


@dataclass
class Totals:
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)  # of what failed, where one is told

    def add(self, name: str, outcome: str, reason: str = "") -> None:
        if outcome == "passed":
            self.passed += 1
        elif outcome == "failed":
            self.failed.append(name)
            if reason:
                self.reasons[name] = reason
        else:
            self.skipped.append(name)

    def merge(self, other: "Totals") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.reasons |= other.reasons

    def line(self) -> str:
        return f"{self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped"


def _outcome(case: ElementTree.Element) -> str:
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    if case.find("skipped") is not None or case.get("result") in ("skipped", "suppressed"):
        return "skipped"
    if case.get("status") in ("notrun", "disabled"):
        return "skipped"
    return "failed" if case.get("status") == "fail" else "passed"


def _reason(case: ElementTree.Element) -> str:
    """One line: often only the end of what CI printed is kept, and the log is gone with its machine."""
    for kind in ("failure", "error"):
        element = case.find(kind)
        if element is not None:
            return " ".join((element.get("message") or element.text or "").split())[:REASON_CHARACTERS]
    return ""


def _cases(path: pathlib.Path):
    """(name, outcome, reason) of every case; a file that can't be read is one failure."""
    try:
        tree = ElementTree.parse(path)
    except (OSError, ElementTree.ParseError) as error:
        yield f"{path.name}: {error}", "failed", ""
        return
    for case in tree.iter("testcase"):
        name = ".".join(x for x in (case.get("classname"), case.get("name")) if x)
        yield name, _outcome(case), _reason(case)


def of_pytest(path: pathlib.Path) -> Totals:
    totals = Totals()
    for name, outcome, reason in _cases(path):
        totals.add(name, outcome, reason)
    return totals


def of_ctest(junit: pathlib.Path, gtest_xml: pathlib.Path, programs: dict[str, str]) -> Totals:
    """`programs`: name of the ctest case -> name of its program, which names its GoogleTest XML."""
    totals = Totals()
    failed_inside = {}
    for path in sorted(gtest_xml.glob("*.xml")):
        inside = [outcome for _, outcome, _ in _cases(path)]
        for name, outcome, reason in _cases(path):
            totals.add(name, outcome, reason)
        program = path.stem
        failed_inside[program] = inside.count("failed")
    for name, outcome, reason in _cases(junit):
        name = name.split(".")[-1]
        program = programs.get(name, name)
        if program not in failed_inside:
            totals.add(name, outcome, reason)  # no GoogleTest program, or one that died
        elif outcome == "failed" and failed_inside[program] == 0:
            totals.add(f"{name} (died after its last test)", "failed")
    return totals


def programs_of_ctest(listing: str) -> dict[str, str]:
    """From `ctest --show-only=json-v1`."""
    return {
        test["name"]: pathlib.Path(test["command"][0]).name
        for test in json.loads(listing)["tests"]
        if test.get("command")
    }


def read_allowed_skips(path: pathlib.Path) -> set[str]:
    """Lines "PART NAME  # reason"; a line without a reason is refused."""
    allowed = set()
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, separator, reason = line.partition("  # ")
        if not separator or not reason.strip():
            raise ValueError(f"{path}:{number}: a skip needs its reason: NAME  # reason")
        allowed.add(name.strip())
    return allowed
