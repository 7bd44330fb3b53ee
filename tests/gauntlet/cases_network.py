"""Tables of the network that are long or strange, and packets, peers and clients that mean no good."""

import collections
import json
import socket
import threading
import time
import urllib.request

from frame import hostile, lock_of_networks
from shell import run, wait_until

LOOK_BY_HAND = 8.0  # seconds, on a busy machine: its deadline is 5


def inside(attack, *command, **options):
    """With the host's tools in the container's net namespace."""
    return run("nsenter", "-t", attack.hostile.pid, "-n", *command, **options)


def batch(attack, lines) -> None:
    inside(attack, "ip", "-force", "-batch", "-", stdin=None, input="\n".join(lines) + "\n")


@hostile("T21")
def ten_thousand_routes(attack):
    attack.start()
    batch(attack, ["link set lo up", *(f"route add unreachable 10.{n >> 8}.{n & 255}.0/24" for n in range(10_000))])
    record = attack.record("net")
    assert len(record["net"]["routes"]) <= 512 and "/net/routes" in record["truncated"]


@hostile("T21")
def a_thousand_links(attack):
    attack.start()
    attack.many_devices = True
    batch(attack, [f"link add d{n} type bridge" for n in range(600)])
    record = attack.record("net")
    assert len(record["net"]["links"]) <= 512 and "/net/links" in record["truncated"]


@hostile("T21")
def a_namespace_of_bridges_taken_apart(attack):
    """The kernel waits for RCU under RTNL once for each bridge of a container that has ended, and whoever looks at any
    network waits with it: a look is whole, or comes back at its deadline and says what it waited for."""
    attack.start()
    other = attack.start(name="bridges")
    run("nsenter", "-t", other.pid, "-n", "ip", "-batch", "-", stdin=None,
        input="".join(f"link add d{n} type bridge\n" for n in range(400)))
    attack.engine.end(attack.others.pop())
    seen, quick, deadline = False, 0, time.monotonic() + 90
    while not seen or quick < 3:  # it begins once nobody holds the namespace: the observer does for some seconds
        assert time.monotonic() < deadline, "nobody held the lock for long: the deed was not done"
        look = attack.look("net")
        assert look.seconds < LOOK_BY_HAND, look
        if look.record is None or "links" not in look.record.get("net", {}):
            text = look.stderr if look.record is None else json.dumps(look.record["errors"])
            assert "(RTNL)" in text or "the lock of all network namespaces" in text, text
            seen = True
        waited = lock_of_networks()
        seen = seen or waited > 1
        quick = quick + 1 if waited < 0.3 else 0


@hostile("T21")
def two_thousand_addresses(attack):
    attack.start()
    batch(attack, ["link set lo up", *(f"addr add 10.1.{n >> 8}.{n & 255}/32 dev lo" for n in range(2_000))])
    record = attack.record("net")
    assert len(record["net"]["addresses"]) <= 512 and "/net/addresses" in record["truncated"]


@hostile("T21")
def two_thousand_policy_rules(attack):
    attack.start()
    batch(attack, [f"rule add from 10.2.{n >> 8}.{n & 255} table {n + 1000}" for n in range(2_000)])
    record = attack.record("net")
    assert len(record["net"]["rules"]) <= 128


@hostile("T21")
def two_thousand_neighbours(attack):
    attack.start()
    batch(attack, ["link add d0 type bridge", "link set d0 up",
                   *(f"neigh add 10.3.{n >> 8}.{n & 255} lladdr 02:00:00:00:00:01 dev d0" for n in range(900))])
    record = attack.record("net")
    assert len(record["net"]["neighbours"]) <= 256


@hostile("T21")
def five_thousand_filter_rules(attack):
    attack.start()
    rules = "\n".join(f"add rule ip t c ip saddr 10.4.{n >> 8}.{n & 255} counter drop" for n in range(5_000))
    inside(attack, "nft", "-f", "-", stdin=None, input=f"add table ip t\nadd chain ip t c\n{rules}\n")
    record = attack.record("net")
    assert len(record["net"].get("netfilter", {}).get("rules", [])) <= 1000


@hostile("T21")
def a_filter_that_branches(attack):
    """Chains that jump to the next one twice: walked naively, 2 to the power of 15."""
    attack.start()
    chains = "\n".join(f"add chain ip t c{n}" for n in range(16))
    jumps = "\n".join(f"add rule ip t c{n} jump c{n + 1}\nadd rule ip t c{n} jump c{n + 1}" for n in range(12))
    hook = "add chain ip t o { type filter hook output priority 0; }\nadd rule ip t o ip daddr 192.0.2.1 jump c0"
    inside(attack, "nft", "-f", "-", stdin=None, input=f"add table ip t\n{chains}\n{jumps}\n{hook}\n")
    attack.record("net")


@hostile("T21", "T18")
def a_filter_with_comments_of_bytes(attack):
    attack.start()
    inside(attack, "nft", "-f", "-", stdin=None, input=(
        "add table ip t\nadd chain ip t c { type filter hook output priority 0; }\n"
        "add rule ip t c tcp dport 1 drop comment \"\x1b[2J<script>\"\n"
        "add set ip t s { type ipv4_addr; flags interval; }\nadd element ip t s { 10.0.0.0/8, 192.0.2.0-192.0.2.200 }\n"))
    attack.record("net")


@hostile("T21")
def eight_hundred_listeners(attack):
    attack.start("/bin/attacker listen 800 >/tmp/l &\nsleep 0.2")
    record = attack.record("net")
    assert len([row for row in record["net"]["listeners"] if row["protocol"] == "tcp"]) <= 512


@hostile("T18", "T21")
def abstract_sockets_of_bytes(attack):
    attack.start("/bin/attacker abstract 200 >/tmp/l &\nsleep 0.2")
    attack.record("net")


@hostile("T15", "T18")
def queries_for_hostile_names(attack):
    attack.start()
    batch(attack, ["link set lo up"])
    inside(attack, str(attack.engine.images.rootfs / "bin/attacker"), "queries", "127.0.0.1")


@hostile("T21", "T18")
def links_with_strange_names(attack):
    attack.start()
    for name in ('<script>', '\x1b[2J', "'; --", '\\u0041\\', '${x}'):
        inside(attack, "ip", "link", "add", "name", name, "type", "bridge", check=False)
    inside(attack, "ip", "link", "set", "lo", "alias", "\x1b]0;x\x07" * 20, check=False)
    attack.record("net")


@hostile("T11")
def an_address_that_changes_under_the_call(attack):
    """Another thread swaps a port that is closed for one that listens: only the closed one can have been refused."""
    attack.start()
    batch(attack, ["link set lo up"])
    refused = accepted = 0
    for _ in range(10):  # on a busy machine the other thread may not run in time
        done = attack.hostile.container.exec("/bin/attacker", "race", "11", "3000").stdout.split()
        assert done[0] == "raced", done
        refused, accepted = refused + int(done[1]), accepted + int(done[2])
        if refused and accepted:
            break
    assert refused and accepted

    def told():
        counts = collections.Counter()
        for row in attack.observer.events("--container", attack.hostile.name, "--kind", "connect_failure"):
            counts[row["connect_failure"]["port"]] += row["count"]
        return counts

    wait_until(lambda: sum(told().values()) == refused, 10, f"{refused} refused connects", interval=0.2)
    # Where the address that is told would not be sure to be the one that was used, none is told.
    assert set(told()) <= {11, None} and told()[11] > told()[None], f"a port that was not refused is told: {told()}"


@hostile("T15")
def a_burst_of_refused_connects(attack):
    attack.start()
    batch(attack, ["link set lo up"])
    attack.engine.run_in(attack.hostile, "/bin/attacker", "refused", "20000")


@hostile("T15")
def a_burst_of_signals(attack):
    attack.start("/bin/attacker signals 100000")


@hostile("T19")
def clients_that_never_finish(attack):
    """Slow readers, slow writers and halves of requests, more of them than the server has connections."""
    attack.start()
    clients = []
    for number in range(300):
        client = socket.create_connection(("127.0.0.1", attack.observer.port), timeout=5)
        clients.append(client)
        client.sendall((b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /met", b"POST / HTTP/1.1\r\n", b"\x16\x03\x01")[number % 4])
    begin = time.monotonic()
    with urllib.request.urlopen(f"{attack.observer.url}/metrics", timeout=10) as answer:
        assert answer.status == 200
    assert time.monotonic() - begin < 2
    for client in clients:
        client.close()


@hostile("T19")
def requests_that_are_none(attack):
    attack.start()
    heads = (b"\x00" * 4096, b"GET " + b"/" * 100_000 + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
             b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 10_000 + b"\r\n", b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
             b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
             b"GET /%00%ff HTTP/1.1\r\nHost: x\r\n\r\n")
    def send(head):
        try:
            with socket.create_connection(("127.0.0.1", attack.observer.port), timeout=5) as client:
                client.sendall(head)
                client.shutdown(socket.SHUT_WR)
                while client.recv(4096):
                    pass
        except OSError:
            pass  # refused by a reset: as good as by an answer
    threads = [threading.Thread(target=send, args=(head,)) for head in heads * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@hostile("T20")
def the_control_socket_from_inside(attack):
    """It is in a folder of mode 0700 and of no abstract name: root of the host's net namespace has no way to it."""
    def host_network(spec):
        spec["linux"]["namespaces"] = [one for one in spec["linux"]["namespaces"] if one["type"] != "network"]
    attack.start("cat /proc/net/unix >/tmp/unix", edit=host_network)
    assert (attack.observer.storage.stat().st_mode & 0o777) == 0o700
    abstract = [line.split()[7] for line in (attack.hostile.root / "tmp/unix").read_text().splitlines() if len(line.split()) > 7
                and line.split()[7].startswith("@")]
    assert not [name for name in abstract if "nsobs" in name]
