"""The Debian package from the outside, and installed into a bare Debian where no systemd runs."""

import pathlib
import re
import shutil
import subprocess
import tempfile

import debian
import hardening
import pytest
from conftest import ROOT, needed
from shell import run

MODES = {"usr/bin/nsobserver": "-rwxr-xr-x", "etc/nsobserver.yaml": "-rw-r--r--",
         "lib/systemd/system/nsobserver.service": "-rw-r--r--",
         "usr/share/bash-completion/completions/nsobserver": "-rw-r--r--",
         "usr/share/zsh/vendor-completions/_nsobserver": "-rw-r--r--",
         "usr/share/fish/vendor_completions.d/nsobserver.fish": "-rw-r--r--",
         "usr/share/doc/nsobserver/copyright": "-rw-r--r--", "usr/share/doc/nsobserver/changelog.gz": "-rw-r--r--"}


@pytest.fixture(scope="module")
def content(package) -> dict[str, tuple[str, str]]:
    """Path -> (mode, owner); folders are left out."""
    out = {}
    for line in run("dpkg-deb", "-c", package).stdout.splitlines():
        mode, owner, _, _, _, path = line.split(maxsplit=5)
        if not mode.startswith("d"):
            out[path.removeprefix("./")] = (mode, owner)
    return out


def control(package, name: str) -> str:
    return run("dpkg-deb", "-I", package, name).stdout


def test_what_is_in_it(content):
    for path, mode in MODES.items():
        assert content[path] == (mode, "root/root"), path
    for page in (ROOT / "deploy/cli/man").glob("*.1"):
        assert f"usr/share/man/man1/{page.name}.gz" in content
    for rules in (ROOT / "deploy/prometheus/rules").glob("*.yml"):
        assert f"usr/share/doc/nsobserver/examples/prometheus/rules/{rules.name}" in content
    outside = [path for path in content if not path.startswith(("usr/share/", *MODES))]
    assert outside == []


def test_what_it_needs(package):
    """As dpkg-shlibdeps found it, with versions; and no package of the build."""
    depends = control(package, "control").partition("Depends: ")[2].splitlines()[0]
    names = needed(package)
    assert {"libc6", "libbpf1", "libsqlite3-0", "libstdc++6", "libnftables1"} <= set(names)
    assert re.search(r"libc6 \(>= [\d.]+\)", depends)
    assert not [name for name in names if name.endswith("-dev")]


def test_the_binary_is_hardened(package, tmp_path):
    run("dpkg-deb", "-x", package, tmp_path)
    assert hardening.problems(tmp_path / "usr/bin/nsobserver", "X86-64") == []


def test_control(package):
    assert control(package, "conffiles") == "/etc/nsobserver.yaml\n"
    version = re.search(r"project\(nsobserver VERSION ([\d.]+)", (ROOT / "CMakeLists.txt").read_text())[1]
    assert f"Version: {version}\n" in control(package, "control")
    changelog = (ROOT / "deploy/package/changelog").read_text()
    assert changelog.startswith(f"nsobserver ({version}) "), "deploy/package/changelog has no entry for this version"
    for script in ("postinst", "prerm", "postrm"):
        assert control(package, script) == (ROOT / "deploy/package" / script).read_text()


def test_lintian_finds_nothing(package):
    result = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", package], capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr


def test_dpkg_installs_and_purges_it(package):
    """Where no systemd runs, as when an image is made: enabled, and nothing is started."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="nsobs-chroot-", dir="/var/tmp"))

    def inside(*words):
        return run("chroot", folder, *words, timeout=300, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive"})

    try:
        run("tar", "-C", folder, "-xf", debian.base(package), timeout=300)
        shutil.copy(package, folder / "package.deb")
        (folder / "etc/dpkg/dpkg.cfg.d/quick").write_text("force-unsafe-io\n")  # nobody needs it after a power cut
        inside("dpkg", "-i", "/package.deb")
        wants = folder / "etc/systemd/system/multi-user.target.wants/nsobserver.service"
        assert wants.is_symlink()
        assert inside("nsobserver", "--version").stdout.startswith("nsobserver ")
        differs = inside("dpkg", "--verify", "nsobserver").stdout.splitlines()  # the base leaves documentation out
        assert [line for line in differs if not re.match(r"missing +/usr/share/(doc|man)/", line)] == []
        (folder / "var/lib/nsobserver").mkdir()
        (folder / "var/lib/nsobserver/timeline.db").touch()
        inside("dpkg", "-r", "nsobserver")
        assert (folder / "etc/nsobserver.yaml").is_file() and (folder / "var/lib/nsobserver/timeline.db").is_file()
        inside("dpkg", "-P", "nsobserver")
        left = [path for path in run("find", folder, "-xdev", "-iname", "*nsobserver*").stdout.split() if path != str(folder)]
        assert left == []
    finally:
        shutil.rmtree(folder)
