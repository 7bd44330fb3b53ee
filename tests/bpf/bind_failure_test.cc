// bind() and listen() that fail: each once, with the address and the process.
#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bpf/support/connector.h"
#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/expect.h"
#include "tests/bpf/support/probes.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

enum class Deeds { kTaken, kNotHere, kPrivileged, kListenTaken };

struct BindCase {
  const char* name;
  Place place;
  Deeds deed;
  const char* address;
  uint16_t port;
  int type;
  int error;
  uint32_t uid = 0;
};
const BindCase kCases[] = {
    {"TakenHostTcp4", Place::kHost, Deeds::kTaken, "127.0.0.1", 47201, SOCK_STREAM, EADDRINUSE},
    {"TakenOwnTcp4", Place::kOwn, Deeds::kTaken, "0.0.0.0", 80, SOCK_STREAM, EADDRINUSE},
    {"TakenOwnTcp6", Place::kOwn, Deeds::kTaken, "::", 80, SOCK_STREAM, EADDRINUSE},
    {"TakenOwnUdp6", Place::kOwn, Deeds::kTaken, "::1", 53, SOCK_DGRAM, EADDRINUSE},
    {"NotHereHost", Place::kHost, Deeds::kNotHere, "10.98.7.6", 47202, SOCK_STREAM, EADDRNOTAVAIL},
    {"NotHereOwn6", Place::kOwn, Deeds::kNotHere, "fd98::7", 443, SOCK_STREAM, EADDRNOTAVAIL},
    {"PrivilegedHost", Place::kHost, Deeds::kPrivileged, "127.0.0.1", 81, SOCK_STREAM, EACCES,
     65534},
    {"ListenTaken", Place::kOwn, Deeds::kListenTaken, "127.0.0.1", 90, SOCK_STREAM, EADDRINUSE},
};

// Does the deed and says what the last call returned.
int Try(const BindCase& c) {
  const Address at = MakeAddress(c.address, c.port);
  const auto make = [&] {
    UniqueFd fd(socket(at.storage.ss_family, c.type | SOCK_CLOEXEC, 0));
    const int on = 1;
    if (c.deed == Deeds::kListenTaken)
      setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return fd;
  };
  UniqueFd first = make(), second = make();
  if (c.deed == Deeds::kNotHere || c.deed == Deeds::kPrivileged)
    return bind(first.get(), at.get(), at.size) == 0 ? 0 : errno;
  if (bind(first.get(), at.get(), at.size) != 0) return -1;
  if (c.deed == Deeds::kTaken) return bind(second.get(), at.get(), at.size) == 0 ? 0 : errno;
  // Both may be bound so, but only one may listen.
  if (bind(second.get(), at.get(), at.size) != 0) return -2;
  if (listen(first.get(), 1) != 0) return -3;
  return listen(second.get(), 1) == 0 ? 0 : errno;
}

class BindTest : public ::testing::TestWithParam<BindCase> {};

TEST_P(BindTest, IsToldOnce) {
  const BindCase& c = GetParam();
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.place = c.place, .cgroup = &cgroup, .uid = c.uid},
              [&c](Line&) { return Try(c) == c.error ? 0 : 1; });
  const int64_t from_ns = BootNowNs();
  child.Run();
  const auto events = probes.Of(EventKind::kBindFailure, child.facts());
  ASSERT_EQ(events.size(), 1u);
  ExpectHeader(events[0], EventKind::kBindFailure, from_ns, BootNowNs());
  ExpectProcess(events[0].process, child.facts(), &cgroup);
  const bool listened = c.deed == Deeds::kListenTaken;
  const auto& failure = std::get<BindFailure>(events[0].detail);
  EXPECT_EQ(Name(failure.operation), listened ? "listen" : "bind");
  EXPECT_EQ(Name(failure.protocol), c.type == SOCK_DGRAM ? "udp" : "tcp");
  EXPECT_EQ(Name(failure.address_source), listened ? "socket" : "caller");
  EXPECT_EQ(failure.family, strchr(c.address, ':') != nullptr ? AF_INET6 : AF_INET);
  EXPECT_EQ(failure.address, c.address);
  EXPECT_EQ(failure.port, c.port);
  EXPECT_EQ(failure.path, "");
  EXPECT_EQ(failure.error, c.error);
  EXPECT_THAT(CountsOf(probes, CounterFamily::kBindFailure, cgroup, child.facts()),
              ElementsAre(Pair(std::pair(c.type == SOCK_DGRAM ? 2 : 1, c.error), 1)));
}

INSTANTIATE_TEST_SUITE_P(All, BindTest, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

sockaddr_un UnixAddress(const char* path, socklen_t* size) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  const size_t len = path[0] == '@' ? strlen(path) : strlen(path) + 1;
  memcpy(out.sun_path, path, len);
  if (path[0] == '@') out.sun_path[0] = '\0';
  *size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + len);
  return out;
}

TEST(BindUnixTest, WithItsPath) {
  for (const char* path : {"/tmp/nsobs-bind-test.sock", "@nsobs-bind-test"}) {
    Probes& probes = Probes::Shared();
    Child child({.place = Place::kOwn}, [path](Line&) {
      socklen_t size = 0;
      const sockaddr_un at = UnixAddress(path, &size);
      UniqueFd first(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      UniqueFd second(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      unlink(path);
      if (bind(first.get(), reinterpret_cast<const sockaddr*>(&at), size) != 0) return 1;
      const int result = bind(second.get(), reinterpret_cast<const sockaddr*>(&at), size);
      const bool taken = result != 0 && errno == EADDRINUSE;
      unlink(path);
      return taken ? 0 : 2;
    });
    child.Run();
    const auto events = probes.Of(EventKind::kBindFailure, child.facts());
    ASSERT_EQ(events.size(), 1u) << path;
    const auto& failure = std::get<BindFailure>(events[0].detail);
    EXPECT_EQ(Name(failure.protocol), "unix_stream");
    EXPECT_EQ(failure.family, AF_UNIX);
    EXPECT_EQ(failure.path, path);
    EXPECT_EQ(failure.address, "");
  }
}

// Success, and failures that say something of the program alone.
TEST(BindQuietTest, NothingElseIsTold) {
  Probes& probes = Probes::Shared();
  Cgroup cgroup(Hierarchy::kUnified);
  Child child({.place = Place::kOwn, .cgroup = &cgroup}, [](Line&) {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const Address at = MakeAddress("127.0.0.1", 90);
    if (bind(fd.get(), at.get(), 3) == 0 || errno != EINVAL) return 1;
    if (bind(-1, at.get(), at.size) == 0 || errno != EBADF) return 2;
    if (bind(0, at.get(), at.size) == 0) return 3;
    if (bind(fd.get(), at.get(), at.size) != 0 || listen(fd.get(), 1) != 0) return 4;
    return 0;
  });
  child.Run();
  EXPECT_TRUE(probes.Of(EventKind::kBindFailure, child.facts()).empty());
  EXPECT_TRUE(CountsOf(probes, CounterFamily::kBindFailure, cgroup, child.facts()).empty());
}

}  // namespace
}  // namespace nsobs
