// What the load driver does over and over, each on processes and namespaces of its own. A workload
// is set up when it is made; calling it is the operation that is measured, and ends the process
// when that does not come out as it should. Types rather than virtual functions: a getpid takes
// 100 ns, so a call on the way to it would show.
#pragma once

#include <netinet/in.h>
#include <sys/types.h>

#include <cstdint>

#include "userspace/base/fd.h"

namespace nsobs::bench {

// `kOperations` take some 20 ms with nothing attached.
struct GetPid {
  static constexpr char kName[] = "getpid";
  static constexpr uint64_t kOperations = 150'000;
  void operator()();
};

struct ReadZero {
  static constexpr char kName[] = "read";
  static constexpr uint64_t kOperations = 100'000;
  ReadZero();
  void operator()();
  UniqueFd zero;
};

// socket(), connect() to a port where nobody listens, close(): as programs do it.
struct RefusedConnect {
  static constexpr char kName[] = "refused connect";
  static constexpr uint64_t kOperations = 2'500;
  RefusedConnect();
  void operator()();
  sockaddr_in closed_port{};
};

// SIGTERM to a child that ignores it.
struct IgnoredKill {
  static constexpr char kName[] = "ignored kill";
  static constexpr uint64_t kOperations = 30'000;
  IgnoredKill();
  ~IgnoredKill();
  IgnoredKill(const IgnoredKill&) = delete;
  IgnoredKill& operator=(const IgnoredKill&) = delete;
  void operator()();
  pid_t child = -1;
};

// SIGTERM to this process, whose handler does nothing.
struct HandledKill {
  static constexpr char kName[] = "handled kill";
  static constexpr uint64_t kOperations = 10'000;
  HandledKill();
  ~HandledKill();
  HandledKill(const HandledKill&) = delete;
  HandledKill& operator=(const HandledKill&) = delete;
  void operator()();
  pid_t self;
};

// A new UTS namespace, and back.
struct UnshareSetns {
  static constexpr char kName[] = "unshare+setns";
  static constexpr uint64_t kOperations = 6'000;
  UnshareSetns();
  void operator()();
  UniqueFd own;
};

}  // namespace nsobs::bench
