// Conservation: attempts = established + failed + abandoned + in flight, at every step, where in
// flight is the number of sockets that are in SYN_SENT.
#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <thread>

#include "tests/bpf/support/connector.h"
#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/net_lab.h"
#include "tests/bpf/support/probes.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

constexpr char kPeer[] = "10.99.0.2";
constexpr char kPeer6[] = "fd99::2";

// A process in the peer's namespace that listens on both families.
class Listener {
 public:
  explicit Listener(const NetLab& lab)
      : child_({.netns_fd = lab.peer_fd()}, [](Line& line) {
          uint16_t port = 0, port6 = 0;
          UniqueFd a = Listen("0.0.0.0", &port, 4096);
          UniqueFd b = Listen(kPeer6, &port6, 4096);
          line.Send(port);
          line.Send(port6);
          line.Pause();
          return 0;
        }) {
    child_.Go();
    port_ = child_.Receive<uint16_t>();
    port6_ = child_.Receive<uint16_t>();
  }
  uint16_t port() const { return port_; }
  uint16_t port6() const { return port6_; }

 private:
  Child child_;
  uint16_t port_ = 0, port6_ = 0;
};

// Sockets in SYN_SENT of the calling process's net namespace.
uint64_t SynSent() {
  uint64_t out = 0;
  for (const char* path : {"/proc/thread-self/net/tcp", "/proc/thread-self/net/tcp6"}) {
    std::ifstream file(path);
    std::string line, number, local, remote, state;
    std::getline(file, line);
    while (file >> number >> local >> remote >> state && std::getline(file, line)) {
      out += state == "02";
    }
  }
  return out;
}

UniqueFd StartConnect(const char* address, uint16_t port, int user_timeout_ms) {
  const Address to = MakeAddress(address, port);
  UniqueFd fd(socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  constexpr int kUserTimeout = 18;  // TCP_USER_TIMEOUT
  if (user_timeout_ms > 0) {
    setsockopt(fd.get(), IPPROTO_TCP, kUserTimeout, &user_timeout_ms, sizeof user_timeout_ms);
  }
  (void)!connect(fd.get(), to.get(), to.size);
  return fd;
}

// A busy machine must not see the silent ones time out before their step.
bool TryForLong() {
  UniqueFd retries(open("/proc/sys/net/ipv4/tcp_syn_retries", O_WRONLY | O_CLOEXEC));
  return write(retries.get(), "6", 1) == 1;
}

// What a step of the deed left behind.
struct Step {
  uint64_t syn_sent = 0;
};

void EndStep(Line& line) {
  line.Send(Step{SynSent()});
  line.Pause();
}

TEST(TcpBalance, HoldsAtEveryStep) {
  NetLab lab;
  Listener listener(lab);
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.netns_fd = lab.near_fd(), .cgroup = &cgroup},
              [port = listener.port(), port6 = listener.port6()](Line& line) {
                if (!TryForLong()) return 1;
                std::vector<UniqueFd> silent, dying;
                for (int i = 0; i < 10; ++i) silent.push_back(StartConnect(kPeer, kPortDropped, 0));
                for (int i = 0; i < 10; ++i)
                  silent.push_back(StartConnect(kPeer6, kPortDropped, 0));
                EndStep(line);
                silent.resize(15);
                EndStep(line);
                for (int i = 0; i < 3; ++i) Connect(MakePlan(kPeer, port));
                for (int i = 0; i < 2; ++i) Connect(MakePlan(kPeer6, port6));
                EndStep(line);
                for (int i = 0; i < 4; ++i) Connect(MakePlan(kPeer, kPortClosed));
                for (int i = 0; i < 3; ++i) Connect(MakePlan("10.98.1.5", 80));
                EndStep(line);
                for (int i = 0; i < 6; ++i) dying.push_back(StartConnect(kPeer, kPortDropped, 300));
                EndStep(line);
                WaitUntil([] { return SynSent() == 15; }, 15'000);
                EndStep(line);
                silent.clear();
                EndStep(line);
                return 0;
              });
  const TcpCounts expected[] = {
      {.attempts = 20},
      {.attempts = 20, .abandoned = 5},
      {.attempts = 25, .established = 5, .abandoned = 5},
      {.attempts = 32, .established = 5, .failed = 7, .abandoned = 5},
      {.attempts = 38, .established = 5, .failed = 7, .abandoned = 5},
      {.attempts = 38, .established = 5, .failed = 13, .abandoned = 5},
      {.attempts = 38, .established = 5, .failed = 13, .abandoned = 20},
  };
  for (const TcpCounts& want : expected) {
    child.Go();
    const Step step = child.Receive<Step>();
    const TcpCounts seen = TcpOf(probes, cgroup, child.facts());
    EXPECT_EQ(seen, want);
    EXPECT_EQ(seen.InFlight(), step.syn_sent);
  }
  child.Run();
  EXPECT_EQ(TcpOf(probes, cgroup, child.facts()).InFlight(), 0u);
}

struct Tally {
  uint64_t established = 0, failed = 0, abandoned = 0;
};

// One connect of the mix, counted by what the program itself saw.
void ConnectOne(int i, uint16_t port, uint16_t port6, Tally* tally) {
  if (i % 7 == 6) {
    StartConnect(kPeer, kPortDropped, 0);
    ++tally->abandoned;
    return;
  }
  const ConnectPlan plans[] = {
      MakePlan(kPeer, port),
      MakePlan(kPeer6, port6, ConnectMode::kPoll),
      MakePlan(kPeer, kPortClosed, ConnectMode::kReconnect),
      MakePlan(kPeer6, kPortReset),
      MakePlan("10.98.2.5", 80, ConnectMode::kPoll),
      MakePlan(kPeer, port, ConnectMode::kEpoll),
  };
  if (Connect(plans[i % 7]).error == 0)
    ++tally->established;
  else
    ++tally->failed;
}

TEST(TcpBalance, ThousandMixedConnectsOfEightThreads) {
  NetLab lab;
  Listener listener(lab);
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.netns_fd = lab.near_fd(), .cgroup = &cgroup},
              [port = listener.port(), port6 = listener.port6()](Line& line) {
                std::vector<Tally> tallies(8);
                std::vector<std::thread> threads;
                for (Tally& tally : tallies) {
                  threads.emplace_back([&, port, port6] {
                    for (int i = 0; i < 125; ++i) ConnectOne(i, port, port6, &tally);
                  });
                }
                for (std::thread& thread : threads) thread.join();
                Tally sum;
                for (const Tally& tally : tallies) {
                  sum.established += tally.established;
                  sum.failed += tally.failed;
                  sum.abandoned += tally.abandoned;
                }
                return line.Send(sum) ? 0 : 1;
              });
  child.Go();
  const Tally tally = child.Receive<Tally>();
  EXPECT_EQ(child.Wait(), 0);
  EXPECT_GT(tally.established, 300u);
  EXPECT_EQ(TcpOf(probes, cgroup, child.facts()),
            (TcpCounts{1000, tally.established, tally.failed, tally.abandoned}));
  const auto told = probes.Of(EventKind::kConnectFailure, child.facts());
  // A close that comes late on a busy machine is told as ECANCELED: not a failure of the mix.
  const auto failures = std::count_if(told.begin(), told.end(), [](const Event& e) {
    return std::get<ConnectFailure>(e.detail).error != ECANCELED;
  });
  EXPECT_EQ(static_cast<uint64_t>(failures), tally.failed);
}

// Whatever becomes of a process right after its connect succeeded, it is no failure.
TEST(TcpBalance, SuccessIsNeverAFailure) {
  NetLab lab;
  Listener listener(lab);
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  for (ConnectMode mode : {ConnectMode::kBlocking, ConnectMode::kPoll, ConnectMode::kEpoll,
                           ConnectMode::kReconnect, ConnectMode::kThread}) {
    for (bool dies : {false, true}) {
      Child child({.netns_fd = lab.near_fd(), .cgroup = &cgroup},
                  [plan = MakePlan(kPeer, listener.port(), mode), dies](Line&) {
                    const int error = Connect(plan).error;
                    if (dies) raise(SIGKILL);
                    return error;
                  });
      child.Go();
      EXPECT_EQ(child.Wait(), dies ? SIGKILL : 0);
      EXPECT_TRUE(probes.Of(EventKind::kConnectFailure, child.facts()).empty()) << ModeName(mode);
      if (mode != ConnectMode::kThread || !dies) continue;
      EXPECT_EQ(TcpOf(probes, cgroup, child.facts()),
                (TcpCounts{.attempts = 10, .established = 10}));
      EXPECT_TRUE(CountsOf(probes, CounterFamily::kConnectFailure, cgroup, child.facts()).empty());
    }
  }
}

// A socket that connects to its own port: SYN_SENT, SYN_RECV, ESTABLISHED.
TEST(TcpBalance, SimultaneousOpenIsOneSuccess) {
  Probes& probes = Probes::Shared();
  for (Place place : {Place::kHost, Place::kOwn}) {
    Cgroup cgroup(Hierarchy::kUnified);
    Child child({.place = place, .cgroup = &cgroup}, [](Line&) {
      UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      Address self = MakeAddress("127.0.0.1", 0);
      if (bind(fd.get(), self.get(), self.size) != 0) return 1;
      self = MakeAddress("127.0.0.1", LocalPort(fd.get()));
      return connect(fd.get(), self.get(), self.size);
    });
    child.Run();
    EXPECT_TRUE(probes.Of(EventKind::kConnectFailure, child.facts()).empty());
    EXPECT_EQ(TcpOf(probes, cgroup, child.facts()), (TcpCounts{.attempts = 1, .established = 1}));
  }
}

}  // namespace
}  // namespace nsobs
