"""What goes wrong at the start is one clear line on stderr, and the right exit code."""

import os
import signal
import socket
import subprocess

import pytest
from observer import BINARY, Observer, cli
from shell import run

WRONG_USE, NOT_PERMITTED, NO = 2, 3, 1


def one_line(result: subprocess.CompletedProcess, code: int, *parts: str) -> None:
    assert result.returncode == code, result.stderr
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    for part in parts:
        assert part in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("words, parts", [
    (("run", "--storage.pth", "/x"), ("--storage.pth",)),
    (("run", "--web.listen-address", "nonsense"), ("web.listen-address", "nonsense")),
    (("run", "--storage.retention-age", "7x"), ("storage.retention-age", "7x")),
    (("run", "--signals.told", "SIGNONSENSE"), ("SIGNONSENSE",)),
    (("run", "--config", "/nonexistent/nsobserver.yaml"), ("/nonexistent/nsobserver.yaml",)),
    (("frobnicate",), ("frobnicate",)),
    (("events", "--kind", "nonsense"), ("nonsense",)),
    (("events", "--since", "yesterdayish"), ("yesterdayish",)),
    (("events", "-o", "xml"), ("xml",)),
    (("events", "--netns", "abc"), ("abc",)),
    (("compare", "only-one"), ()),
])
def test_wrong_use(words, parts, tmp_path):
    if words[0] == "events":
        words = (*words, "--storage.path", str(tmp_path))
    one_line(cli(*words), WRONG_USE, *parts)


@pytest.mark.parametrize("text, line, part", [
    ("storage:\n  pth: /x\n", 2, "pth"),
    ("storage:\n  path: /x\nweb: [\n", 4, ""),
    ("web:\n  listen-address: nonsense\n", 2, "nonsense"),
    ("signals:\n  told:\n    - SIGTERM\n    - SIGNONSENSE\n", 3, "SIGNONSENSE"),  # where the list begins
    ("nonsense: 1\n", 1, "nonsense"),
])
def test_bad_file(text, line, part, tmp_path):
    config = tmp_path / "bad.yaml"
    config.write_text(text)
    result = cli("run", "--config", str(config))
    one_line(result, WRONG_USE, part, str(config))
    if part:
        assert f"{config}:{line}" in result.stderr


def test_port_in_use(tmp_path):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        address = f"127.0.0.1:{listener.getsockname()[1]}"
        result = cli("run", "--storage.path", str(tmp_path), "--web.listen-address", address)
    one_line(result, NOT_PERMITTED, address)


def test_second_instance_on_the_same_storage(observer):
    result = cli("run", "--storage.path", str(observer.storage), "--web.listen-address",
                 "127.0.0.1:0")
    one_line(result, NOT_PERMITTED, str(observer.storage), str(observer.process.pid))
    observer.scrape()


def test_storage_that_cannot_be_made(tmp_path):
    file = tmp_path / "file"
    file.touch()
    result = cli("run", "--storage.path", str(file / "below"), "--web.listen-address", "127.0.0.1:0")
    assert result.returncode in (NO, WRONG_USE, NOT_PERMITTED)
    one_line(result, result.returncode, str(file))


def test_not_root(tmp_path):
    os.chmod(tmp_path, 0o777)
    result = run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", BINARY, "run",
                 "--storage.path", tmp_path / "storage", "--web.listen-address", "127.0.0.1:0",
                 check=False)
    one_line(result, NOT_PERMITTED)


def test_no_btf(tmp_path):
    result = run("unshare", "--mount", "--propagation", "private", "sh", "-c",
                 'mount -t tmpfs none /sys/kernel/btf && exec "$@"', "sh",
                 BINARY, "run", "--storage.path", tmp_path, "--web.listen-address", "127.0.0.1:0",
                 check=False)
    one_line(result, NOT_PERMITTED, "BTF")


def test_events_without_a_timeline(tmp_path):
    result = cli("events", "--storage.path", str(tmp_path))
    assert result.returncode in (NO, WRONG_USE)
    one_line(result, result.returncode, str(tmp_path))


def test_command_line_while_the_daemon_is_down(observer):
    observer.process.send_signal(signal.SIGKILL)
    observer.process.wait(10)
    for words in (("containers",), ("namespaces",), ("events", "--since", "1h"), ("doctor",)):
        result = observer.cli(*words) if words[0] != "doctor" else cli("doctor")
        assert result.returncode in (0, 1), result.stderr
        assert result.stderr == "" or result.returncode == 1, result.stderr


def test_two_daemons_do_not_need_each_other():
    with Observer() as first:
        with Observer() as second:
            second.scrape()
        first.scrape()
