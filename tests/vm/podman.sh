#!/bin/bash
# In the guest, as root: podman's containers and pods on cgroup v2, by both of its runtimes, while the daemon watches. Each
# deed is a line on the console; what podman, the kernel and nsobserver say of it is left in /root/out, a file a question.
# podman_judge.py says what it must be.
out=/root/out
image=localhost/bb:1
eat="/bin/toolbox memory 200"
timeline=(--storage.path /tmp/timeline)
mkdir -p "$out"

did() { # did NAME COMMAND...: its exit code, and when it ended; of what it says only the end, if it failed
  local name=$1 code
  shift
  timeout 180 "$@" </dev/null >/tmp/said 2>&1
  code=$?
  echo "did $name $code $(cut -d' ' -f1 /proc/uptime)"
  [[ $code == 0 ]] || tail -n 3 /tmp/said
}

note() { # note NAME COMMAND...
  local name=$1
  shift
  timeout 180 "$@" >"$out/$name" 2>"$out/$name.said" </dev/null
  echo "did $name $? $(cut -d' ' -f1 /proc/uptime)"
}

container() { # container NAME OPTIONS... IMAGE COMMAND...
  local name=$1-$runtime-$manager
  shift
  did "$name" podman --cgroup-manager "$manager" --runtime "$runtime" run -d --name "$name" "$@"
}

pod() { # pod NAME OPTIONS...: what holds its namespaces is a container of its own
  local name=$1-$runtime-$manager
  shift
  did "$name" podman --cgroup-manager "$manager" --runtime "$runtime" pod create --name "$name" --network none \
    --infra-image $image --infra-command "/bin/sleep 1000000" --infra-name "$name-infra" "$@"
}

member() { # member POD NAME OPTIONS... IMAGE COMMAND...
  container "$2" --pod "$1-$runtime-$manager" "${@:3}"
}

alone() { # alone NAME OPTIONS... IMAGE COMMAND...
  container "$1" --network none "${@:2}"
}

kills() { # kills COUNT: until the kernel has so many limits reached
  for _ in $(seq 120); do
    [[ $(dmesg | grep -c oom-kill:constraint) -ge $1 ]] && return
    sleep 0.5
  done
  return 1
}

nsobserver run "${timeline[@]}" >"$out/log" 2>&1 &
daemon=$!
did import podman import /root/image.tar $image
# shellcheck disable=SC2016  # for the shell below
did observing bash -c 'until grep -q observing "$1"; do sleep 0.5; done' wait "$out/log"

expected=0
for manager in systemd cgroupfs; do
  for runtime in crun runc; do
    alone well --memory 64m $image /bin/sleep 1000000
    # PID 1, in its first moments: its container is gone before anybody looks.
    # shellcheck disable=SC2086  # words
    alone own --memory 32m $image $eat
    # Everybody in the cgroup dies with the one that was chosen.
    alone all --memory 32m --cgroup-conf memory.oom.group=1 $image /bin/sh -c "sleep 1000000 & $eat; sleep 1000000"
    expected=$((expected + 2))
    # Without systemd podman 4.3 forbids a pod on cgroup v2 all devices, and no runtime starts anything in there.
    [[ $manager == systemd ]] || continue
    pod pod
    member pod knock $image /bin/toolbox knock 7000
    member pod eat --memory 32m $image /bin/sh -c "$eat; sleep 1000000"
    # The pod's limit is reached before its member's own.
    pod small --memory 48m
    member small big --memory 128m $image /bin/sh -c "$eat; sleep 1000000"
    expected=$((expected + 2))
  done
done
kills $expected
echo "did kills $? $(cut -d' ' -f1 /proc/uptime)"
sleep 12 # who was killed and has not ended by then is "stuck"

note containers nsobserver containers "${timeline[@]}" -o jsonl
note metrics busybox wget -q -O - http://127.0.0.1:9917/metrics
kill $daemon
wait $daemon
note events nsobserver events "${timeline[@]}" --limit 0 -o jsonl
note findings nsobserver findings "${timeline[@]}" --limit 0 -o jsonl
note kernel dmesg
mapfile -t ids < <(podman ps -aq --no-trunc)
note podman_containers podman inspect "${ids[@]}"
mapfile -t ids < <(podman pod ps --format '{{.Name}}')
for pod in "${ids[@]}"; do
  podman pod inspect -f '{{.Name}} {{.ID}} {{.CgroupPath}}' "$pod"
done >"$out/podman_pods"
