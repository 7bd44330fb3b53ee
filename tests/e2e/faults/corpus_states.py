"""Faults that lie in what a container was given: its volumes, namespaces and maps; see registry.py."""

import shutil
import subprocess
import time

from lab import in_user_namespace, proc_of_the_host, unique, wait_end
from registry import ALL, fault
from shell import run, terminate

BIG = 80  # MiB: more than what is told of a copy

# ---- volumes ------------------------------------------------------------------------------------


@fault("mnt-empty-volume", on=ALL)
def folder_of_the_volume_is_empty(lab, runtime):
    web = lab.start(runtime, "web", **lab.volume(runtime, lab.host_folder(), "/etc/app"))
    web.exec("/bin/cat", "/etc/app/app.yml")
    return web


@fault("mnt-empty-volume", on=("docker",))
def folder_of_the_volume_is_misspelt(lab, runtime):
    """Docker makes what it does not find."""
    missing = lab.host_folder() / "no/such/folder"
    web = lab.start(runtime, "web", **lab.volume(runtime, missing, "/etc/app"))
    web.exec("/bin/cat", "/etc/app/app.yml")
    return web


@fault("mnt-empty-volume")
def folder_of_the_volume_was_removed(lab, runtime):
    source = lab.host_folder()
    web = lab.start(runtime, "web", **lab.volume(runtime, source, "/etc/app"))
    shutil.rmtree(source)
    web.exec("/bin/cat", "/etc/app/app.yml")
    return web


@fault("mnt-propagation", on=ALL)
def mounted_on_the_host_afterwards(lab, runtime):
    source = lab.host_folder()
    (source / "usb").mkdir()
    (source / "readme").write_text("not empty")
    web = lab.start(runtime, "web", **lab.volume(runtime, source, "/data"))
    lab.tmpfs(source / "usb")
    (source / "usb/file").write_text("only on the host")
    web.exec("/bin/cat", "/data/usb/file")
    return web


@fault("mnt-propagation", by_hand=True)
def mounted_on_the_host_and_nobody_asked_yet(lab, runtime):
    source = lab.host_folder()
    (source / "usb").mkdir()
    web = lab.start(runtime, "web", **lab.volume(runtime, source, "/data"))
    lab.tmpfs(source / "usb")
    return web


@fault("mnt-missing", on=("podman",))
def file_of_the_other_container_of_the_pod(lab, runtime):
    pod = unique("shop")
    lab.engine(runtime).make_pod(pod)
    db = lab.start(runtime, "db", options=("--pod", pod))
    web = lab.start(runtime, "web", options=("--pod", pod))
    db.exec("/bin/toolbox", "write", "/tmp/report.txt", "10")
    web.exec("/bin/cat", "/tmp/report.txt")
    return web


@fault("mnt-missing", on=("containerd",))
def file_of_the_other_container_of_the_kubernetes_pod(lab, runtime):
    sandbox, pod = unique("sandbox"), unique("shop")

    def start(name):
        words = {"container-type": "container", "container-name": name, "sandbox-id": sandbox,
                 "sandbox-name": pod, "sandbox-namespace": "prod"}
        options = [word for key, value in words.items()
                   for word in ("--annotation", f"io.kubernetes.cri.{key}={value}")]
        return lab.engine(runtime).start(unique(name), options=options, known_as=name)

    db, web = start("db"), start("web")
    time.sleep(1)
    db.exec("/bin/toolbox", "write", "/tmp/report.txt", "10")
    web.exec("/bin/cat", "/tmp/report.txt")
    return web


@fault("mnt-copy-up", by_hand=True)
def large_file_of_the_image_is_changed(lab, runtime):
    engine, image = lab.engine(runtime), f"localhost/{unique('big')}:1"
    maker = lab.start(runtime, "maker")
    maker.exec("/bin/mkdir", "/var/db", check=True)
    maker.exec("/bin/dd", "if=/dev/zero", "of=/var/db/data.img", "bs=1M", f"count={BIG}", check=True)
    engine.commit(maker, image)
    maker.remove()
    web = lab.start(runtime, "web", image=image)
    web.exec("/bin/sh", "-c", "echo x >> /var/db/data.img", check=True)
    return web


# ---- identity -----------------------------------------------------------------------------------


@fault("usr-mapping", on=("podman", "runc"))
def root_of_a_user_namespace_mounts_a_disk(lab, runtime):
    web = lab.start(runtime, "web", **in_user_namespace(lab, runtime))
    web.exec("/bin/mount", "-t", "ext4", "/dev/vda", "/tmp")
    return web


# ---- namespaces ---------------------------------------------------------------------------------


@fault("ns-sharing", by_hand=True)
def pid_namespace_of_the_host(lab, runtime):
    return lab.start(runtime, "web", options=("--pid", "host"))


@fault("ns-sharing", by_hand=True)
def ipc_namespace_of_the_host(lab, runtime):
    return lab.start(runtime, "web", options=("--ipc", "host"))


@fault("ns-tool-view", on=ALL, by_hand=True)
def proc_is_that_of_the_host(lab, runtime):
    return lab.start(runtime, "web", **proc_of_the_host(runtime))


def end(web) -> None:
    """In good order, so that its end is no finding."""
    web.kill("TERM")
    wait_end(web)
    web.remove()


@fault("ns-leak", on=ALL, within=100)
def bind_mount_holds_a_namespace(lab, runtime):
    web = lab.start(runtime, "web", "/bin/toolbox", "graceful")
    time.sleep(0.5)
    lab.bind(f"/proc/{web.pid}/ns/uts", lab.host_folder() / "uts")
    end(web)
    return web


@fault("ns-leak", within=100)
def process_of_the_host_holds_a_namespace(lab, runtime):
    web = lab.start(runtime, "web", "/bin/toolbox", "graceful")
    time.sleep(0.5)
    visitor = subprocess.Popen(["nsenter", "-t", str(web.pid), "-u", "--", "sleep", "1000"],
                               stdin=subprocess.DEVNULL)
    lab.stack.callback(terminate, visitor)
    time.sleep(0.5)
    end(web)
    return web
