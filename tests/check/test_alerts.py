"""The alerts: promtool reads and tries them, each has its page of the runbook, and none of the cases is without one."""

import json
import re
import subprocess

import pytest
import yaml

import tree
from alert_cases import CASES, Fires, Quiet
from catalog import catalog, recorded, unknown_metrics

RULES = sorted((tree.ROOT / "deploy/prometheus/rules").glob("*.yml"))
SEVERITIES = {"page", "ticket", "info"}
FAMILIES = {"network", "files", "processes", "memory", "isolation", "agent"}
# Nobody is told a cause that is not known.
SELECTOR = re.compile(r'\s*max without \(confidence\) \(nsobserver_finding_active\{([^}]*), confidence!="unknown"\}\) == 1')
MATCHER = re.compile(r'\bcase(=~|!~|!=|=)"([^"]*)"')


def rules() -> list[dict]:
    return [rule for path in RULES for group in yaml.safe_load(path.read_text())["groups"] for rule in group["rules"]]


def alerts() -> dict[str, dict]:
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


def filled_in(text: str, labels: dict[str, str]) -> str:
    """A template that only names labels."""
    return re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda match: labels.get(match[1], ""), text)


def promtool(*words) -> subprocess.CompletedProcess:
    return subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, timeout=120)


def as_promtool_reads(case: Fires | Quiet) -> dict:
    expected = []
    if isinstance(case, Fires):
        rule = alerts()[case.alert]
        labels = {**case.labels, **rule["labels"]}
        expected = [{"exp_labels": labels, "exp_annotations": {
            "summary": case.summary,
            "description": filled_in(rule["annotations"]["description"], labels),
            "runbook_url": filled_in(rule["annotations"]["runbook_url"], labels)}}]
    return {"interval": "1m", "name": f"{case.alert}: {getattr(case, 'why', 'fires')}",
            "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
            "alert_rule_test": [{"eval_time": f"{case.at}m", "alertname": case.alert, "exp_alerts": expected}]}


def test_promtool_finds_nothing():
    result = promtool("check", "rules", "--lint=all", "--lint-fatal", *RULES)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("alert", sorted({case.alert for case in CASES}))
def test_alert(alert, tmp_path):
    tests = [as_promtool_reads(case) for case in CASES if case.alert == alert]
    (tmp_path / "test.yml").write_text(json.dumps({  # JSON is YAML
        "rule_files": [str(path) for path in RULES], "evaluation_interval": "1m", "tests": tests}))
    result = promtool("test", "rules", tmp_path / "test.yml")
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("kind", [Fires, Quiet])
def test_every_alert_is_tried(kind):
    assert {case.alert for case in CASES if isinstance(case, kind)} == set(alerts())


def test_alerts_have_what_people_need():
    for name, rule in alerts().items():
        assert name.startswith("Nsobserver")
        assert rule["labels"]["severity"] in SEVERITIES, name
        assert rule["labels"]["family"] in FAMILIES, name
        assert set(rule["labels"]) == {"severity", "family"}, name
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}, name
        finding = SELECTOR.match(rule["expr"])
        who = "$labels.container" if finding or "$labels.container" in rule["annotations"]["description"] else "nsobserver"
        assert who in rule["annotations"]["summary"], name
        if finding:
            assert "({{ $labels.case }})" in rule["annotations"]["summary"], name


def cases_of_the_project() -> set[str]:
    text = (tree.ROOT / "userspace/diagnosis/case_list.cc").read_text()
    found = set(re.findall(r'^\s*\{"([a-z-]+)", \w+, "', text, re.MULTILINE))
    assert len(found) > 20
    return found


def matches(rule: dict, case: str) -> bool:
    """Whether the alert is about a finding of that case, or has its page (of nsobserver itself: a metric says it as well)."""
    selector = SELECTOR.match(rule["expr"])
    if not selector:
        return rule["annotations"]["runbook_url"].endswith(f"#{case}")
    holds = {"=": lambda want: case == want, "!=": lambda want: case != want,
             "=~": lambda want: re.fullmatch(want, case), "!~": lambda want: not re.fullmatch(want, case)}
    return all(holds[operator](want) for operator, want in MATCHER.findall(selector[1]))


def test_every_case_has_an_alert_and_a_page():
    headings = {}
    for page in (tree.ROOT / "deploy/runbooks").glob("*.md"):
        for section in page.read_text().split("\n## ")[1:]:
            title, _, text = section.partition("\n")
            assert title not in headings, f"twice: {title}"
            headings[title.lower()] = page.name
            for part in ("- **Symptom:** ", "- **nsobserver shows:** ", "- **Do:** "):
                assert text.count(part) == 1, f"{page.name}, {title}: {part}"
    for case in sorted(cases_of_the_project()):
        told = {name: rule for name, rule in alerts().items() if matches(rule, case)}
        assert told, f"no alert is about {case}"
        for rule in told.values():
            page, _, anchor = filled_in(rule["annotations"]["runbook_url"], {"case": case}).partition("#")
            assert anchor == case
            assert headings.get(case) == page.rpartition("/")[2], f"{page} has no section {case}"
    for name, rule in alerts().items():
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert (tree.ROOT / page).is_file(), name
        if "$labels" not in anchor:
            assert headings.get(anchor) == page.rpartition("/")[2], f"{page} has no section {anchor}"


def test_no_alert_is_about_findings_without_a_cause():
    for rule in rules():
        for selector in re.findall(r"nsobserver_finding_active(\{[^}]*\})?", rule["expr"]):
            assert 'confidence!="unknown"' in selector, rule


def test_runbooks_name_every_alert():
    text = "".join(page.read_text() for page in (tree.ROOT / "deploy/runbooks").glob("*.md"))
    assert [name for name in alerts() if name not in text] == []


def test_rules_ask_for_what_there_is():
    for rule in rules():
        assert unknown_metrics(rule["expr"], catalog(), recorded(rules())) == [], rule.get("alert") or rule["record"]


def test_the_guide_counts_them_right():
    guide = (tree.ROOT / "deploy/prometheus/README.md").read_text()
    for severity in SEVERITIES:
        number = sum(rule["labels"]["severity"] == severity for rule in alerts().values())
        assert re.search(rf"^\| {severity} \| .* \| {number} \|$", guide, re.MULTILINE), (severity, number)


def test_what_runbooks_and_alerts_tell_to_type_exists():
    options = yaml.safe_load((tree.ROOT / "deploy/nsobserver.yaml").read_text())
    helps = {path.stem: path.read_text() for path in (tree.ROOT / "tests/golden/help").glob("*.txt")}
    texts = [page.read_text() for page in (tree.ROOT / "deploy/runbooks").glob("*.md")]
    texts += [rule["annotations"]["description"] for rule in alerts().values()]
    commands = 0
    for text in texts:
        for section, name in re.findall(r"`([a-z]+)\.([a-z-]+)(?:: \w+)?`", text):
            if section not in ("memory", "net"):  # the kernel's
                assert name in options[section], f"{section}.{name}"
        for command, words in re.findall(r"nsobserver (\w+)((?: [^`\n]*)?)", text):
            if command not in helps:
                continue
            commands += 1
            for flag in re.findall(r"(--[a-z][\w.-]*)", words.partition(" -- ")[0]):
                assert re.search(rf"{flag}\b", helps[command]), f"{command} {flag}"
            for kind in re.findall(r"--kind ([\w,]+)", words):
                assert all(one in helps[command] for one in kind.split(",")), kind
    assert commands > 20
