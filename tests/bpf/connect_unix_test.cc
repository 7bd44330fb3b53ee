// Connects to unix sockets that fail, told with the path that the caller asked for.
#include <errno.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bpf/support/counts.h"
#include "tests/bpf/support/expect.h"
#include "tests/bpf/support/probes.h"
#include "tests/bpf/support/wait.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// A folder with what the cases connect to; removed with the object.
class Sockets {
 public:
  Sockets() {
    char name[] = "/tmp/nsobs-bpf-XXXXXX";
    folder_ = mkdtemp(name);
    chmod(folder_.c_str(), 0755);
    mkdir((folder_ + "/closed").c_str(), 0700);
    const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    for (int type : types) Bind("stale" + std::to_string(type), type);  // closed again at once
    full_ = Bind("full", SOCK_STREAM);
    listen(full_.get(), 0);
    // The queue of a backlog of 0 takes one.
    first_ = UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un to = Make("full");
    (void)!connect(first_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to);
  }
  ~Sockets() {
    for (const char* name : {"stale1", "stale2", "stale5", "full"}) unlink(Path(name).c_str());
    rmdir(Path("closed").c_str());
    rmdir(folder_.c_str());
  }
  std::string Path(const std::string& name) const { return folder_ + "/" + name; }

 private:
  sockaddr_un Make(const std::string& name) const {
    sockaddr_un out{};
    out.sun_family = AF_UNIX;
    strncpy(out.sun_path, Path(name).c_str(), sizeof out.sun_path - 1);
    return out;
  }
  UniqueFd Bind(const std::string& name, int type) const {
    UniqueFd fd(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
    sockaddr_un at = Make(name);
    EXPECT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&at), sizeof at), 0) << strerror(errno);
    return fd;
  }
  std::string folder_;
  UniqueFd full_, first_;
};

struct UnixCase {
  const char* name;
  int type;
  Protocol protocol;
  const char* path;  // below the folder, or an abstract name that begins with '@'
  int error;
  uint32_t uid = 0;
};
const UnixCase kCases[] = {
    {"StreamMissing", SOCK_STREAM, Protocol::kUnixStream, "none", ENOENT},
    {"DgramMissing", SOCK_DGRAM, Protocol::kUnixDgram, "none", ENOENT},
    {"SeqpacketMissing", SOCK_SEQPACKET, Protocol::kUnixSeqpacket, "none", ENOENT},
    {"StreamStale", SOCK_STREAM, Protocol::kUnixStream, "stale1", ECONNREFUSED},
    {"DgramStale", SOCK_DGRAM, Protocol::kUnixDgram, "stale2", ECONNREFUSED},
    {"SeqpacketStale", SOCK_SEQPACKET, Protocol::kUnixSeqpacket, "stale5", ECONNREFUSED},
    {"StreamDenied", SOCK_STREAM, Protocol::kUnixStream, "closed/inner", EACCES, 65534},
    {"DgramDenied", SOCK_DGRAM, Protocol::kUnixDgram, "closed/inner", EACCES, 65534},
    {"StreamAbstract", SOCK_STREAM, Protocol::kUnixStream, "@nsobs nobody", ECONNREFUSED},
    {"DgramAbstract", SOCK_DGRAM, Protocol::kUnixDgram, "@nsobs nobody", ECONNREFUSED},
    {"WrongType", SOCK_DGRAM, Protocol::kUnixDgram, "full", EPROTOTYPE},
    {"BacklogFull", SOCK_STREAM | SOCK_NONBLOCK, Protocol::kUnixStream, "full", EAGAIN},
};

class UnixTest : public ::testing::TestWithParam<std::tuple<UnixCase, Place>> {};

// The errno of the connect.
int ConnectUnix(int type, const std::string& path) {
  UniqueFd fd(socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  memcpy(to.sun_path, path.data(), std::min(path.size(), sizeof to.sun_path));
  socklen_t size = sizeof to;
  if (path[0] == '@') {
    to.sun_path[0] = '\0';
    size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  }
  return connect(fd.get(), reinterpret_cast<sockaddr*>(&to), size) == 0 ? 0 : errno;
}

void ExpectUnixFailure(const Event& event, Protocol protocol, const std::string& path, int error) {
  const auto& failure = std::get<ConnectFailure>(event.detail);
  EXPECT_EQ(Name(failure.protocol), Name(protocol));
  EXPECT_EQ(Name(failure.phase), "immediate");
  EXPECT_EQ(Name(failure.destination_source), "caller");
  EXPECT_EQ(failure.family, AF_UNIX);
  EXPECT_EQ(failure.destination, "");
  EXPECT_EQ(failure.port, 0);
  EXPECT_EQ(failure.source, "");
  EXPECT_EQ(failure.source_port, 0);
  EXPECT_EQ(failure.path, path);
  EXPECT_EQ(failure.error, error);
  EXPECT_GT(failure.duration_ns, 0u);
}

TEST_P(UnixTest, IsToldOnceWithThePath) {
  const auto& [c, place] = GetParam();
  Probes& probes = Probes::Shared();
  Sockets sockets;
  Cgroup cgroup(Hierarchy::kUnified);
  const std::string path = c.path[0] == '@' ? c.path : sockets.Path(c.path);
  Child child({.place = place, .cgroup = &cgroup, .uid = c.uid}, [&c = c, path](Line&) {
    const int error = ConnectUnix(c.type, path);
    return error == c.error ? 0 : error + 1;
  });
  const int64_t from = BootNowNs();
  child.Run();
  const auto events = probes.Of(EventKind::kConnectFailure, child.facts());
  ASSERT_EQ(events.size(), 1u);
  ExpectHeader(events[0], EventKind::kConnectFailure, from, BootNowNs());
  ExpectProcess(events[0].process, child.facts(), &cgroup);
  ExpectUnixFailure(events[0], c.protocol, path, c.error);
  EXPECT_THAT(CountsOf(probes, CounterFamily::kConnectFailure, cgroup, child.facts()),
              ElementsAre(Pair(std::pair(static_cast<int>(c.protocol), c.error), 1)));
}

INSTANTIATE_TEST_SUITE_P(All, UnixTest,
                         ::testing::Combine(::testing::ValuesIn(kCases),
                                            ::testing::Values(Place::kHost, Place::kOwn)),
                         [](const auto& info) {
                           return std::string(std::get<0>(info.param).name) + "_" +
                                  PlaceName(std::get<1>(info.param));
                         });

TEST(UnixPath, OfFullLengthHasNoNulAtItsEnd) {
  Probes& probes = Probes::Shared();
  const std::string path = "/tmp/" + std::string(sizeof(sockaddr_un::sun_path) - 5, 'x');
  Child child({}, [path](Line&) { return ConnectUnix(SOCK_STREAM, path) == ENOENT ? 0 : 1; });
  child.Run();
  const auto events = probes.Of(EventKind::kConnectFailure, child.facts());
  ASSERT_EQ(events.size(), 1u);
  ExpectUnixFailure(events[0], Protocol::kUnixStream, path, ENOENT);
}

}  // namespace
}  // namespace nsobs
