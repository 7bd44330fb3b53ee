#!/bin/bash
# In the guest, as root: the life of the package under a real systemd. What is seen is left in /root/out, one file a
# question; test_guest.py says what it should be.
out=/root/out

note() { # note NAME COMMAND...: its output and, at the end, its exit code
  local name=$1
  shift
  echo "[$(cut -d' ' -f1 /proc/uptime)] $name" | tee -a "$out/times" >/dev/console
  "$@" >"$out/$name" 2>&1
  echo "exit $?" >>"$out/$name"
}

state() {
  systemctl show nsobserver -p ActiveState,SubState,UnitFileState,MainPID,NRestarts,Type,WatchdogUSec,StatusText,Result
}

wait_active() { # wait_active OTHER_THAN_PID: up to four minutes
  local try
  for ((try = 0; try < 60; try++)); do # seldom: in here each look costs a third of a second
    if systemctl is-active -q nsobserver && [[ $(main_pid) != "$1" ]]; then return 0; fi
    sleep 4
  done
  return 1
}

main_pid() { systemctl show nsobserver -p MainPID --value; }

container() { # container NAME: with runc; where it connects to nothing listens, but on the host the observer does
  mkdir -p "/root/$1/rootfs/bin"
  cp /bin/busybox "/root/$1/rootfs/bin/"
  (cd "/root/$1" && runc spec &&
    sed -i 's/"terminal": true/"terminal": false/; s|^\(\s*\)"sh"|\1"/bin/busybox", "sh", "-c", "busybox nc 127.0.0.1 9917; busybox sleep 2"|' config.json &&
    timeout 60 runc run "$1" </dev/null)
}

finding() { # finding NAME: waits for one about that container
  local try
  for ((try = 0; try < 30; try++)); do
    nsobserver findings --container "$1" 2>&1 && return
    sleep 2
  done
  return 1
}

beat() { # so that who watches the console knows that it lives
  while sleep 20; do echo "[$(cut -d' ' -f1 /proc/uptime)]" >/dev/console; done
}

suspend() { echo mem >/sys/power/state; } # the machine's memory stays, all else is off until guest.py wakes it

after() { # after NAME: something was done to the clock; does the observer still see, tell and name?
  date +%s >"$out/begin_$1"
  note "container_$1" container "$1"
  note "finding_$1" finding "$1"
  note "rows_$1" nsobserver events --container "$1" --kind connect_failure --since 5m -o jsonl
  date +%s >"$out/end_$1"
  note "metrics_$1" curl -sS http://127.0.0.1:9917/metrics
  note "ready_$1" curl -sS http://127.0.0.1:9917/-/ready
  note "state_$1" state
}

beat &
# Emulated on a busy machine, loading takes minutes.
mkdir -p /run/systemd/system/nsobserver.service.d
printf "[Service]\nTimeoutStartSec=900\n" >/run/systemd/system/nsobserver.service.d/slow.conf

note kernel uname -r
note install dpkg -i /root/first.deb
note state state
note ready curl -sS http://127.0.0.1:9917/-/ready
note metrics curl -sS http://127.0.0.1:9917/metrics
note unit_files find /var/lib/nsobserver -printf '%m %u %P\n'
note status cat "/proc/$(main_pid)/status"
note container container web
note finding finding web

note step_forward date -s '+26 hours'
after ahead
note step_back date -s '-28 hours'
after behind
note step_home date -s '+2 hours'
note suspend suspend
note suspended cat /sys/power/suspend_stats/success
after woken
note gaps_of_the_clock nsobserver events --kind gap -o jsonl --limit 0
note all_of_the_clock nsobserver events -o jsonl --limit 0

printf '\n# edited by the administrator\n' >>/etc/nsobserver.yaml
sed -i 's/^  level: info/  level: debug/' /etc/nsobserver.yaml
note reload systemctl reload nsobserver
sleep 2
# Else the next start writes 50,000 lines of libbpf's, which takes a minute in here.
sed -i 's/^  level: debug/  level: info/' /etc/nsobserver.yaml

# The new one is watched more closely, so that a test need not wait for a minute.
mkdir -p /run/systemd/system/nsobserver.service.d
printf '[Service]\nWatchdogSec=15\nRestartSec=1\n' >/run/systemd/system/nsobserver.service.d/quick.conf
main_pid >"$out/pid_before_upgrade"
note upgrade dpkg -i /root/second.deb
note state_after_upgrade state
note version dpkg -s nsobserver
note conffile grep -c 'edited by the administrator' /etc/nsobserver.yaml
note finding_after_upgrade nsobserver findings --container web
note events nsobserver events -o jsonl --limit 0

# Stopped in its tracks, it says nothing any more.
sleep 16
note state_at_rest state # with a watchdog of 15 s, and not restarted
note metrics_at_rest curl -sS http://127.0.0.1:9917/metrics
note held_at_rest bash -c 'ls -l /proc/1/fd | grep -cE "bpf-map|bpf_link|bpf-link"'
hung=$(main_pid)
kill -STOP "$hung"
note wait_for_watchdog wait_active "$hung"
note state_after_watchdog state
note metrics_after_watchdog curl -sS http://127.0.0.1:9917/metrics
note gaps nsobserver events --kind gap -o jsonl --limit 0
note journal journalctl --no-pager -u nsobserver

note remove dpkg -r nsobserver
note state_after_remove systemctl is-active nsobserver
note held_after_remove bash -c '! ls -l /proc/1/fd | grep -E "bpf-map|bpf_link|bpf-link"' # its own programs are of the units' device filters
note left_after_remove find /etc/nsobserver.yaml /var/lib/nsobserver/timeline.db
note purge dpkg -P nsobserver
rm -r /run/systemd/system/nsobserver.service.d
note left_after_purge find / -xdev -iname '*nsobserver*' -not -path '/proc/*' -not -path '/root/*' -not -path '/run/systemd/*'
note status_after_purge dpkg-query -W nsobserver
