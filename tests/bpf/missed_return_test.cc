// More threads inside connect() than a kretprobe has room for: each failure is told or counted as
// missed. Only where the kernel gives kprobes and NSOBS_HOOKS=kprobe asks for them (tests/vm).
#include <errno.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "tests/bpf/support/probes.h"
#include "userspace/collector/program_table.h"

namespace nsobs {
namespace {

constexpr int kThreads = 60;

sockaddr_un At(const std::string& path) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  strncpy(out.sun_path, path.c_str(), sizeof out.sun_path - 1);
  return out;
}

int ConnectTo(const std::string& path) {
  const sockaddr_un to = At(path);
  const UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return connect(fd.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0 ? 0 : errno;
}

// All threads wait in connect() for a place in the queue, which is then taken away; afterwards each
// connects once more, one after the other.
int Deed(const std::string& path) {
  const sockaddr_un at = At(path);
  UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) return 1;
  listen(listener.get(), 0);
  const UniqueFd first(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(first.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) return 2;
  std::vector<std::thread> threads;
  std::atomic<int> turn = -1, wrong = 0, begun = 0, returned = 0;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      ++begun;
      wrong += ConnectTo(path) != ECONNREFUSED;  // also if it comes late
      ++returned;
      while (turn != i) usleep(1000);
      wrong += ConnectTo(path + "-none") != ENOENT;
      ++turn;
    });
  }
  while (begun < kThreads) usleep(1000);
  sleep(2);
  listener.reset();
  while (returned < kThreads) usleep(1000);
  unlink(path.c_str());
  turn = 0;
  for (std::thread& thread : threads) thread.join();
  return wrong == 0 ? 0 : 3;
}

size_t RowOf(std::string_view source) {
  for (size_t i = 0; i < ProgramTable().size(); ++i) {
    if (ProgramTable()[i].source == source) return i;
  }
  return 0;
}

TEST(MissedReturns, EachFailureIsToldOrMissed) {
  Probes& probes = Probes::Shared();
  const size_t row = RowOf("connect_return");
  const ProbeState& state = probes.set().states()[row];
  if (!state.hook.starts_with("kretprobe/")) GTEST_SKIP() << "by " << state.hook;
  const std::string path = "/tmp/nsobs-missed-" + std::to_string(getpid());
  const uint64_t before = probes.set().MissedReturns(row);
  Child child({}, [path](Line&) { return Deed(path); });
  child.Run();
  uint64_t refused = 0, missing = 0;
  for (const Event& event : probes.Of(EventKind::kConnectFailure, child.facts())) {
    const auto error = std::get<ConnectFailure>(event.detail).error;
    refused += error == ECONNREFUSED;
    missing += error == ENOENT;
  }
  const uint64_t missed = probes.set().MissedReturns(row) - before;
  EXPECT_EQ(missing, uint64_t{kThreads}) << "alone in its call each is seen";
  EXPECT_GT(missed, 0u) << "a kretprobe has room for max(10, 2 * CPUs)";
  EXPECT_GT(refused, 0u);
  EXPECT_EQ(refused + missed, uint64_t{kThreads});
  for (const ProgramCost& cost : probes.set().costs()) {
    if (cost.program != "connect_return") continue;
    EXPECT_GE(cost.probe_misses.value_or(0), missed);
  }
}

}  // namespace
}  // namespace nsobs
