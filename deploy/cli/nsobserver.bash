# bash completion of nsobserver; written by deploy/cli/generate. To /usr/share/bash-completion/completions/nsobserver.
_nsobserver() {
  local word=$2 before=$3 command=${COMP_WORDS[1]-}
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W 'compare containers diagnose doctor enter events export findings namespaces run snapshot snapshots top --help --version' -- "$word")
    return
  fi
  case $command:$before in
    compare:-o) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    compare:--output) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    compare:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word") ;;
    compare:--config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    compare:--storage.path) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    containers:-o) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    containers:--output) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    containers:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word") ;;
    containers:--config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    containers:--storage.path) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    diagnose:-o) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    diagnose:--output) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    diagnose:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word") ;;
    diagnose:--config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    diagnose:--storage.path) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    doctor:-o) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    doctor:--output) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    doctor:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word") ;;
    doctor:--config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    doctor:--storage.path) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    doctor:--engines.ask) mapfile -t COMPREPLY < <(compgen -W 'auto off' -- "$word") ;;
    enter:--config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    enter:--storage.path) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    events:-o) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    events:--output) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    events:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word") ;;
    events:--kind) mapfile -t COMPREPLY < <(compgen -W 'namespace_change connect_failure signal oom_kill container_start container_exit loss gap entry' -- "$word") ;;
    events:--config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    events:--storage.path) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    export:-o) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    export:--output) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    export:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word") ;;
    export:--config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    export:--storage.path) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    findings:--record) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    findings:-o) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    findings:--output) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    findings:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word") ;;
    findings:--config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    findings:--storage.path) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    namespaces:-o) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    namespaces:--output) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    namespaces:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word") ;;
    namespaces:--config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    namespaces:--storage.path) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    run:--config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    run:--storage.path) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    run:--web.config.file) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    run:--log.level) mapfile -t COMPREPLY < <(compgen -W 'trace debug info warn error' -- "$word") ;;
    run:--anomaly.connect-failure) mapfile -t COMPREPLY < <(compgen -W 'off info warning critical' -- "$word") ;;
    run:--anomaly.bind-failure) mapfile -t COMPREPLY < <(compgen -W 'off info warning critical' -- "$word") ;;
    run:--anomaly.file-failure) mapfile -t COMPREPLY < <(compgen -W 'off info warning critical' -- "$word") ;;
    run:--anomaly.packet-drop) mapfile -t COMPREPLY < <(compgen -W 'off info warning critical' -- "$word") ;;
    run:--anomaly.dns-failure) mapfile -t COMPREPLY < <(compgen -W 'off info warning critical' -- "$word") ;;
    run:--anomaly.term-ignored) mapfile -t COMPREPLY < <(compgen -W 'off info warning critical' -- "$word") ;;
    run:--anomaly.container-end) mapfile -t COMPREPLY < <(compgen -W 'off info warning critical' -- "$word") ;;
    run:--anomaly.crash) mapfile -t COMPREPLY < <(compgen -W 'off info warning critical' -- "$word") ;;
    run:--anomaly.oom-kill) mapfile -t COMPREPLY < <(compgen -W 'off info warning critical' -- "$word") ;;
    run:--anomaly.sigkill-by-other) mapfile -t COMPREPLY < <(compgen -W 'off info warning critical' -- "$word") ;;
    run:--anomaly.stuck) mapfile -t COMPREPLY < <(compgen -W 'off info warning critical' -- "$word") ;;
    run:--anomaly.zombies) mapfile -t COMPREPLY < <(compgen -W 'off info warning critical' -- "$word") ;;
    run:--anomaly.pressure) mapfile -t COMPREPLY < <(compgen -W 'off info warning critical' -- "$word") ;;
    run:--anomaly.namespace-entry) mapfile -t COMPREPLY < <(compgen -W 'off info warning critical' -- "$word") ;;
    run:--anomaly.namespace-leak) mapfile -t COMPREPLY < <(compgen -W 'off info warning critical' -- "$word") ;;
    run:--anomaly.silent-probe) mapfile -t COMPREPLY < <(compgen -W 'off info warning critical' -- "$word") ;;
    run:--engines.ask) mapfile -t COMPREPLY < <(compgen -W 'auto off' -- "$word") ;;
    run:--otlp.headers-file) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    run:--otlp.ca-file) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    run:--otlp.cert-file) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    run:--otlp.key-file) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    run:--otlp.compression) mapfile -t COMPREPLY < <(compgen -W 'gzip none' -- "$word") ;;
    snapshot:-o) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    snapshot:--output) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    snapshot:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word") ;;
    snapshot:--config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    snapshot:--storage.path) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    snapshots:-o) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    snapshots:--output) mapfile -t COMPREPLY < <(compgen -W 'table json jsonl' -- "$word") ;;
    snapshots:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word") ;;
    snapshots:--config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    snapshots:--storage.path) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    top:--color) mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$word") ;;
    top:--config) mapfile -t COMPREPLY < <(compgen -f -- "$word") ;;
    top:--storage.path) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
  esac
  ((${#COMPREPLY[@]} == 0)) || return
  [[ $word == -* ]] || return
  case $command in
    compare) mapfile -t COMPREPLY < <(compgen -W '--help --output --color --config --storage.path --runtimes.docker-data-root --runtimes.docker-exec-root --runtimes.containerd-state-root --runtimes.containerd-runc-root --runtimes.podman-storage-root --runtimes.podman-run-root --runtimes.runc-root --runtimes.crun-root --runtimes.netns-root' -- "$word") ;;
    containers) mapfile -t COMPREPLY < <(compgen -W '--help --output --color --all --config --storage.path --runtimes.docker-data-root --runtimes.docker-exec-root --runtimes.containerd-state-root --runtimes.containerd-runc-root --runtimes.podman-storage-root --runtimes.podman-run-root --runtimes.runc-root --runtimes.crun-root --runtimes.netns-root' -- "$word") ;;
    diagnose) mapfile -t COMPREPLY < <(compgen -W '--help --output --color --config --storage.path --runtimes.docker-data-root --runtimes.docker-exec-root --runtimes.containerd-state-root --runtimes.containerd-runc-root --runtimes.podman-storage-root --runtimes.podman-run-root --runtimes.runc-root --runtimes.crun-root --runtimes.netns-root' -- "$word") ;;
    doctor) mapfile -t COMPREPLY < <(compgen -W '--help --output --color --config --storage.path --probes.syscall-hooks --probes.io-uring --probes.files --probes.dns --ring.critical-bytes --ring.bulk-bytes --engines.ask --engines.deadline --engines.refresh --runtimes.docker-data-root --runtimes.docker-exec-root --runtimes.containerd-state-root --runtimes.containerd-runc-root --runtimes.podman-storage-root --runtimes.podman-run-root --runtimes.runc-root --runtimes.crun-root --runtimes.netns-root' -- "$word") ;;
    enter) mapfile -t COMPREPLY < <(compgen -W '--help --net --mnt --pid --uts --ipc --user --dns --config --storage.path --runtimes.docker-data-root --runtimes.docker-exec-root --runtimes.containerd-state-root --runtimes.containerd-runc-root --runtimes.podman-storage-root --runtimes.podman-run-root --runtimes.runc-root --runtimes.crun-root --runtimes.netns-root' -- "$word") ;;
    events) mapfile -t COMPREPLY < <(compgen -W '--help --output --color --since --until --container --kind --netns --limit --follow --config --storage.path' -- "$word") ;;
    export) mapfile -t COMPREPLY < <(compgen -W '--help --since --until --container --output --color --config --storage.path' -- "$word") ;;
    findings) mapfile -t COMPREPLY < <(compgen -W '--help --since --until --container --case --limit --record --follow --output --color --config --storage.path' -- "$word") ;;
    namespaces) mapfile -t COMPREPLY < <(compgen -W '--help --output --color --kind --config --storage.path --runtimes.docker-data-root --runtimes.docker-exec-root --runtimes.containerd-state-root --runtimes.containerd-runc-root --runtimes.podman-storage-root --runtimes.podman-run-root --runtimes.runc-root --runtimes.crun-root --runtimes.netns-root' -- "$word") ;;
    run) mapfile -t COMPREPLY < <(compgen -W '--help --config --storage.path --storage.retention-age --storage.retention-size --web.listen-address --web.config.file --log.level --probes.syscall-hooks --probes.io-uring --probes.files --probes.dns --signals.told --connect.abandoned-after --dns.timeout --coalesce.window --budget.events-per-second --budget.burst --budget.cpu-percent --budget.cpu-window --ring.critical-bytes --ring.bulk-bytes --handover.seconds --metrics.max-series --containers.tombstone --containers.max --anomaly.enabled --anomaly.repeat-interval --anomaly.container-per-minute --anomaly.per-minute --anomaly.connect-failure --anomaly.connect-failure-burst --anomaly.connect-failure-window --anomaly.bind-failure --anomaly.file-failure --anomaly.packet-drop --anomaly.dns-failure --anomaly.term-ignored --anomaly.term-ignored-grace --anomaly.container-end --anomaly.crash --anomaly.crash-count --anomaly.crash-window --anomaly.oom-kill --anomaly.sigkill-by-other --anomaly.stuck --anomaly.zombies --anomaly.zombies-growing --anomaly.zombies-any --anomaly.pressure --anomaly.pressure-throttled-percent --anomaly.pressure-stalled-percent --anomaly.pressure-window --anomaly.namespace-entry --anomaly.namespace-leak --anomaly.namespace-leak-repeat --anomaly.silent-probe --engines.ask --engines.deadline --engines.refresh --otlp.endpoint --otlp.headers-file --otlp.ca-file --otlp.cert-file --otlp.key-file --otlp.compression --otlp.timeout --otlp.interval --otlp.rewind --otlp.resource --runtimes.docker-data-root --runtimes.docker-exec-root --runtimes.containerd-state-root --runtimes.containerd-runc-root --runtimes.podman-storage-root --runtimes.podman-run-root --runtimes.runc-root --runtimes.crun-root --runtimes.netns-root' -- "$word") ;;
    snapshot) mapfile -t COMPREPLY < <(compgen -W '--help --output --color --ns --baseline --config --storage.path --runtimes.docker-data-root --runtimes.docker-exec-root --runtimes.containerd-state-root --runtimes.containerd-runc-root --runtimes.podman-storage-root --runtimes.podman-run-root --runtimes.runc-root --runtimes.crun-root --runtimes.netns-root' -- "$word") ;;
    snapshots) mapfile -t COMPREPLY < <(compgen -W '--help --since --until --container --limit --output --color --config --storage.path' -- "$word") ;;
    top) mapfile -t COMPREPLY < <(compgen -W '--help --since --color --config --storage.path' -- "$word") ;;
  esac
}
complete -F _nsobserver nsobserver
