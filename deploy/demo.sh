#!/bin/bash
# What `quickstart --demo` does once everything is built: three failures in real containers, and how
# they come out. Sourced by quickstart, as root. Podman's storage, configuration and the observer's
# timeline lie in one temporary folder; the containers have no network but their own loopback.

: "${binary:?is set by quickstart}" "${url=}" "${work=}"
readonly LIMIT_MB=16
had_parent=no # whether podman's cgroup was there before

# A root without CAP_SYS_RESOURCE (many CI machines) can't raise limits: ask for those that are there.
# cgroupfs and runc work with cgroup v1, v2 and both, with systemd and without.
configure_podman() {
  local nofile
  nofile=$(ulimit -Hn)
  [[ $nofile == unlimited ]] && nofile=1048576
  cat >"$work/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=1024:$nofile", "nproc=1024:1024"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
CONF
}

podman_() {
  (cd "$work" && CONTAINERS_CONF=$work/containers.conf podman --root "$work/root" \
    --runroot "$work/run" --tmpdir "$work/tmp" "$@")
}

make_image() {
  local image=$work/image applet
  mkdir -p "$image"/{bin,etc,proc,sys,dev,tmp}
  cp /bin/busybox "$image/bin/"
  for applet in sh sleep nc dd; do ln -s busybox "$image/bin/$applet"; done
  tar -C "$image" -c . | podman_ import --quiet - localhost/demo:1 >/dev/null
}

clean_up() {
  podman_ rm --all --force --time 0 >/dev/null 2>&1 || true
  stop_observer
  # What an interrupted podman may have left mounted.
  awk -v below="$work/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo | sort -r |
    while read -r mount; do umount -l "$mount"; done
  if [[ $had_parent == no ]]; then
    find /sys/fs/cgroup -depth -type d -path '*/libpod_parent*' -exec rmdir {} + 2>/dev/null || true
  fi
  rm -rf "$work"
}

container() { # container NAME COMMAND... with OPTIONS in $options
  local name=$1
  shift
  # shellcheck disable=SC2086  # $options are words
  podman_ run --name "$name" --network none ${options-} localhost/demo:1 "$@"
}

provoke() {
  say "1. demo-web connects to a database that is not there"
  options="" container demo-web /bin/nc 127.0.0.1 5432 || true

  say "2. demo-stubborn is asked to stop: PID 1 has no handler for SIGTERM, so it is killed after 1 s"
  options="-d" container demo-stubborn /bin/sleep 1000 >/dev/null
  podman_ stop --time 1 demo-stubborn 2>&1 || true

  say "3. demo-greedy takes 64 MiB where $LIMIT_MB MiB are allowed"
  options="-m ${LIMIT_MB}m --memory-swap ${LIMIT_MB}m" \
    container demo-greedy /bin/dd if=/dev/zero of=/dev/null bs=64M count=1 || echo "exit code $?"
}

# recorded WHAT CONTAINER KIND PATTERN: true when the row is in the timeline within 5 s.
recorded() {
  local what=$1 name=$2 kind=$3 pattern=$4 try rows
  for ((try = 0; try < 50; try++)); do
    rows=$("$binary" events --storage.path "$work/storage" --container "$name" --kind "$kind" \
      -o jsonl 2>/dev/null) || true
    if grep -q -- "$pattern" <<<"$rows"; then return 0; fi
    sleep 0.1
  done
  echo "MISSING in the timeline: $what of $name" >&2
  return 1
}

# counted CONTAINER METRIC LABEL: true when the counter stands at 1 in $metrics.
counted() {
  local name=$1 metric=$2 label=$3
  if grep -q -- "^$metric{.*container=\"$name\".*$label.*} 1\$" <<<"$metrics"; then return 0; fi
  echo "MISSING in /metrics: $metric of $name" >&2
  return 1
}

# found CONTAINER: true when at least one finding about it is there within 5 s; shows them.
found() {
  local try
  for ((try = 0; try < 50; try++)); do
    if "$binary" findings --storage.path "$work/storage" --container "$1" 2>/dev/null; then return 0; fi
    sleep 0.1
  done
  echo "MISSING: a finding about $1" >&2
  return 1
}

demo() {
  local good=0 name metrics
  work=$(mktemp -d /var/tmp/nsobserver-demo.XXXXXX)
  if [[ -d /sys/fs/cgroup/libpod_parent || -d /sys/fs/cgroup/memory/libpod_parent ]]; then
    had_parent=yes
  fi
  trap clean_up EXIT
  trap 'exit 130' INT TERM
  mkdir -m 0700 "$work/storage"
  configure_podman
  make_image
  start_observer "$work/storage" --runtimes.podman-storage-root "$work/root" \
    --runtimes.podman-run-root "$work/run"

  provoke
  recorded "the refused connect" demo-web connect_failure '"errno_name":"ECONNREFUSED"' || good=1
  recorded "the ignored SIGTERM" demo-stubborn signal '"result":"ignored"' || good=1
  recorded "the memory-limit kill" demo-greedy oom_kill '"reason":"cgroup"' || good=1
  metrics=$(curl -fs "$url/metrics") # once: the series of the dead go after a scrape
  counted demo-web nsobserver_connect_failures_total 'errno="ECONNREFUSED"' || good=1
  counted demo-stubborn nsobserver_signals_total 'result="ignored"' || good=1
  counted demo-greedy nsobserver_oom_kills_total 'reason="cgroup"' || good=1

  say "What the observer says (nsobserver events)"
  for name in demo-web demo-stubborn demo-greedy; do
    "$binary" events --storage.path "$work/storage" --container "$name" \
      --kind connect_failure,signal,oom_kill || true
    echo
  done
  say "What is wrong (nsobserver findings)"
  for name in demo-web demo-stubborn demo-greedy; do
    found "$name" || good=1
  done

  say "What Prometheus would get ($url/metrics)"
  grep -E '^nsobserver_(connect_failures|signals|oom_kills)_total\{.*container="demo-.* [1-9]' \
    <<<"$metrics" || true

  say "$( ((good == 0)) && echo "All three were seen and named." || echo "Not all of it was seen.")"
  if ((good != 0)); then
    echo "The observer's own messages:" >&2
    tail -n 20 "$work/log" >&2
  fi
  exit $good
}
