"""What a guest does while the whole daemon watches, and how each must come out in `nsobserver events`."""

import json

DEEDS = """
mkdir -p /sys/fs/cgroup/memory 2>/dev/null
toolbox nonblocking 127.0.0.1 1
toolbox unix /tmp/none
sh -c 'trap "" TERM; kill -TERM $$; kill -TERM $$'
unshare --uts true
unshare --pid --fork true
mkdir /tmp/ro; mount -t tmpfs -o ro tmpfs /tmp/ro; sh -c ": >/tmp/ro/x" 2>/dev/null
unshare --net sleep 3 &
sleep 1
nsenter --target $! --net true 2>/dev/null
nsenter --uts=/proc/self/ns/net true 2>/dev/null
if [ -w /sys/fs/cgroup/cgroup.subtree_control ]; then
  group=/sys/fs/cgroup/deed limit=memory.max
else
  group=/sys/fs/cgroup/memory/deed limit=memory.limit_in_bytes
fi
mkdir $group && echo 16777216 >$group/$limit
sh -c "echo 0 >$group/cgroup.procs; exec tail /dev/zero" 2>/dev/null
"""


def script() -> str:
    return f"""
nsobserver run --storage.path /tmp/timeline >/tmp/log 2>&1 &
daemon=$!
for i in $(seq 600); do grep -q 'observing' /tmp/log && break; sleep 0.5; done
{DEEDS}
sleep 3
kill $daemon
wait $daemon
grep -E 'warn|error' /tmp/log
echo 'guest: events'
nsobserver events --storage.path /tmp/timeline -o jsonl 2>&1
echo 'guest: tests'
"""


def is_connect(event: dict, protocol: str, errno: str) -> bool:
    detail = event.get("connect_failure") or {}
    return detail.get("protocol") == protocol and detail.get("errno_name") == errno


def is_change(event: dict, operation: str, kind: str) -> bool:
    detail = event.get("namespace_change") or {}
    change = (detail.get("changes") or {}).get(kind)
    return detail.get("operation") == operation and bool(change) and change["from"] != change["to"]


EXPECTED = {
    "tcp refused": lambda e: is_connect(e, "tcp", "ECONNREFUSED") and e["connect_failure"]["destination"] == "127.0.0.1"
    and e["connect_failure"]["port"] == 1 and e["process"]["comm"] == "toolbox",
    "unix missing": lambda e: is_connect(e, "unix_stream", "ENOENT") and e["connect_failure"]["path"] == "/tmp/none",
    "SIGTERM ignored": lambda e: (e.get("signal") or {}).get("name") == "SIGTERM" and e["signal"]["result"] == "ignored",
    "unshare": lambda e: is_change(e, "unshare", "uts") and e["process"]["comm"] == "unshare",
    "setns": lambda e: is_change(e, "setns", "net") and e["process"]["comm"] == "nsenter",
    "setns refused": lambda e: (e.get("namespace_change") or {}).get("operation") == "setns"
    and e["namespace_change"]["errno"] == 22,
    "OOM kill": lambda e: (e.get("oom_kill") or {}).get("reason") == "cgroup" and e["oom_kill"]["limit_bytes"] == 16777216
    and e["oom_kill"]["victim"]["process"]["comm"] == "tail",
}


def is_file_failure(event: dict) -> bool:
    """By default, which is on where it costs no other call."""
    detail = event.get("file_failure") or {}
    return (detail.get("operation"), detail.get("errno_name"), detail.get("path")) == ("open", "EROFS", "/tmp/ro/x")


def judge(lines: list[str], files_are_free: bool) -> dict[str, str]:
    events = []
    for line in lines:
        try:
            events.append(json.loads(line))
        except ValueError:
            continue
    out = {}
    for name, expected in [*EXPECTED.items(), *([("file refused", is_file_failure)] if files_are_free else [])]:
        try:
            count = sum(bool(expected(event)) for event in events if isinstance(event, dict))
        except (KeyError, TypeError) as error:
            out[name] = f"a field is missing: {error}"
            continue
        out[name] = "yes" if count else f"not among {len(events)} events"
    return out
