#compdef nsobserver
# zsh completion of nsobserver; written by deploy/cli/generate. To a folder of $fpath, as _nsobserver.
_nsobserver() {
  local -a commands=(
    'compare:Which of the eight namespaces two targets share'
    'containers:The containers that run here, whatever runs them, found without asking an engine'
    'diagnose:Looks into a target now, as if an anomaly had fired, and says what is wrong and what to change'
    'doctor:What this host supports, source by source, with the hook chosen and what it costs'
    'enter:Runs a command of the host in a target'\''s namespaces, in as few of them as are asked for'
    'events:What was observed, from the timeline'
    'export:An incident in one file'
    'findings:What is wrong, and what to change'
    'namespaces:The namespaces of this host'
    'run:The daemon, in the foreground'
    'snapshot:Looks into the namespaces of a target now, read-only'
    'snapshots:The looks into namespaces that the timeline keeps'
    'top:Which containers are in trouble now, live and full-screen'
  )
  if (( CURRENT == 2 )); then
    [[ $words[2] == -* ]] && _arguments '--help[show help]' '--version[show the version]' && return
    _describe command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
    compare)
      _arguments -S '(-h --help)-h[Show this and exit]' '(-h --help)--help[Show this and exit]' \
        '(-o --output)-o[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' '(-o --output)--output=[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' \
        '--color=[auto (on a terminal, unless NO_COLOR is set), always, never]:WHEN:(auto always never)' \
        '--config=[The daemon'\''s configuration (YAML, see deploy/nsobserver.yaml)]:FILE:_files' \
        '--storage.path=[Folder of the timeline (SQLite)]:DIR:_files -/' \
        '--runtimes.docker-data-root=[dockerd'\''s --data-root]:LIST: ' \
        '--runtimes.docker-exec-root=[dockerd'\''s --exec-root]:LIST: ' \
        '--runtimes.containerd-state-root=["state" of containerd'\''s configuration]:LIST: ' \
        '--runtimes.containerd-runc-root=[Where containerd'\''s shims keep the state of runc]:LIST: ' \
        '--runtimes.podman-storage-root=[podman'\''s --root]:LIST: ' \
        '--runtimes.podman-run-root=[podman'\''s --runroot]:LIST: ' \
        '--runtimes.runc-root=[runc'\''s --root]:LIST: ' \
        '--runtimes.crun-root=[crun'\''s --root]:LIST: ' \
        '--runtimes.netns-root=[Folder of the network namespaces that ip netns named]:LIST: ' \
        '*: :_default'
      ;;
    containers)
      _arguments -S '(-h --help)-h[Show this and exit]' '(-h --help)--help[Show this and exit]' \
        '(-o --output)-o[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' '(-o --output)--output=[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' \
        '--color=[auto (on a terminal, unless NO_COLOR is set), always, never]:WHEN:(auto always never)' \
        '(-a --all)-a[Also those that the timeline remembers and run no more]' '(-a --all)--all[Also those that the timeline remembers and run no more]' \
        '--config=[The daemon'\''s configuration (YAML, see deploy/nsobserver.yaml)]:FILE:_files' \
        '--storage.path=[Folder of the timeline (SQLite)]:DIR:_files -/' \
        '--runtimes.docker-data-root=[dockerd'\''s --data-root]:LIST: ' \
        '--runtimes.docker-exec-root=[dockerd'\''s --exec-root]:LIST: ' \
        '--runtimes.containerd-state-root=["state" of containerd'\''s configuration]:LIST: ' \
        '--runtimes.containerd-runc-root=[Where containerd'\''s shims keep the state of runc]:LIST: ' \
        '--runtimes.podman-storage-root=[podman'\''s --root]:LIST: ' \
        '--runtimes.podman-run-root=[podman'\''s --runroot]:LIST: ' \
        '--runtimes.runc-root=[runc'\''s --root]:LIST: ' \
        '--runtimes.crun-root=[crun'\''s --root]:LIST: ' \
        '--runtimes.netns-root=[Folder of the network namespaces that ip netns named]:LIST: ' \
        '*: :_default'
      ;;
    diagnose)
      _arguments -S '(-h --help)-h[Show this and exit]' '(-h --help)--help[Show this and exit]' \
        '(-o --output)-o[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' '(-o --output)--output=[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' \
        '--color=[auto (on a terminal, unless NO_COLOR is set), always, never]:WHEN:(auto always never)' \
        '--config=[The daemon'\''s configuration (YAML, see deploy/nsobserver.yaml)]:FILE:_files' \
        '--storage.path=[Folder of the timeline (SQLite)]:DIR:_files -/' \
        '--runtimes.docker-data-root=[dockerd'\''s --data-root]:LIST: ' \
        '--runtimes.docker-exec-root=[dockerd'\''s --exec-root]:LIST: ' \
        '--runtimes.containerd-state-root=["state" of containerd'\''s configuration]:LIST: ' \
        '--runtimes.containerd-runc-root=[Where containerd'\''s shims keep the state of runc]:LIST: ' \
        '--runtimes.podman-storage-root=[podman'\''s --root]:LIST: ' \
        '--runtimes.podman-run-root=[podman'\''s --runroot]:LIST: ' \
        '--runtimes.runc-root=[runc'\''s --root]:LIST: ' \
        '--runtimes.crun-root=[crun'\''s --root]:LIST: ' \
        '--runtimes.netns-root=[Folder of the network namespaces that ip netns named]:LIST: ' \
        '*: :_default'
      ;;
    doctor)
      _arguments -S '(-h --help)-h[Show this and exit]' '(-h --help)--help[Show this and exit]' \
        '(-o --output)-o[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' '(-o --output)--output=[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' \
        '--color=[auto (on a terminal, unless NO_COLOR is set), always, never]:WHEN:(auto always never)' \
        '--config=[The daemon'\''s configuration (YAML, see deploy/nsobserver.yaml)]:FILE:_files' \
        '--storage.path=[Folder of the timeline (SQLite)]:DIR:_files -/' \
        '--probes.syscall-hooks=[Tracepoints of syscalls, where the kernel refuses hooks of its own functions (doctor says so)]:on|off: ' \
        '--probes.io-uring=[Hooks on io_uring, for connects that fail there at once]:on|off: ' \
        '--probes.files=[Calls on files that fail]:auto|on|off|LIST: ' \
        '--probes.dns=[DNS queries to port 53 that get no answer, SERVFAIL or REFUSED]:on|off: ' \
        '--ring.critical-bytes=[Buffer between kernel and daemon for namespace changes, OOM kills, lifecycle and fatal signals]:SIZE: ' \
        '--ring.bulk-bytes=[Buffer between kernel and daemon for everything else]:SIZE: ' \
        '--engines.ask=[Whether the container engines of this host are asked for what their files don'\''t tell]:auto|off:(auto off)' \
        '--engines.deadline=[How long one request to an engine may take]:DURATION: ' \
        '--engines.refresh=[A container with a health check is asked about again after this time, others after ten times as long]:DURATION: ' \
        '--runtimes.docker-data-root=[dockerd'\''s --data-root]:LIST: ' \
        '--runtimes.docker-exec-root=[dockerd'\''s --exec-root]:LIST: ' \
        '--runtimes.containerd-state-root=["state" of containerd'\''s configuration]:LIST: ' \
        '--runtimes.containerd-runc-root=[Where containerd'\''s shims keep the state of runc]:LIST: ' \
        '--runtimes.podman-storage-root=[podman'\''s --root]:LIST: ' \
        '--runtimes.podman-run-root=[podman'\''s --runroot]:LIST: ' \
        '--runtimes.runc-root=[runc'\''s --root]:LIST: ' \
        '--runtimes.crun-root=[crun'\''s --root]:LIST: ' \
        '--runtimes.netns-root=[Folder of the network namespaces that ip netns named]:LIST: ' \
        '*: :_default'
      ;;
    enter)
      _arguments -S '(-h --help)-h[Show this and exit]' '(-h --help)--help[Show this and exit]' \
        '--net[The network namespace]' \
        '--mnt[The mount namespace]' \
        '--pid[The pid namespace]' \
        '--uts[The uts namespace]' \
        '--ipc[The ipc namespace]' \
        '--user[The user namespace, as its root]' \
        '--dns[Resolve names like the target]' \
        '--config=[The daemon'\''s configuration (YAML, see deploy/nsobserver.yaml)]:FILE:_files' \
        '--storage.path=[Folder of the timeline (SQLite)]:DIR:_files -/' \
        '--runtimes.docker-data-root=[dockerd'\''s --data-root]:LIST: ' \
        '--runtimes.docker-exec-root=[dockerd'\''s --exec-root]:LIST: ' \
        '--runtimes.containerd-state-root=["state" of containerd'\''s configuration]:LIST: ' \
        '--runtimes.containerd-runc-root=[Where containerd'\''s shims keep the state of runc]:LIST: ' \
        '--runtimes.podman-storage-root=[podman'\''s --root]:LIST: ' \
        '--runtimes.podman-run-root=[podman'\''s --runroot]:LIST: ' \
        '--runtimes.runc-root=[runc'\''s --root]:LIST: ' \
        '--runtimes.crun-root=[crun'\''s --root]:LIST: ' \
        '--runtimes.netns-root=[Folder of the network namespaces that ip netns named]:LIST: ' \
        '*: :_default'
      ;;
    events)
      _arguments -S '(-h --help)-h[Show this and exit]' '(-h --help)--help[Show this and exit]' \
        '(-o --output)-o[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' '(-o --output)--output=[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' \
        '--color=[auto (on a terminal, unless NO_COLOR is set), always, never]:WHEN:(auto always never)' \
        '--since=[From then on]:TIME: ' \
        '--until=[Up to then]:TIME: ' \
        '--container=[Of this one]:NAME: ' \
        '--kind=[Only these, several with commas]:KIND:(namespace_change connect_failure signal oom_kill container_start container_exit loss gap entry)' \
        '--netns=[In this network namespace]:INODE: ' \
        '--limit=[The newest so many]:COUNT: ' \
        '(-f --follow)-f[Then show new ones as they are recorded, and once more those that grew]' '(-f --follow)--follow[Then show new ones as they are recorded, and once more those that grew]' \
        '--config=[The daemon'\''s configuration (YAML, see deploy/nsobserver.yaml)]:FILE:_files' \
        '--storage.path=[Folder of the timeline (SQLite)]:DIR:_files -/' \
        '*: :_default'
      ;;
    export)
      _arguments -S '(-h --help)-h[Show this and exit]' '(-h --help)--help[Show this and exit]' \
        '--since=[From then on]:TIME: ' \
        '--until=[Up to then]:TIME: ' \
        '--container=[Of this one]:NAME: ' \
        '(-o --output)-o[html or json]:FORMAT:(table json jsonl)' '(-o --output)--output=[html or json]:FORMAT:(table json jsonl)' \
        '--color=[Colours]:WHEN:(auto always never)' \
        '--config=[The daemon'\''s configuration (YAML, see deploy/nsobserver.yaml)]:FILE:_files' \
        '--storage.path=[Folder of the timeline (SQLite)]:DIR:_files -/' \
        '*: :_default'
      ;;
    findings)
      _arguments -S '(-h --help)-h[Show this and exit]' '(-h --help)--help[Show this and exit]' \
        '--since=[From then on]:TIME: ' \
        '--until=[Up to then]:TIME: ' \
        '--container=[Of this one]:NAME: ' \
        '--case=[Of this case, e.g]:ID: ' \
        '--limit=[The newest so many]:COUNT: ' \
        '--record=[replay]:FILE:_files' \
        '(-f --follow)-f[Then show new ones as they are found]' '(-f --follow)--follow[Then show new ones as they are found]' \
        '(-o --output)-o[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' '(-o --output)--output=[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' \
        '--color=[auto (on a terminal, unless NO_COLOR is set), always, never]:WHEN:(auto always never)' \
        '--config=[The daemon'\''s configuration (YAML, see deploy/nsobserver.yaml)]:FILE:_files' \
        '--storage.path=[Folder of the timeline (SQLite)]:DIR:_files -/' \
        '*: :_default'
      ;;
    namespaces)
      _arguments -S '(-h --help)-h[Show this and exit]' '(-h --help)--help[Show this and exit]' \
        '(-o --output)-o[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' '(-o --output)--output=[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' \
        '--color=[auto (on a terminal, unless NO_COLOR is set), always, never]:WHEN:(auto always never)' \
        '--kind=[Only these kinds]:KIND: ' \
        '--config=[The daemon'\''s configuration (YAML, see deploy/nsobserver.yaml)]:FILE:_files' \
        '--storage.path=[Folder of the timeline (SQLite)]:DIR:_files -/' \
        '--runtimes.docker-data-root=[dockerd'\''s --data-root]:LIST: ' \
        '--runtimes.docker-exec-root=[dockerd'\''s --exec-root]:LIST: ' \
        '--runtimes.containerd-state-root=["state" of containerd'\''s configuration]:LIST: ' \
        '--runtimes.containerd-runc-root=[Where containerd'\''s shims keep the state of runc]:LIST: ' \
        '--runtimes.podman-storage-root=[podman'\''s --root]:LIST: ' \
        '--runtimes.podman-run-root=[podman'\''s --runroot]:LIST: ' \
        '--runtimes.runc-root=[runc'\''s --root]:LIST: ' \
        '--runtimes.crun-root=[crun'\''s --root]:LIST: ' \
        '--runtimes.netns-root=[Folder of the network namespaces that ip netns named]:LIST: ' \
        '*: :_default'
      ;;
    run)
      _arguments -S '(-h --help)-h[Show this and exit]' '(-h --help)--help[Show this and exit]' \
        '--config=[The daemon'\''s configuration (YAML, see deploy/nsobserver.yaml)]:FILE:_files' \
        '--storage.path=[Folder of the timeline (SQLite)]:DIR:_files -/' \
        '--storage.retention-age=[Events older than this are removed]:DURATION: ' \
        '--storage.retention-size=[When the timeline grows beyond this, the oldest events are removed]:SIZE: ' \
        '--web.listen-address=[Where /metrics, /-/healthy and /-/ready are served]:HOST:PORT: ' \
        '--web.config.file=[TLS, client certificates and users with passwords for that port, in the format that Prometheus'\'' exporters share]:FILE:_files' \
        '--log.level=[The least serious messages that reach stderr]:LEVEL:(trace debug info warn error)' \
        '--probes.syscall-hooks=[Tracepoints of syscalls, where the kernel refuses hooks of its own functions (doctor says so)]:on|off: ' \
        '--probes.io-uring=[Hooks on io_uring, for connects that fail there at once]:on|off: ' \
        '--probes.files=[Calls on files that fail]:auto|on|off|LIST: ' \
        '--probes.dns=[DNS queries to port 53 that get no answer, SERVFAIL or REFUSED]:on|off: ' \
        '--signals.told=[Signals that become events of the timeline]:LIST: ' \
        '--connect.abandoned-after=[A connect that is closed or killed while under way is told if it was under way at least this long]:DURATION: ' \
        '--dns.timeout=[A DNS query without an answer for this long is told, even if one comes later]:DURATION: ' \
        '--coalesce.window=[Equal events of one container within this time become one row with a count]:DURATION: ' \
        '--budget.events-per-second=[How many bulk events (connect failures, ordinary signals) one container may send for long]:COUNT: ' \
        '--budget.burst=[How many it may send at once]:COUNT: ' \
        '--budget.cpu-percent=[How much of one core nsobserver itself may take, its BPF programs included]:PERCENT: ' \
        '--budget.cpu-window=[For how long it has to be above budget.cpu-percent]:DURATION: ' \
        '--ring.critical-bytes=[Buffer between kernel and daemon for namespace changes, OOM kills, lifecycle and fatal signals]:SIZE: ' \
        '--ring.bulk-bytes=[Buffer between kernel and daemon for everything else]:SIZE: ' \
        '--handover.seconds=[How long the programs in the kernel and their buffers outlive a daemon that was killed or stopped with SIGUSR2, for the next one on the same storage to go on with, so that a restart loses no critical event]:SECONDS: ' \
        '--metrics.max-series=[How many series /metrics shows at most]:COUNT: ' \
        '--containers.tombstone=[How long a dead container is remembered, to name its late events]:DURATION: ' \
        '--containers.max=[How many containers are tracked at most]:COUNT: ' \
        '--anomaly.enabled=[The rules over the stream of events]:on|off: ' \
        '--anomaly.repeat-interval=[One and the same trouble is told once in this time]:DURATION: ' \
        '--anomaly.container-per-minute=[How many findings of one rule one container may cause a minute]:COUNT: ' \
        '--anomaly.per-minute=[The same for all containers together]:COUNT: ' \
        '--anomaly.connect-failure=[How serious it is that a container can'\''t connect]:SEVERITY:(off info warning critical)' \
        '--anomaly.connect-failure-burst=[So many failures to one destination within connect-failure-window are a burst]:COUNT: ' \
        '--anomaly.connect-failure-window=[The window of connect-failure-burst]:DURATION: ' \
        '--anomaly.bind-failure=[How serious it is that a container can'\''t bind or listen]:SEVERITY:(off info warning critical)' \
        '--anomaly.file-failure=[How serious it is that a program of a container can'\''t have a file]:SEVERITY:(off info warning critical)' \
        '--anomaly.packet-drop=[How serious it is that the packet filter of a container drops what it sends, or datagrams to a port of a service]:SEVERITY:(off info warning critical)' \
        '--anomaly.dns-failure=[How serious it is that a name server does not answer a container, or answers SERVFAIL or REFUSED]:SEVERITY:(off info warning critical)' \
        '--anomaly.term-ignored=[How serious it is that PID 1 of a container did not end on SIGTERM and had to be killed]:SEVERITY:(off info warning critical)' \
        '--anomaly.term-ignored-grace=[An ignored SIGTERM that no SIGKILL follows within this time is told as an info]:DURATION: ' \
        '--anomaly.container-end=[How serious the end of a container is that neither succeeded nor was asked for]:SEVERITY:(off info warning critical)' \
        '--anomaly.crash=[How serious repeated crashes of a program are]:SEVERITY:(off info warning critical)' \
        '--anomaly.crash-count=[So many crashes of a program within crash-window are repeated ones]:COUNT: ' \
        '--anomaly.crash-window=[The window of crash-count]:DURATION: ' \
        '--anomaly.oom-kill=[How serious an OOM kill at the limit of a container or of an ancestor is]:SEVERITY:(off info warning critical)' \
        '--anomaly.sigkill-by-other=[How serious it is that a process of a container, not its PID 1, is killed from outside]:SEVERITY:(off info warning critical)' \
        '--anomaly.stuck=[How serious it is that a process of a container is still there 10 s after SIGKILL]:SEVERITY:(off info warning critical)' \
        '--anomaly.zombies=[How serious it is that a process of a container does not wait for its children]:SEVERITY:(off info warning critical)' \
        '--anomaly.zombies-growing=[So many zombies of one parent are told if they have become more]:COUNT: ' \
        '--anomaly.zombies-any=[So many are told in any case]:COUNT: ' \
        '--anomaly.pressure=[How serious it is that a container is throttled, waits for memory or can'\''t fork]:SEVERITY:(off info warning critical)' \
        '--anomaly.pressure-throttled-percent=[A container is throttled if it is so in this share of its cpu periods]:COUNT: ' \
        '--anomaly.pressure-stalled-percent=[A container waits if some of its threads do in this share of the time]:COUNT: ' \
        '--anomaly.pressure-window=[The time over which the shares are taken]:DURATION: ' \
        '--anomaly.namespace-entry=[How serious it is that somebody who is not its runtime enters a container]:SEVERITY:(off info warning critical)' \
        '--anomaly.namespace-leak=[How serious it is that a namespace outlives its container]:SEVERITY:(off info warning critical)' \
        '--anomaly.namespace-leak-repeat=[A namespace that is still there is told again after this time]:DURATION: ' \
        '--anomaly.silent-probe=[How serious it is that one of the observer'\''s own programs in the kernel no longer sees what it must]:SEVERITY:(off info warning critical)' \
        '--engines.ask=[Whether the container engines of this host are asked for what their files don'\''t tell]:auto|off:(auto off)' \
        '--engines.deadline=[How long one request to an engine may take]:DURATION: ' \
        '--engines.refresh=[A container with a health check is asked about again after this time, others after ten times as long]:DURATION: ' \
        '--otlp.endpoint=[Where the timeline is sent as OTLP logs (HTTP, protobuf)]:URL: ' \
        '--otlp.headers-file=[Headers of each request, a line "Name]:FILE:_files' \
        '--otlp.ca-file=[Certificates (PEM) that the server'\''s must be signed by, instead of the system'\''s]:FILE:_files' \
        '--otlp.cert-file=[The client'\''s own certificate (PEM), for servers that ask for one]:FILE:_files' \
        '--otlp.key-file=[The key (PEM) of otlp.cert-file]:FILE:_files' \
        '--otlp.compression=[How requests are compressed]:NAME:(gzip none)' \
        '--otlp.timeout=[How long one request may take]:DURATION: ' \
        '--otlp.interval=[How often new rows are looked for, when there are none]:DURATION: ' \
        '--otlp.rewind=[What was acknowledged within this time before a failure is sent again]:DURATION: ' \
        '--otlp.resource=[Resource attributes beside host.name and host.id, as in k8s.cluster.name=prod]:LIST: ' \
        '--runtimes.docker-data-root=[dockerd'\''s --data-root]:LIST: ' \
        '--runtimes.docker-exec-root=[dockerd'\''s --exec-root]:LIST: ' \
        '--runtimes.containerd-state-root=["state" of containerd'\''s configuration]:LIST: ' \
        '--runtimes.containerd-runc-root=[Where containerd'\''s shims keep the state of runc]:LIST: ' \
        '--runtimes.podman-storage-root=[podman'\''s --root]:LIST: ' \
        '--runtimes.podman-run-root=[podman'\''s --runroot]:LIST: ' \
        '--runtimes.runc-root=[runc'\''s --root]:LIST: ' \
        '--runtimes.crun-root=[crun'\''s --root]:LIST: ' \
        '--runtimes.netns-root=[Folder of the network namespaces that ip netns named]:LIST: ' \
        '*: :_default'
      ;;
    snapshot)
      _arguments -S '(-h --help)-h[Show this and exit]' '(-h --help)--help[Show this and exit]' \
        '(-o --output)-o[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' '(-o --output)--output=[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' \
        '--color=[auto (on a terminal, unless NO_COLOR is set), always, never]:WHEN:(auto always never)' \
        '--ns=[Only what these namespaces tell]:KIND: ' \
        '--baseline[Keep it as the one to compare with]' \
        '--config=[The daemon'\''s configuration (YAML, see deploy/nsobserver.yaml)]:FILE:_files' \
        '--storage.path=[Folder of the timeline (SQLite)]:DIR:_files -/' \
        '--runtimes.docker-data-root=[dockerd'\''s --data-root]:LIST: ' \
        '--runtimes.docker-exec-root=[dockerd'\''s --exec-root]:LIST: ' \
        '--runtimes.containerd-state-root=["state" of containerd'\''s configuration]:LIST: ' \
        '--runtimes.containerd-runc-root=[Where containerd'\''s shims keep the state of runc]:LIST: ' \
        '--runtimes.podman-storage-root=[podman'\''s --root]:LIST: ' \
        '--runtimes.podman-run-root=[podman'\''s --runroot]:LIST: ' \
        '--runtimes.runc-root=[runc'\''s --root]:LIST: ' \
        '--runtimes.crun-root=[crun'\''s --root]:LIST: ' \
        '--runtimes.netns-root=[Folder of the network namespaces that ip netns named]:LIST: ' \
        '*: :_default'
      ;;
    snapshots)
      _arguments -S '(-h --help)-h[Show this and exit]' '(-h --help)--help[Show this and exit]' \
        '--since=[list]:TIME: ' \
        '--until=[list]:TIME: ' \
        '--container=[list]:NAME: ' \
        '--limit=[list]:COUNT: ' \
        '(-o --output)-o[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' '(-o --output)--output=[table for people, json (an array), jsonl (an object a line)]:FORMAT:(table json jsonl)' \
        '--color=[auto (on a terminal, unless NO_COLOR is set), always, never]:WHEN:(auto always never)' \
        '--config=[The daemon'\''s configuration (YAML, see deploy/nsobserver.yaml)]:FILE:_files' \
        '--storage.path=[Folder of the timeline (SQLite)]:DIR:_files -/' \
        '*: :_default'
      ;;
    top)
      _arguments -S '(-h --help)-h[Show this and exit]' '(-h --help)--help[Show this and exit]' \
        '--since=[The window]:DURATION: ' \
        '--color=[auto (unless NO_COLOR is set), always, never]:WHEN:(auto always never)' \
        '--config=[The daemon'\''s configuration (YAML, see deploy/nsobserver.yaml)]:FILE:_files' \
        '--storage.path=[Folder of the timeline (SQLite)]:DIR:_files -/' \
        '*: :_default'
      ;;
  esac
}
_nsobserver "$@"
