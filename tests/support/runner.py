"""The parts of the test suite, in which order they run, and their sum. Called by tests/run.

Two chains run beside each other after the release build: the tests that need the machine's kernel,
and (at low priority) what needs the compiler. What measures, or emulates a machine, runs last and alone.
"""

import argparse
import collections
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import totals as counting

ROOT = pathlib.Path(__file__).resolve().parents[2]
RESULTS = ROOT / "build" / "test-results"
FUZZ_SECONDS = int(os.environ.get("NSOBS_FUZZ_SECONDS", "60"))  # each; hours by hand, before a release
PYTEST = ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-ra", "--tb=short"]


class PartFailed(Exception):
    """A step without test cases (configure, build) failed."""


@dataclass
class Part:
    name: str
    low_priority: bool = False
    seconds: float = 0
    totals: counting.Totals = field(default_factory=counting.Totals)

    @property
    def folder(self) -> pathlib.Path:
        return RESULTS / self.name

    @property
    def log(self) -> pathlib.Path:
        return self.folder / "log"

    def run(self, command: list[str], timeout: int = 1800, log_name: str = "log", **environment: str) -> int:
        """Appends to the log. The whole process group dies with the timeout."""
        if self.low_priority:
            command = ["nice", "-n", "19", *command]
        with (self.folder / log_name).open("ab") as log:
            log.write(f"\n$ {' '.join(map(str, command))}\n".encode())
            log.flush()
            process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, env={**os.environ, **environment})
            running.append(process)
            if self.low_priority:
                lower_session(process.pid)
            try:
                return process.wait(timeout)
            except subprocess.TimeoutExpired:
                log.write(f"\ntimeout after {timeout} s\n".encode())
                return 124
            finally:
                stop(process)
                running.remove(process)

    def must(self, command: list[str], timeout: int = 2400) -> None:
        if self.run(command, timeout) != 0:
            raise PartFailed(" ".join(command))


running: list[subprocess.Popen] = []


def lower_session(pid: int) -> None:
    """`nice` counts within a session only, where the kernel groups tasks by it (sched_autogroup)."""
    with contextlib.suppress(OSError):
        pathlib.Path(f"/proc/{pid}/autogroup").write_text("19")


def stop(process: subprocess.Popen) -> None:
    """Ends what is left of the process group: first politely, so that fixtures can clean up."""
    for number, patience in ((signal.SIGTERM, 20), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, number)
            process.wait(patience)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


one_at_a_time = collections.defaultdict(threading.Lock)  # by preset: two chains may want the same folder


def build(part: Part, preset: str, targets: list[str] | None = None) -> None:
    with one_at_a_time[preset]:
        part.must(["cmake", "--preset", preset, "-DNSOBS_TESTS=ON"])  # quickstart switches them off
        part.must(["cmake", "--build", "--preset", preset, *(["--target", *targets] if targets else [])])


def ctest(part: Part, build_folder: str, *selection: str) -> None:
    folder = ROOT / build_folder
    xml = part.folder / "gtest"
    junit = part.folder / "ctest.xml"
    listing = subprocess.run(
        ["ctest", "--test-dir", folder, "--show-only=json-v1", *selection],
        check=True, capture_output=True, text=True).stdout
    programs = counting.programs_of_ctest(listing)
    if not programs:
        raise PartFailed(f"no tests match {' '.join(selection)} in {build_folder}")
    part.run(["ctest", "--test-dir", str(folder), "--output-on-failure", "--no-tests=error",
              "--output-junit", str(junit), *selection],
             GTEST_OUTPUT=f"xml:{xml}/", GTEST_COLOR="no",
             ASAN_OPTIONS="detect_stack_use_after_return=1:strict_string_checks=1",
             UBSAN_OPTIONS="print_stacktrace=1", TSAN_OPTIONS="second_deadlock_stack=1")
    part.totals.merge(counting.of_ctest(junit, xml, programs))


def pytest(part: Part, *selection: str, command: list[str] | None = None, name: str = "pytest") -> None:
    junit = part.folder / f"{name}.xml"
    code = part.run([*(command or PYTEST), f"--junitxml={junit}", *selection, *pytest_arguments])
    if junit.exists():
        part.totals.merge(counting.of_pytest(junit))
    nothing_chosen = code == 5 and pytest_arguments
    if code not in (0, 1) and not nothing_chosen:
        raise PartFailed(f"pytest ended with {code}")


pytest_arguments: list[str] = []


# ---- the parts: name -> what it does ------------------------------------------------------------


def run_build(part: Part) -> None:
    build(part, "release")


def run_unit(part: Part) -> None:
    ctest(part, "build", "-LE", "bpf|bench", "-j2")


def run_bpf(part: Part) -> None:
    require_root()
    ctest(part, "build", "-L", "bpf")


def run_check(part: Part) -> None:
    pytest(part, "tests/check")


def run_tidy(part: Part) -> None:
    junit = part.folder / "tidy.xml"
    part.run(["/usr/bin/python3", "tests/check/tidy.py", f"--junit={junit}"])
    part.totals.merge(counting.of_pytest(junit))


def run_e2e(part: Part) -> None:
    require_root()
    pytest(part, "tests/e2e", "-m", "not measuring")


def run_package(part: Part) -> None:
    """The Debian package, the image, the manifests of Kubernetes."""
    require_root()
    part.must(["cmake", "--build", "--preset", "release", "--target", "deb"])
    pytest(part, "tests/package", "--ignore=tests/package/test_guest.py")


def run_guest(part: Part) -> None:
    """The Debian package under a real systemd, in an emulated machine."""
    require_root()
    part.must(["cmake", "--build", "--preset", "release", "--target", "deb"])
    pytest(part, "tests/package/test_guest.py")


def run_fleet(part: Part) -> None:
    """What deploy/fleet has, against a real VictoriaLogs; the first time it is built, which takes two minutes."""
    require_root()
    part.must(["tests/fleet/build-victoria-logs"])
    pytest(part, "tests/fleet/test_timeline_dashboard.py")


def run_measuring(part: Part) -> None:
    require_root()
    pytest(part, "tests/e2e", "-m", "measuring")


def run_vm(part: Part) -> None:
    """Debian's kernels in QEMU, four of them; tests/vm/run --all runs the rest."""
    junit = part.folder / "vm.xml"
    part.run(["tests/vm/run", "--beside=3", f"--junit={junit}"], timeout=3000)
    part.totals.merge(counting.of_pytest(junit))


def run_gauntlet(part: Part) -> None:
    """Hostile containers; asserts on memory and time, too."""
    require_root()
    pytest(part, "tests/gauntlet")


def run_bench(part: Part) -> None:
    """That the benchmarks run; their figures are for people."""
    require_root()
    ctest(part, "build", "-L", "bench-smoke")


def run_asan(part: Part) -> None:
    build(part, "asan", ["unit_tests"])
    ctest(part, "build-asan", "-L", "unit", "-j2")


def run_tsan(part: Part) -> None:
    build(part, "tsan", ["unit_tests"])
    ctest(part, "build-tsan", "-L", "unit", "-j2")


def run_race(part: Part) -> None:
    """The whole daemon with ThreadSanitizer: all that it does at once, and those end-to-end tests that can be run so."""
    require_root()
    build(part, "tsan", ["nsobserver"])
    pytest(part, "tests/race")
    pytest(part, command=["tests/race/e2e"], name="e2e")


def run_fuzz(part: Part) -> None:
    """Each fuzzer from its seeds for a minute, two at a time; a finding is kept in the results folder."""
    build(part, "fuzz", ["fuzzers"])
    fuzzers = sorted(p for p in (ROOT / "build-fuzz/tests/fuzz").glob("*fuzz*")
                     if p.is_file() and os.access(p, os.X_OK))
    if not fuzzers:
        raise PartFailed("no fuzzers were built")

    def fuzz(fuzzer: pathlib.Path) -> int:
        corpus = part.folder / f"{fuzzer.name}.corpus"
        corpus.mkdir()
        seeds = [str(p) for p in (ROOT / "tests/fuzz/corpus" / fuzzer.name,) if p.is_dir()]
        return part.run([str(fuzzer), f"-max_total_time={FUZZ_SECONDS}", "-print_final_stats=1",
                         f"-artifact_prefix={part.folder}/{fuzzer.name}.", str(corpus), *seeds],
                        timeout=FUZZ_SECONDS + 60, log_name=f"{fuzzer.name}.log")

    with ThreadPoolExecutor(max_workers=2) as pool, part.log.open("ab") as log:
        for fuzzer, code in zip(fuzzers, pool.map(fuzz, fuzzers), strict=True):
            log.write((part.folder / f"{fuzzer.name}.log").read_bytes())
            part.totals.add(fuzzer.name, "passed" if code == 0 else "failed")


def require_root() -> None:
    if os.geteuid() != 0:
        raise PartFailed("needs root: BPF programs and real containers")


PARTS = {
    "build": run_build, "unit": run_unit, "bpf": run_bpf, "check": run_check, "e2e": run_e2e, "package": run_package,
    "fleet": run_fleet, "asan": run_asan, "tsan": run_tsan, "fuzz": run_fuzz, "tidy": run_tidy,
    "race": run_race, "guest": run_guest, "vm": run_vm, "measuring": run_measuring, "gauntlet": run_gauntlet,
    "bench": run_bench,
}
NEED_RELEASE = {"unit", "bpf", "e2e", "package", "fleet", "guest", "vm", "tidy", "measuring", "gauntlet", "bench"}
FOREGROUND = ["unit", "bpf", "check", "e2e", "package", "fleet", "race"]
BACKGROUND = ["asan", "tsan", "fuzz", "tidy"]
ALONE = ["vm", "guest", "measuring", "gauntlet", "bench"]


def execute(part: Part) -> None:
    shutil.rmtree(part.folder, ignore_errors=True)
    part.folder.mkdir(parents=True)
    print(f"[{part.name}] started", flush=True)
    start = time.monotonic()
    try:
        PARTS[part.name](part)
    except (PartFailed, OSError, subprocess.SubprocessError) as error:
        with part.log.open("a") as log:
            log.write(f"\n{error}\n")
        part.totals.add(str(error), "failed")
    part.seconds = time.monotonic() - start
    print(f"[{part.name}] {part.totals.line()} in {part.seconds:.0f} s", flush=True)
    if part.totals.failed:
        lines = part.log.read_text(errors="replace").splitlines()[-150:]
        print("\n".join(f"[{part.name}] {line}" for line in lines), flush=True)


def schedule(wanted: list[str]) -> list[Part]:
    parts = {name: Part(name, low_priority=name in BACKGROUND) for name in wanted}

    def chain(names: list[str]) -> None:
        for name in names:
            if name in parts:
                execute(parts[name])

    chain(["build"])
    if "build" in parts and parts["build"].totals.failed:
        return [parts["build"]]
    background = threading.Thread(target=chain, args=(BACKGROUND,))
    background.start()
    chain(FOREGROUND)
    background.join()
    chain(ALONE)
    return list(parts.values())


def report(parts: list[Part], allowed: set[str]) -> int:
    print(f"\n{'part':<12}{'passed':>8}{'failed':>8}{'skipped':>9}{'time':>9}")
    total = counting.Totals()
    unexpected = []
    for part in parts:
        total.merge(part.totals)
        unexpected += [f"{part.name} {name}" for name in part.totals.skipped
                       if f"{part.name} {name}" not in allowed]
        print(f"{part.name:<12}{part.totals.passed:>8}{len(part.totals.failed):>8}"
              f"{len(part.totals.skipped):>9}{part.seconds:>7.0f} s")
    for part in parts:
        for name in part.totals.failed:
            reason = part.totals.reasons.get(name)
            print(f"FAILED: {part.name} {name}" + (f": {reason}" if reason else ""))
    for name in unexpected:
        print(f"SKIPPED, not in tests/allowed_skips: {name}")
    print(f"\n{total.line()}", flush=True)
    return 1 if total.failed or unexpected or total.passed == 0 and wants_cases(parts) else 0


def wants_cases(parts: list[Part]) -> bool:
    return any(part.name != "build" for part in parts)


def choose(names: list[str]) -> list[str]:
    """In the order of PARTS, with what the wanted parts stand on."""
    wanted = set(names or PARTS)
    if wanted & NEED_RELEASE:
        wanted.add("build")
    return [name for name in PARTS if name in wanted]


def interrupted(number, _frame) -> None:
    for process in list(running):
        stop(process)
    sys.stdout.flush()
    os._exit(128 + number)


def main() -> int:
    arguments = sys.argv[1:]
    if "--" in arguments:
        cut = arguments.index("--")
        pytest_arguments.extend(arguments[cut + 1:])
        arguments = arguments[:cut]
    parser = argparse.ArgumentParser(prog="tests/run")
    parser.add_argument("--list", action="store_true", help="name the parts and stop")
    parser.add_argument("part", nargs="*", help="default: all")
    options = parser.parse_args(arguments)
    if options.list:
        print("\n".join(PARTS))
        return 0
    for name in options.part:
        if name not in PARTS:
            parser.error(f"no part is called {name}: {', '.join(PARTS)}")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)
    allowed = counting.read_allowed_skips(ROOT / "tests" / "allowed_skips")
    os.environ.setdefault("CCACHE_BASEDIR", str(ROOT))  # clones share what they compiled
    os.environ.setdefault("CCACHE_NOHASHDIR", "1")
    return report(schedule(choose(options.part)), allowed)


if __name__ == "__main__":
    sys.exit(main())
