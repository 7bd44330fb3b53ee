"""Many of Debian's kernels, of which only the BTF is kept: some megabytes each."""

import contextlib
import fcntl
import pathlib
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass

import kernels
from btf_extract import ExtractError, btf_of

SUITES = ["bullseye", "bullseye-security", "bookworm", "bookworm-security", "bookworm-backports", "trixie",
          "trixie-security", "trixie-backports", "forky", "sid"]
MACHINES = ["amd64", "arm64"]
PACKAGE = r"linux-(?:image|binary)-(?P<release>(?P<series>\d+\.\d+)\.\d+\S*?)-(?P<flavour>(?:cloud-|rt-)?(?:amd64|arm64))"


@dataclass(frozen=True, order=True)
class Image:
    version: tuple[int, ...]
    suite: str
    machine: str
    package: str
    flavour: str

    @property
    def name(self) -> str:
        return re.sub("^linux-(image|binary)-", "", self.package)

    @property
    def series(self) -> tuple[int, ...]:
        return self.version[:2]

    @property
    def file(self) -> pathlib.Path:
        return folder() / f"{self.name}.btf"


def folder() -> pathlib.Path:
    return kernels.cache() / "btf"


@contextlib.contextmanager
def the_lock() -> Iterator[None]:
    """Who else fetches kernels (kernels.fetch) uses the same lists of apt's."""
    kernels.cache().mkdir(parents=True, exist_ok=True)
    with (kernels.cache() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Apt(kernels.Apt):
    """Of one machine's packages."""

    def __init__(self, suite: str, machine: str):
        super().__init__(kernels.cache(), suite, machine)
        self.suite = suite
        self.machine = machine

    def images(self) -> list[Image]:
        self.update()
        out = []
        names = set(self.run("apt-cache", "pkgnames", "linux-").split())
        for name in names:
            found = re.fullmatch(PACKAGE, name)
            if name.replace("linux-image-", "linux-binary-") in names - {name}:
                continue  # since 6.19 the image is in that package, and this one is empty
            if found and found["flavour"].endswith(self.machine):
                version = tuple(int(number) for number in re.findall(r"\d+", found["release"]))
                out.append(Image(version, self.suite, self.machine, name, found["flavour"]))
        return sorted(out)

    def extract(self, image: Image) -> None:
        with tempfile.TemporaryDirectory(prefix="btf-", dir=kernels.cache()) as place:
            self.run("apt-get", "-q", "download", image.package, cwd=pathlib.Path(place))
            (archive,) = pathlib.Path(place).glob("*.deb")
            files = subprocess.run(["dpkg", "--fsys-tarfile", archive], check=True, capture_output=True).stdout
            subprocess.run(["tar", "-x", "--wildcards", "*/vmlinuz*"], input=files, check=True, cwd=place)
            kernel = next((path for path in pathlib.Path(place).rglob("vmlinuz*") if path.is_file()), None)
            if kernel is None:
                raise ExtractError(f"no image in {image.package}")
            btf = btf_of(kernel.read_bytes())
        partial = image.file.with_suffix(".partial")
        partial.write_bytes(btf)
        partial.rename(image.file)


def chosen(images: list[Image]) -> list[Image]:
    """The newest of each series, of amd64 the oldest too; the other flavours of those that Debian keeps for long."""
    out: dict[tuple, Image] = {}
    for image in images:
        if image.flavour.startswith("cloud-") or not image.suite.endswith("-backports"):
            out[(image.series, image.flavour, "newest")] = image
        if image.flavour == "cloud-amd64":
            out.setdefault((image.series, image.flavour, "oldest"), image)
    return sorted({image.name: image for image in out.values()}.values())


def all_images() -> tuple[list[Image], list[str]]:
    """With the reasons for what could not be asked."""
    found: list[Image] = []
    problems = []
    for suite in SUITES:
        for machine in MACHINES:
            try:
                with the_lock():
                    found += Apt(suite, machine).images()
            except kernels.FetchError as error:
                problems.append(f"{suite} {machine}: {str(error).splitlines()[-1]}")
    return chosen(sorted(found)), problems


def fetch(image: Image) -> pathlib.Path:
    """Its BTF, from the cache or from the mirror."""
    folder().mkdir(parents=True, exist_ok=True)
    with the_lock():
        if not image.file.exists():
            Apt(image.suite, image.machine).extract(image)
    return image.file
