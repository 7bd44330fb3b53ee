"""Manual pages and completion: what is generated from --help, and that groff and bash take it."""

import re
import subprocess

import pytest

import tree

FOLDER = tree.ROOT / "deploy/cli"
COMPLETION = FOLDER / "nsobserver.bash"
PAGES = sorted((FOLDER / "man").glob("*.1"))


def complete(*words: str) -> list[str]:
    """What bash offers for the last word."""
    script = """
        source "$0"
        COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
        _nsobserver nsobserver "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    result = subprocess.run(["bash", "-c", script, COMPLETION, "nsobserver", *words], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    return result.stdout.split()


def test_they_are_what_is_generated():
    result = subprocess.run([FOLDER / "generate", "--check"], capture_output=True, text=True)
    assert (result.returncode, result.stdout + result.stderr) == (0, ""), "deploy/cli/generate writes them"


def test_every_command_has_a_page():
    helps = {path.stem for path in (tree.ROOT / "tests/golden/help").glob("*.txt")} - {"nsobserver"}
    assert {path.stem for path in PAGES} == {"nsobserver", *(f"nsobserver-{name}" for name in helps)}


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_groff_finds_nothing(page):
    result = subprocess.run(["groff", "-man", "-Tutf8", "-ww", page], capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")
    plain = re.sub(r".\x08|\x1b\[[\d;]*m", "", result.stdout)
    assert "\nEXAMPLES\n" in plain


def test_every_option_of_run_is_on_its_page():
    text = (FOLDER / "man/nsobserver-run.1").read_text()
    for line in (tree.ROOT / "deploy/nsobserver.yaml").read_text().splitlines():
        if line.startswith("  ") and not line.lstrip().startswith("#") and ":" in line:
            option = line.strip().partition(":")[0].replace("-", "\\-")
            assert f".{option} " in text or f".{option}\n" in text, option


def test_bash_completes():
    assert complete("find") == ["findings"]
    assert set(complete("snap")) == {"snapshot", "snapshots"}
    assert complete("events", "-o", "js") == ["json", "jsonl"]
    assert complete("events", "--kind", "oom") == ["oom_kill"]
    assert complete("run", "--log.level", "w") == ["warn"]
    assert "--web.listen-address" in complete("run", "--web")
    assert complete("run", "--storage.path", "/us") == ["/usr"]
    assert complete("events", "web") == []


def test_shellcheck_finds_nothing():
    result = subprocess.run(["shellcheck", "-s", "bash", COMPLETION], capture_output=True, text=True)
    assert result.returncode == 0, result.stdout
