"""Faults in the network, of processes, memory and files, and visitors: see registry.py."""

import time

from lab import (ABSENT, STUB, address_of, free_tcp_port, gateway_of, kill_from_host, serving,
                 wait_end)
from registry import ALL, fault
from shell import run

# ---- network ------------------------------------------------------------------------------------


@fault("net-loopback", on=ALL)
def loopback_of_the_host(lab, runtime):
    port = free_tcp_port()
    lab.listener("127.0.0.1", port)
    web = lab.start(runtime, "web")
    web.exec("/bin/nc", "127.0.0.1", str(port))
    return web


@fault("net-loopback")
def loopback_of_another_container(lab, runtime):
    db = lab.start(runtime, "db", "/bin/toolbox", "serve", "0.0.0.0", "5432")
    web = lab.start(runtime, "web")
    web.exec("/bin/nc", "127.0.0.1", "5432")
    return web


@fault("net-link-down", on=ALL)
def no_interface_but_lo(lab, runtime):
    options = {} if runtime == "runc" else {"options": ("--network", "none")}
    web = lab.start(runtime, "web", **options)
    web.exec("/bin/nc", ABSENT, "80")
    return web


@fault("net-link-down")
def interface_is_down(lab, runtime):
    web = lab.start(runtime, "web")
    lab.inside(web, "ip", "link", "set", "eth0", "down")
    web.exec("/bin/nc", ABSENT, "80")
    return web


@fault("net-no-route")
def default_route_is_gone(lab, runtime):
    web = lab.start(runtime, "web")
    lab.inside(web, "ip", "route", "del", "default")
    web.exec("/bin/nc", ABSENT, "80")
    return web


@fault("net-no-route")
def route_is_prohibited(lab, runtime):
    web = lab.start(runtime, "web")
    lab.inside(web, "ip", "route", "add", "prohibit", "10.98.2.0/24")
    web.exec("/bin/nc", "10.98.2.5", "80")
    return web


@fault("net-policy-drop", within=25)
def own_packet_filter_drops(lab, runtime):
    web = lab.start(runtime, "web")
    lab.sysctl(web, "net.ipv4.tcp_syn_retries", "1")
    lab.nft(web, "table inet guard { chain out { type filter hook output priority 0;\n"
                 "  tcp dport 5432 counter drop\n}\n}\n")
    web.exec("/bin/nc", ABSENT, "5432")
    return web


@fault("net-policy-drop", within=25)
def packet_filter_of_the_peer_drops(lab, runtime):
    db = lab.start(runtime, "db", "/bin/toolbox", "serve", "0.0.0.0", "5432")
    lab.nft(db, "table inet guard { chain in { type filter hook input priority 0;\n"
                "  tcp dport 5432 counter drop\n}\n}\n")
    web = lab.start(runtime, "web")
    lab.sysctl(web, "net.ipv4.tcp_syn_retries", "1")
    web.exec("/bin/nc", address_of(db), "5432")
    return web


@fault("net-policy-drop")
def packet_filter_rejects(lab, runtime):
    web = lab.start(runtime, "web")
    lab.nft(web, "table inet guard { chain out { type filter hook output priority 0;\n"
                 "  tcp dport 5432 counter reject with icmpx type admin-prohibited\n}\n}\n")
    web.exec("/bin/nc", ABSENT, "5432")
    return web


@fault("net-peer-silent", within=25)
def nobody_answers_on_the_link(lab, runtime):
    web = lab.start(runtime, "web")
    lab.sysctl(web, "net.ipv4.neigh.eth0.retrans_time_ms", "100")
    silent = address_of(web).rpartition(".")[0] + ".251"
    web.exec("/bin/nc", silent, "5432")
    return web


@fault("net-local-only")
def peer_listens_on_its_loopback(lab, runtime):
    db = lab.start(runtime, "db", "/bin/toolbox", "serve", "127.0.0.1", "5432")
    web = lab.start(runtime, "web")
    web.exec("/bin/nc", address_of(db), "5432")
    return web


@fault("net-dns")
def resolver_is_the_stub_of_the_host(lab, runtime):
    web = lab.start(runtime, "web", options=("--dns", STUB))
    web.exec("/bin/nslookup", "db.example", timeout=60)
    return web


@fault("net-ephemeral")
def no_local_port_is_left(lab, runtime):
    web = lab.start(runtime, "web", "/bin/toolbox", "serve", "0.0.0.0", "9000")
    lab.sysctl(web, "net.ipv4.ip_local_port_range", "40000 40003")
    web.exec("/bin/toolbox", "connects", "127.0.0.1", "9000", "20")
    return web


@fault("net-unix", on=ALL)
def unix_socket_is_missing(lab, runtime):
    web = lab.start(runtime, "web")
    web.exec("/bin/toolbox", "unix", "/run/app/app.sock")
    return web


@fault("net-unix")
def unix_socket_is_stale(lab, runtime):
    web = lab.start(runtime, "web", "/bin/toolbox", "stale", "/tmp/app.sock")
    time.sleep(0.3)
    web.exec("/bin/toolbox", "unix", "/tmp/app.sock")
    return web


@fault("net-port-clash", on=("docker",))
def port_of_the_shared_namespace_is_taken(lab, runtime):
    first = lab.start(runtime, "first", "/bin/toolbox", "serve", "0.0.0.0", "8080")
    web = lab.start(runtime, "web", options=("--network", f"container:{first.name}"))
    web.exec("/bin/toolbox", "serve", "0.0.0.0", "8080")
    return web


@fault("net-publish", on=("podman",))
def published_port_leads_to_the_loopback_inside(lab, runtime):
    db = lab.start(runtime, "db", *serving("127.0.0.1", 80), options=("-p", "18080:80"))
    web = lab.start(runtime, "web")
    web.exec("/bin/nc", gateway_of(db), "18080")
    return web


@fault("net-publish", on=("podman",))
def published_port_has_no_listener(lab, runtime):
    db = lab.start(runtime, "db", options=("-p", "18081:81"))
    web = lab.start(runtime, "web")
    web.exec("/bin/nc", gateway_of(db), "18081")
    return web


@fault("net-publish", on=("podman",))
def port_is_published_on_the_loopback_only(lab, runtime):
    db = lab.start(runtime, "db", *serving("0.0.0.0", 80), options=("-p", "127.0.0.1:18082:80"))
    web = lab.start(runtime, "web")
    web.exec("/bin/nc", gateway_of(db), "18082")
    return web


# ---- processes and signals ----------------------------------------------------------------------


@fault("pid-term-ignored", on=ALL)
def stop_that_nobody_hears(lab, runtime):
    web = lab.start(runtime, "web")
    web.kill("TERM")
    time.sleep(1.2)
    web.kill("KILL")
    wait_end(web)
    return web


@fault("pid-shell-form")
def shell_that_does_not_forward(lab, runtime):
    web = lab.start(runtime, "web", "/bin/sh", "-c", "/bin/sleep 100000; true")
    web.kill("TERM")
    time.sleep(1.2)
    web.kill("KILL")
    wait_end(web)
    return web


@fault("pid-who-killed", on=ALL)
def killed_from_the_host(lab, runtime):
    web = lab.start(runtime, "web")
    time.sleep(0.3)
    kill_from_host(web)
    wait_end(web)
    return web


@fault("pid-crash", on=ALL)
def crash_of_pid_1(lab, runtime):
    return lab.start(runtime, "web", "/bin/sh", "-c", "/bin/usleep 300000; exec /bin/toolbox crash")


@fault("pid-crash")
def child_that_crashes_again_and_again(lab, runtime):
    web = lab.start(runtime, "web")
    for _ in range(3):
        web.exec("/bin/toolbox", "abort")
    return web


@fault("pid-init-exit")
def pid_1_leaves_the_others(lab, runtime):
    return lab.start(runtime, "web", "/bin/sh", "-c", "/bin/sleep 1000 & /bin/usleep 400000; exit 3")


@fault("pid-zombies", within=75)
def nobody_waits_for_the_children(lab, runtime):
    return lab.start(runtime, "web", "/bin/toolbox", "zombies", "60")


@fault("pid-init-exit")
def program_gives_up(lab, runtime):
    return lab.start(runtime, "web", "/bin/sh", "-c", "/bin/usleep 400000; exit 3")


@fault("pid-stuck", on=ALL, within=45)
def killed_while_a_file_server_is_silent(lab, runtime):
    web = lab.start(runtime, "web", "/bin/sh", "-c", "/bin/usleep 500000; exec /bin/cat /data/file",
                    **lab.volume(runtime, lab.deaf_folder(), "/data"))
    time.sleep(1.5)
    kill_from_host(web)
    return web


# ---- memory and cpu -----------------------------------------------------------------------------


@fault("oom-container", on=ALL)
def memory_limit_of_pid_1(lab, runtime):
    return lab.start(runtime, "web", "/bin/sh", "-c", "/bin/usleep 300000; exec /bin/toolbox memory 200",
                     memory=32 << 20)


@fault("oom-helper", on=ALL)
def memory_limit_of_a_helper(lab, runtime):
    web = lab.start(runtime, "web", memory=32 << 20)
    web.exec("/bin/toolbox", "memory", "200")
    return web


@fault("oom-pod", on=ALL)
def memory_limit_of_the_pod(lab, runtime):
    return lab.start(runtime, "web", "/bin/sh", "-c", "/bin/usleep 500000; exec /bin/toolbox memory 200",
                     **lab.in_cgroup(runtime, lab.limited_cgroup(32 << 20)))


@fault("pressure", on=("docker",), within=75)
def cpu_is_throttled(lab, runtime):
    return lab.start(runtime, "web", "/bin/sh", "-c", "while true; do true; done",
                     options=("--cpus", "0.1"))


# ---- files --------------------------------------------------------------------------------------


@fault("mnt-read-only")
def root_is_read_only(lab, runtime):
    web = lab.start(runtime, "web", options=("--read-only",))
    web.exec("/bin/toolbox", "write", "/data.txt", "10")
    return web


@fault("mnt-full")
def small_tmpfs_is_full(lab, runtime):
    web = lab.start(runtime, "web", options=("--tmpfs", "/scratch:size=64k"))
    web.exec("/bin/toolbox", "write", "/scratch/file", "1000000")
    return web


@fault("mnt-permission")
def file_of_somebody_else(lab, runtime):
    web = lab.start(runtime, "web", options=("--user", "1000"))
    web.exec("/bin/toolbox", "write", "/etc/app.conf", "10")
    return web


@fault("cap-missing")
def mount_without_the_capability(lab, runtime):
    web = lab.start(runtime, "web")
    web.exec("/bin/mount", "-t", "tmpfs", "none", "/tmp")
    return web


# ---- identity -----------------------------------------------------------------------------------


@fault("ns-entry", on=ALL)
def somebody_enters(lab, runtime):
    web = lab.start(runtime, "web")
    time.sleep(0.3)
    run("nsenter", "-t", web.pid, "-n", "-u", "-i", "true")
    return web


@fault("ns-entry")
def somebody_enters_under_another_name(lab, runtime):
    web = lab.start(runtime, "web")
    time.sleep(0.3)
    copy = lab.folder / "kubelet"
    run("cp", "/usr/bin/nsenter", copy)
    run(copy, "-t", web.pid, "-n", "true")
    return web
