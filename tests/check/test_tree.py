"""What the tree must have and must not have."""

import re

import pytest

import tree

# Names of machines and mirrors don't belong into the project: it builds wherever Debian 12 is.
FORBIDDEN = {
    "path of a development machine": re.compile(rb"/work/(main|shared|\.library)|/srv/lab\b|\.\./shared\b"),
    "package host": re.compile(
        rb"(deb|security|snapshot|ftp\.\w+)\.debian\.org|registry\.npmjs|pypi\.org|proxy\.golang|"
        rb"archive\.ubuntu", re.IGNORECASE),
    "merge marker": re.compile(rb"^(<<<<<<<|>>>>>>>) ", re.MULTILINE),
    "absl::Mutex, which ThreadSanitizer can't follow: userspace/base/mutex.h":
        re.compile(rb"absl/synchronization|absl::Mutex\b"),
    "open point": re.compile(rb"\b(TODO|FIXME|XXX)\b"),
}
# This file has to spell what it forbids; a licence is quoted as it is.
EXEMPT = {"tests/check/test_tree.py", "LICENSE", "userspace/base/mutex.h"}


def top_folders():
    return sorted({path.parts[0] for path in tree.files() if len(path.parts) > 1
                   and not path.parts[0].startswith(".")})


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_has(what):
    found = []
    for path in tree.files():
        if str(path) in EXEMPT or path.suffix == ".png":  # compressed: any bytes may stand there
            continue
        for match in FORBIDDEN[what].finditer((tree.ROOT / path).read_bytes()):
            found.append(f"{path}: {match.group().decode()}")
    assert found == []


def test_names_of_files_are_plain():
    """An odd one is a shell's redirection that went astray."""
    assert [str(path) for path in tree.files() if not re.fullmatch(r"[\w./@+-]+", str(path))] == []


def test_every_top_folder_has_a_readme():
    missing = [folder for folder in ["", *top_folders()] if not (tree.ROOT / folder / "README.md").is_file()]
    assert missing == []


def test_readmes_name_only_what_exists():
    """A path in backquotes that looks like one of ours is there."""
    wrong = []
    for readme in tree.files("*.md"):
        for name in re.findall(r"`((?:bpf|userspace|exporters|deploy|tests|\.ci)/[\w./-]+)`",
                               (tree.ROOT / readme).read_text()):
            if not (tree.ROOT / name).exists():
                wrong.append(f"{readme}: {name}")
    assert wrong == []


def test_allowed_skips_have_reasons():
    for line in (tree.ROOT / "tests/allowed_skips").read_text().splitlines():
        assert not line or line.startswith("#") or re.fullmatch(r"\S.*  # \S.*", line), line


def test_no_test_is_switched_off():
    off = []
    for path in tree.files("tests/*.cc", "tests/*.py"):
        text = (tree.ROOT / path).read_text()
        if re.search(r"TEST(_F|_P)?\(\w+,\s*DISABLED_|pytest\.mark\.(skip|xfail)\b", text) and path.parts[1] != "check":
            off.append(str(path))
    assert off == []
