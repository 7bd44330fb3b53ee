"""Real podman on cgroup v2 alone, in a guest, since the machine of the tests may have the controllers in v1: limits of
containers and of pods, by systemd and without it, with crun and runc.
"""

import pathlib
import re
import shutil
import subprocess
from dataclasses import dataclass, field

import disk
import guest
import images
import kernels
import podman_judge
import tables
from podman_facts import Facts

HERE = pathlib.Path(__file__).resolve().parent
KERNELS = ["6.1", "6.12"]
PACKAGES = ["podman", "crun", "runc", "conmon"]
STORAGE = '[storage]\ndriver = "vfs"\nrunroot = "/run/containers/storage"\ngraphroot = "/var/lib/containers/storage"\n'
BEGIN, END = "<!-- tests/vm/run --podman --readme -->", "<!-- end of tests/vm/run --podman -->"


@dataclass
class Outcome:
    name: str
    kernel: str
    release: str = "?"
    seconds: float = 0
    problems: list[str] = field(default_factory=list)
    deeds: dict[tuple[str, str], list[str]] = field(default_factory=dict)  # what is wrong; empty: nothing

    def line(self) -> str:
        """And a line for each deed."""
        right = sum(not wrong for wrong in self.deeds.values())
        state = "ok" if not self.problems else f"{len(self.problems)} PROBLEMS"
        lines = [f"[vm] {self.name} ({self.release}): {state}, {right}/{len(self.deeds)} deeds, {self.seconds:.0f} s"]
        return "\n".join([*lines, *(f"[vm]   {deed} {of}: {'; '.join(wrong) or 'ok'}" for (deed, of), wrong in self.deeds.items())])


def is_tried(kernel: kernels.Kernel) -> bool:
    return kernel.name in KERNELS


def prepare(root: pathlib.Path, kernel: kernels.Kernel) -> None:
    disk.unpack(root, kernel, PACKAGES, [kernel.machine.build / "userspace/main/nsobserver"], HERE / "podman.sh")
    files = images.make_rootfs(root / "root/image")
    images.make_tar(files, root / "root/image.tar")
    (root / "etc/containers").mkdir(exist_ok=True)
    (root / "etc/containers/storage.conf").write_text(STORAGE)
    (root / "etc/containers/containers.conf").write_text('[engine]\nevents_logger = "none"\n')


def run(kernel: kernels.Kernel, folder: pathlib.Path) -> Outcome:
    out = Outcome(f"{kernel.name} podman", kernel.name)
    stem = folder / f"podman-{kernel.name}"
    image, root = (stem.with_name(f"{stem.name}.{what}") for what in ("disk", "root"))
    try:
        unpacked = kernels.fetch(kernel)
        prepare(root, kernel)
        disk.make(image, root)
        booted = disk.run(kernel, unpacked, image, guest.Boot(seconds=900), stem.with_name(f"{stem.name}.log"))
        disk.take(image, stem)
    except (kernels.FetchError, OSError, subprocess.SubprocessError, AssertionError) as error:
        out.problems.append(str(error))
        return out
    finally:
        image.unlink(missing_ok=True)
        shutil.rmtree(root, ignore_errors=True)
    out.seconds = booted.seconds
    read(out, booted, stem)
    return out


def read(out: Outcome, booted: guest.Result, folder: pathlib.Path) -> None:
    for line in booted.lines:
        if found := re.search(r"guest: up (\S+)", line):
            out.release = found[1]
        elif (found := re.match(r"did (\S+) (\d+) ", line)) and found[2] != "0":
            out.problems.append(f"{found[1]} was not done: exit code {found[2]}")
    if booted.timed_out or not booted.ended:
        out.problems.append("the guest did not get to its end")
    try:
        out.deeds = podman_judge.judge(Facts(folder))
    except (OSError, ValueError, LookupError, AssertionError) as error:
        out.problems.append(f"what was left can't be read: {error!r}")
    out.problems += [f"{deed} {of}: {wrong}" for (deed, of), some in out.deeds.items() for wrong in some]


def table(results: list[Outcome]) -> str:
    """In each cell: of how many ways to run podman all was right."""
    if not results:
        return ""
    titles = {**{deed: (title, f"crun, runc; {', '.join(managers)}") for deed, (title, managers, _) in podman_judge.DEEDS.items()},
              "else": (podman_judge.ELSE, "")}
    rows = []
    for deed, (title, ways) in titles.items():
        of = [[wrong for (name, _), wrong in r.deeds.items() if name == deed] for r in results]
        rows.append([title, ways, *(f"{sum(not wrong for wrong in some)} of {len(some)}" for some in of)])
    return tables.table(["podman on cgroup v2", "by", *(r.release for r in results)], rows) + "\n"
