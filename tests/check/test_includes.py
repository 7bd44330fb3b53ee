"""Who may include whom: the table of the architecture, checked on every #include of ours."""

import re

import pytest

import tree

# Folder -> the folders that it may include besides itself. What is not named here may not be there.
STAGES = ["correlation", "enrichment", "timeline", "anomaly", "snapshot", "diagnosis", "collector", "budget", "handover"]
BASE = ["userspace/base"]
NOUNS = ["userspace/event", *BASE]
MAY_INCLUDE = {
    "userspace/base": [],
    "userspace/event": BASE,
    **{f"userspace/{stage}": NOUNS for stage in STAGES},
    "exporters/prometheus": NOUNS,
    "exporters/jsonl": NOUNS,
    "exporters/otlp": [*NOUNS, "userspace/timeline"],
    "exporters/web": [*NOUNS, "userspace/timeline"],
    "userspace/config": BASE,  # and every options.h, below
    "userspace/pipeline": [*NOUNS, *(f"userspace/{stage}" for stage in STAGES)],
}
ANYTHING = ["userspace/main", "tests"]
KERNEL_ABI = "bpf/event_abi.h"

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
OURS = ("userspace/", "exporters/", "bpf/", "tests/")


def component(path: str) -> str:
    parts = path.split("/")
    return parts[0] if parts[0] in ("bpf", "tests") else "/".join(parts[:2])


def forbidden(path: str, included: str) -> str | None:
    """Why `path` may not include `included`; None when it may."""
    own, theirs = component(path), component(included)
    if own in ANYTHING:
        return None
    if included == KERNEL_ABI or included.endswith(".skel.h"):
        return None if own == "userspace/collector" else "the kernel's records stay in the collector"
    if not included.startswith(OURS):  # "absl/..." is somebody else's, "clock.h" would be ours
        return None if "/" in included else "includes of ours are rooted at the repository"
    if own == theirs:
        return None
    if own not in MAY_INCLUDE:
        return f"{own} is not in the table of tests/check/test_includes.py"
    if own == "userspace/config" and included.endswith("options.h"):
        return None
    return None if theirs in MAY_INCLUDE[own] else f"{own} may not include {theirs}"


def test_includes_follow_the_table():
    wrong = []
    for path in tree.files("userspace/*.cc", "userspace/*.h", "exporters/*.cc", "exporters/*.h"):
        for included in INCLUDE.findall((tree.ROOT / path).read_text()):
            reason = forbidden(str(path), included)
            if reason:
                wrong.append(f'{path}: "{included}": {reason}')
    assert wrong == []


def test_links_follow_the_table():
    """CMake says it a second time: what a component links is what it may include."""
    wrong = []
    for path in tree.files("userspace/*/CMakeLists.txt", "exporters/*/CMakeLists.txt"):
        own = component(str(path))
        if own in ANYTHING:
            continue
        text = (tree.ROOT / path).read_text()
        for block in re.findall(r"nsobs_component\(([^)]*)\)", text):
            for library in re.findall(r"\bnsobs_(\w+)", block.split("DEPS", 1)[-1] if "DEPS" in block else ""):
                folder = next((f"{top}/{library}" for top in ("userspace", "exporters")
                               if (tree.ROOT / top / library).is_dir()), None)
                if folder and folder != own and folder not in MAY_INCLUDE.get(own, []) \
                        and own != "userspace/config":
                    wrong.append(f"{path}: links nsobs_{library}")
    assert wrong == []


@pytest.mark.parametrize("path, included, allowed", [
    ("userspace/event/event.h", "userspace/base/clock.h", True),
    ("userspace/base/clock.h", "userspace/event/event.h", False),
    ("userspace/timeline/writer.cc", "userspace/correlation/x.h", False),
    ("userspace/enrichment/x.cc", "userspace/correlation/x.h", False),
    ("userspace/correlation/x.cc", "bpf/event_abi.h", False),
    ("userspace/collector/x.cc", "bpf/event_abi.h", True),
    ("exporters/prometheus/x.cc", "userspace/timeline/query.h", False),
    ("exporters/web/x.cc", "userspace/timeline/query.h", True),
    ("userspace/config/x.cc", "userspace/timeline/options.h", True),
    ("userspace/config/x.cc", "userspace/timeline/writer.h", False),
    ("userspace/pipeline/x.cc", "userspace/timeline/writer.h", True),
    ("userspace/main/x.cc", "exporters/web/server.h", True),
    ("userspace/event/event.h", "clock.h", False),
])
def test_the_rule_itself(path, included, allowed):
    assert (forbidden(path, included) is None) == allowed
