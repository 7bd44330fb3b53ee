"""The whole daemon on a disk that fills up or turns read-only, and on one that is well again.

The host's clock is left alone: what a step of it does is in tests/unit/timeline (RetentionTest, GapTest).
"""

import contextlib
import pathlib
import tempfile
import time

import pytest
from dying import again_within, all_ended, mortal, records_again, rows
from load import connect_load
from observer import Observer, cli
from shell import run, wait_until

LOST = "nsobserver_events_lost_total"


@contextlib.contextmanager
def mounted(*mount):
    """A filesystem of the test's own; `mount` is the command without its last word."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nsobs-disk-", dir="/var/tmp"))
    try:
        run(*mount, folder)
        folder.chmod(0o700)
        yield folder
    finally:
        run("umount", "-l", folder, check=False)
        folder.rmdir()


@pytest.fixture
def ext4(tmp_path):
    image = tmp_path / "image"
    with image.open("wb") as file:
        file.truncate(32 << 20)
    run("mkfs.ext4", "-q", "-F", image)
    return image


def make_full(folder: pathlib.Path) -> pathlib.Path:
    """To the last byte; what the daemon frees meanwhile is taken, too."""
    ballast = folder / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (1 << 16, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * size)
    return ballast


def storage_is(observer, up: int):
    return lambda: observer.scrape().sum("nsobserver_storage_up") == up


def lost(observer) -> float:
    return observer.scrape().sum(LOST, cause="storage_error")


def test_a_disk_that_is_full_for_a_while():
    """Large enough not to be full again by the load before all was looked at."""
    with mounted("mount", "-t", "tmpfs", "-o", "size=16m,mode=700", "nsobs-full") as disk, \
            Observer("--anomaly.connect-failure=off", storage=disk) as observer, connect_load(rate=500):
        wait_until(lambda: len(rows(observer)) > 100, 30, "rows")
        seen = rows(observer, "2m")
        ballast = make_full(disk)

        def full() -> bool:
            make_full(disk)
            return lost(observer) > 0 and storage_is(observer, 0)()

        wait_until(full, 60, "events are told as lost", interval=0.2)
        assert observer.process.poll() is None
        ballast.unlink()
        last = max(rows(observer, "2m"))
        wait_until(lambda: max(rows(observer)) > last + 100, again_within(), "rows again")
        wait_until(storage_is(observer, 1), 10, "storage is up")
        wait_until(lambda: observer.events("--kind", "loss", "--since", "10m"), 20, "the loss is told")
        told = [row["loss"] for row in observer.events("--kind", "loss", "--since", "10m")]
        assert "storage_error" in {loss["cause"] for loss in told}, told
        assert seen.items() <= rows(observer, "10m").items()
        assert not [one for one in disk.iterdir() if ".corrupt-" in one.name], "a full disk is no damage"
        assert "writing again" in observer.log.read_text()
        assert observer.stop()[0] == 0


def test_a_start_on_a_full_disk_and_after_it():
    with mounted("mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "nsobs-full") as disk, connect_load(rate=300):
        ballast = make_full(disk)
        observer = Observer("--anomaly.connect-failure=off", storage=disk)
        result = cli("run", "--storage.path", str(disk), "--web.listen-address", f"127.0.0.1:{observer.port}")
        assert result.returncode != 0 and "full" in result.stderr, result.stderr
        ballast.unlink()
        with observer:
            wait_until(lambda: rows(observer), 30, "rows")
            assert observer.stop()[0] == 0


def test_a_disk_that_turns_read_only(ext4):
    """ext4 does so by itself when it finds an error; it is well again only when it is mounted anew."""
    mount = ("mount", "-o", "loop,errors=remount-ro", ext4)
    with mounted(*mount) as disk, connect_load(rate=300):
        storage = disk / "state"
        storage.mkdir(mode=0o700)
        with Observer("--anomaly.connect-failure=off", "--handover.seconds=0", storage=storage) as observer:  # the keeper's socket is on the disk
            wait_until(lambda: len(rows(observer)) > 100, 30, "rows")
            seen = rows(observer, "2m")
            run("sync", "-f", disk)  # ext4 throws away what it has not written by then, as a loss of power does
            device = run("findmnt", "-no", "SOURCE", disk).stdout.strip().removeprefix("/dev/")
            pathlib.Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("1")
            wait_until(lambda: lost(observer) > 0 and storage_is(observer, 0)(), 30, "events are told as lost")
            assert observer.process.poll() is None
            assert seen.items() <= rows(observer, "5m").items(), "what is there can be read"
            others = mortal(observer.process.pid)
            observer.kill()
            all_ended(others)
            run("umount", disk)
            run(*mount, disk)
            records_again(observer)
            assert seen.items() <= rows(observer, "10m").items()
            gaps = [row["gap"] for row in observer.events("--kind", "gap", "--since", "10m")]
            assert [gap["part"] for gap in gaps] == ["all"], gaps
            assert not [one for one in storage.iterdir() if ".corrupt-" in one.name]
            assert observer.stop()[0] == 0


def test_a_start_on_a_disk_that_is_read_only(tmp_path):
    with mounted("mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "nsobs-ro") as disk:
        run("mount", "-o", "remount,ro", disk)
        began = time.monotonic()
        result = cli("run", "--storage.path", str(disk), "--web.listen-address", "127.0.0.1:0")
        assert time.monotonic() - began < 10
        assert result.returncode != 0 and str(disk) in result.stderr and "ead-only" in result.stderr, result.stderr
