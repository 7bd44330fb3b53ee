"""A table in tests/README.md that a test writes: between two comments, never by hand."""

import os
import pathlib
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = ROOT / "tests/README.md"


def renew(what: str, test: pathlib.Path, variable: str) -> int:
    """Runs `test`, which writes to the file that the environment's `variable` names; its exit code."""
    begin = f"<!-- {what} begin: written by {test.parent.relative_to(ROOT)}/table -->\n"
    end = f"<!-- {what} end -->"
    with tempfile.TemporaryDirectory() as folder:
        table = pathlib.Path(folder) / "table.md"
        code = subprocess.run(
            ["/usr/bin/python3", "-m", "pytest", "-p", "no:cacheprovider", "-q", "--tb=short", str(test)],
            cwd=ROOT, env={**os.environ, variable: str(table)}).returncode
        text = README.read_text()
        assert begin in text and end in text, f"{README} has no place for it"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        README.write_text(before + begin + table.read_text() + end + after)
    return code
