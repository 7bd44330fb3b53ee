"""What belongs to the project: its files as git sees them, so that build folders don't count."""

import pathlib
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def files(*patterns: str) -> list[pathlib.Path]:
    """Tracked files and new ones that are not ignored, relative to the root."""
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others",
         "--exclude-standard", "--", *patterns],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = {pathlib.Path(name) for name in listed.split("\0") if name}
    return sorted(path for path in paths if (ROOT / path).is_file())


def first_line(path: pathlib.Path) -> str:
    with (ROOT / path).open(errors="replace") as file:
        return file.readline()
