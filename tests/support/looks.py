"""Looks into containers by observers that run beside the one under test: entries to it, and rightly so."""

import json


def of_another_observer(observer, lineage: list[dict]) -> bool:
    """`lineage` of an entry: who came in, its parent and so on. What the observer itself looks at is none."""
    return lineage[0]["comm"] == "nsobs-look" and observer.process.pid not in [one["pid"] for one in lineage]


def entry_findings(observer, findings: list[dict]) -> list[dict]:
    """Of findings ns-entry, those that are not about looks of other observers; each as a whole."""
    whole = []
    for finding in findings:
        shown = observer.cli("findings", "show", str(finding["id"]), "-o", "json").stdout
        one = json.loads(shown)[0]
        lineage = next((e["value"] for e in one["evidence"] if e["source"].endswith("/facts/lineage")), None)
        if not lineage or not of_another_observer(observer, lineage):
            whole.append(one)
    return whole
