"""One busybox root file system, in the shapes that the runtimes want it."""

import hashlib
import io
import json
import os
import pathlib
import shutil
import tarfile

from shell import run

BUSYBOX = "/bin/busybox"
IMAGE = "localhost/bb:1"
PAUSE = "localhost/pause:1"  # what holds a pod's namespaces


def make_rootfs(folder: pathlib.Path) -> pathlib.Path:
    """The applets are symbolic links, as in any busybox image."""
    for name in ("bin", "etc", "proc", "sys", "dev/pts", "tmp", "root", "var", "run"):
        (folder / name).mkdir(parents=True)
    shutil.copy2(BUSYBOX, folder / "bin/busybox")
    for applet in run(BUSYBOX, "--list").stdout.split():
        if applet != "busybox":
            (folder / "bin" / applet).symlink_to("busybox")
    run("cc", "-O1", "-static", "-o", folder / "bin/toolbox",
        pathlib.Path(__file__).with_name("toolbox.c"))
    (folder / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (folder / "etc/group").write_text("root:x:0:\n")
    (folder / "etc/resolv.conf").touch()
    return folder


def make_copy(rootfs: pathlib.Path, folder: pathlib.Path, owner: int) -> pathlib.Path:
    """For runtimes that want a root file system of their own, with the user id that is root in there."""
    shutil.copytree(rootfs, folder, symlinks=True)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner, owner, follow_symlinks=False)
    return folder


def make_tar(rootfs: pathlib.Path, path: pathlib.Path) -> pathlib.Path:
    """For `docker import` and `podman import`."""
    with tarfile.open(path, "w") as tar:
        for name in sorted(os.listdir(rootfs)):
            tar.add(rootfs / name, name)
    return path


def make_oci_archive(layer: pathlib.Path, path: pathlib.Path, image: str = IMAGE,
                     command=("/bin/sh",)) -> pathlib.Path:
    """An OCI image layout with one layer, for `ctr images import`."""
    blobs = {}

    def blob(data: bytes, media_type: str) -> dict:
        digest = hashlib.sha256(data).hexdigest()
        blobs[f"blobs/sha256/{digest}"] = data
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    prefix = "application/vnd.oci.image."
    content = layer.read_bytes()
    layer_entry = blob(content, prefix + "layer.v1.tar")
    config = blob(json.dumps({
        "architecture": "amd64", "os": "linux",
        "config": {"Cmd": list(command), "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [layer_entry["digest"]]},
    }).encode(), prefix + "config.v1+json")
    manifest = blob(json.dumps({
        "schemaVersion": 2, "mediaType": prefix + "manifest.v1+json",
        "config": config, "layers": [layer_entry],
    }).encode(), prefix + "manifest.v1+json")
    manifest["annotations"] = {"io.containerd.image.name": image,
                               "org.opencontainers.image.ref.name": "1"}
    blobs["oci-layout"] = b'{"imageLayoutVersion": "1.0.0"}'
    blobs["index.json"] = json.dumps({"schemaVersion": 2, "manifests": [manifest]}).encode()
    with tarfile.open(path, "w") as tar:
        for name, data in blobs.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path


class Images:
    """Made once for a test session."""

    def __init__(self, folder: pathlib.Path):
        self.rootfs = make_rootfs(folder / "rootfs")
        self.tar = make_tar(self.rootfs, folder / "bb.tar")
        self.oci = make_oci_archive(self.tar, folder / "bb-oci.tar")
        self.pause = make_oci_archive(self.tar, folder / "pause-oci.tar", PAUSE, ("/bin/sleep", "1000000"))
