"""Manual pages and completions: what is generated from --help, and that groff, bash, zsh and fish take it."""

import os
import pty
import re
import select
import signal
import subprocess
import time

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


def fish(line: str) -> list[str]:
    script = f"source {FOLDER}/nsobserver.fish; complete -C '{line}'"
    result = subprocess.run(["fish", "--no-config", "-c", script], capture_output=True, text=True, timeout=30)
    assert (result.returncode, result.stderr) == (0, "")
    return [offered.split("\t")[0] for offered in result.stdout.splitlines()]


def test_fish_completes():
    assert fish("nsobserver find") == ["findings"]
    assert fish("nsobserver events --output js") == ["json", "jsonl"]
    assert fish("nsobserver events --kind oom") == ["oom_kill"]
    assert "--web.listen-address" in fish("nsobserver run --web")
    assert fish("nsobserver run --storage.path /us") == ["/usr/"]


ZSH = """
PS1= RPS1= PROMPT_EOL_MARK=; unsetopt zle_bracketed_paste prompt_cr; fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D
shown() {{ print -r -- "<<$BUFFER>>"; zle .kill-buffer }}; zle -N shown; bindkey '^]' shown; bindkey '^I' expand-or-complete; print -r RE''ADY
"""


def zsh(folder, typed: str) -> str:
    """What stands in the line of a terminal of its own after TAB."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("zsh", ["zsh", "-f", "-i"], {**os.environ, "TERM": "dumb", "HOME": str(folder)})
    said, end = "", time.monotonic() + 40

    def until(pattern: str) -> re.Match:
        nonlocal said
        while not (found := re.search(pattern, said)):
            assert time.monotonic() < end, said
            if select.select([terminal], [], [], 0.2)[0]:
                said += os.read(terminal, 4096).decode(errors="replace")
        return found

    try:
        os.write(terminal, ZSH.format(folder=folder).encode())
        until("READY")
        os.write(terminal, f"{typed}\t\x1d".encode())
        return until("<<(nsobserver[^>]*)>>")[1]
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)


@pytest.mark.parametrize(("typed", "completed"), [
    ("nsobserver find", "nsobserver findings "),
    ("nsobserver events --output=jsonl", "nsobserver events --output=jsonl "),
    ("nsobserver run --log.level=war", "nsobserver run --log.level=warn "),
    ("nsobserver run --web.li", "nsobserver run --web.listen-address="),
])
def test_zsh_completes(tmp_path, typed, completed):
    (tmp_path / "_nsobserver").write_text((FOLDER / "nsobserver.zsh").read_text())
    assert zsh(tmp_path, typed) == completed
