#include "tests/bpf/support/net_lab.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace nsobs {
namespace {

// The two know each other's addresses from the start: with retransmissions 100 ms apart a busy
// machine answers a neighbour too late, and the error would be another one.
constexpr char kNear[] = R"(
set -e
ip -batch - <<END
addr add 10.99.0.1/24 dev near
addr add fd99::1/64 dev near nodad
link set near up
neigh add 10.99.0.2 lladdr 02:00:00:00:99:02 dev near nud permanent
neigh add fd99::2 lladdr 02:00:00:00:99:02 dev near nud permanent
route add unreachable 10.98.1.0/24
route add prohibit 10.98.2.0/24
route add blackhole 10.98.3.0/24
route add unreachable fd98:1::/32
route add prohibit fd98:2::/32
route add blackhole fd98:3::/32
END
echo 1 >/proc/sys/net/ipv4/tcp_syn_retries
echo 100 >/proc/sys/net/ipv4/neigh/near/retrans_time_ms
echo 100 >/proc/sys/net/ipv6/neigh/near/retrans_time_ms
nft -f - <<END
table inet lab { chain out { type filter hook output priority 0;
  tcp dport 7010 drop
}
}
END
)";

constexpr char kPeer[] = R"(
set -e
ip -batch - <<END
addr add 10.99.0.2/24 dev peer
addr add fd99::2/64 dev peer nodad
link set peer up
neigh add 10.99.0.1 lladdr 02:00:00:00:99:01 dev peer nud permanent
neigh add fd99::1 lladdr 02:00:00:00:99:01 dev peer nud permanent
END
echo 0 >/proc/sys/net/ipv4/icmp_ratelimit
echo 0 >/proc/sys/net/ipv6/icmp/ratelimit
nft -f - <<END
table inet lab { chain in { type filter hook input priority 0;
  tcp dport 7001 drop
  tcp dport 7002 reject with tcp reset
  meta l4proto { tcp, udp } th dport 7003 reject with icmpx type port-unreachable
  meta l4proto { tcp, udp } th dport 7004 reject with icmpx type host-unreachable
  meta l4proto { tcp, udp } th dport 7005 reject with icmpx type admin-prohibited
  meta l4proto { tcp, udp } th dport 7006 reject with icmpx type no-route
}
}
END
)";

}  // namespace

UniqueFd NewNetNamespace() {
  UniqueFd out;
  std::thread([&out] {
    if (unshare(CLONE_NEWNET) == 0)
      out = UniqueFd(open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  }).join();
  EXPECT_TRUE(out.ok());
  RunIn(out.get(), "ip link set lo up");
  return out;
}

void RunIn(int netns_fd, const std::string& command) {
  const pid_t pid = fork();
  if (pid == 0) {
    if (setns(netns_fd, CLONE_NEWNET) != 0) _exit(255);
    execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
    _exit(255);
  }
  int status = -1;
  waitpid(pid, &status, 0);
  ASSERT_EQ(status, 0) << command;
}

NetLab::NetLab() : near_(NewNetNamespace()), peer_(NewNetNamespace()) {
  const std::string peer =
      "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(peer_.get());
  RunIn(near_.get(),
        "ip link add near address 02:00:00:00:99:01 type veth peer name peer"
        " address 02:00:00:00:99:02 netns " +
            peer);
  RunIn(peer_.get(), kPeer);
  RunIn(near_.get(), kNear);
}

}  // namespace nsobs
