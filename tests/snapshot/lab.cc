#include "tests/snapshot/lab.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "tests/bpf/support/net_lab.h"
#include "userspace/base/file.h"
#include "userspace/snapshot/process_identity.h"

namespace nsobs {
namespace {

// Where the tmpfs goes: in a mount namespace of its own, so that the host never sees it.
constexpr const char* kRoot = "/mnt";

[[noreturn]] void Inhabit(const std::string& setup, const std::function<void()>& deed, int ready) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  bool good = unshare(CLONE_NEWNET | CLONE_NEWNS) == 0 &&
              mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
              mount("lab", kRoot, "tmpfs", 0, nullptr) == 0;
  const std::string script =
      "set -e; ROOT=/mnt; mkdir $ROOT/etc $ROOT/tmp; ip link set lo up; " + setup;
  good = good && system(script.c_str()) == 0 && chroot(kRoot) == 0 && chdir("/") == 0;
  if (good && deed) deed();
  const char word = good ? 'y' : 'n';
  if (write(ready, &word, 1) != 1) _exit(1);
  while (true) pause();
}

template <typename Address>
void Bind(int fd, const Address& address, socklen_t size, int type) {
  EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), size), 0) << strerror(errno);
  EXPECT_TRUE(type == SOCK_DGRAM || listen(fd, 1) == 0);
}

}  // namespace

Inhabitant::Inhabitant(const std::string& setup, const std::function<void()>& deed) {
  int ready[2];
  EXPECT_EQ(pipe2(ready, O_CLOEXEC), 0);
  pid_ = fork();
  if (pid_ == 0) Inhabit(setup, deed, ready[1]);
  close(ready[1]);
  char word = 0;
  EXPECT_EQ(read(ready[0], &word, 1), 1);
  EXPECT_EQ(word, 'y') << setup;
  close(ready[0]);
}

Inhabitant::~Inhabitant() { Kill(); }

void Inhabitant::Kill() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

ProcessKey Inhabitant::key() const {
  const std::string stat =
      ReadSmallFile("/proc/" + std::to_string(pid_) + "/stat", 4096).value_or("");
  const uint64_t ticks = StartTicks(stat).value_or(0);
  return {pid(), ticks * (1'000'000'000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK)))};
}

uint32_t Inhabitant::net_inode() const {
  struct stat info{};
  EXPECT_EQ(stat(("/proc/" + std::to_string(pid_) + "/ns/net").c_str(), &info), 0);
  return static_cast<uint32_t>(info.st_ino);
}

void Inhabitant::RunInside(const std::string& command) const {
  const UniqueFd net(
      open(("/proc/" + std::to_string(pid_) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
  RunIn(net.get(), command);
}

void ListenOn(const char* address, uint16_t port, int type) {
  sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
  if (inet_pton(AF_INET, address, &v4.sin_addr) == 1)
    return Bind(socket(AF_INET, type, 0), v4, sizeof v4, type);
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  EXPECT_EQ(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
  const int fd = socket(AF_INET6, type, 0);
  const int only = 1;
  setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only);
  Bind(fd, v6, sizeof v6, type);
}

void ListenOnUnix(const std::string& path, int type) {
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  if (path[0] == '@') address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
  Bind(socket(AF_UNIX, type, 0), address, size, type);
}

SnapshotRequest RequestFor(const Inhabitant& inhabitant, std::vector<Section> sections) {
  SnapshotRequest request;
  request.target = inhabitant.key();
  request.sections = std::move(sections);
  request.deadline = absl::Seconds(10);  // a loaded machine is no failure
  return request;
}

Snapshotter& SharedSnapshotter() {
  static const std::unique_ptr<Snapshotter> snapshotter = [] {
    absl::StatusOr<std::unique_ptr<Snapshotter>> started = Snapshotter::Start();
    EXPECT_TRUE(started.ok()) << started.status();
    return std::move(*started);
  }();
  return *snapshotter;
}

nlohmann::ordered_json Find(const nlohmann::ordered_json& list, const char* key,
                            const nlohmann::ordered_json& value) {
  for (const auto& object : list)
    if (object.contains(key) && object[key] == value) return object;
  return nullptr;
}

std::vector<std::string> DescriptorsOf(uint32_t pid) {
  std::vector<std::string> out;
  const std::string folder = "/proc/" + std::to_string(pid) + "/fd";
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    std::string target = ReadLink(entry.path().string()).value_or("?");
    target = target.substr(0, target.find('['));  // "socket:[123]"
    out.push_back(entry.path().filename().string() + " -> " + target);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<uint32_t> ChildrenOf(uint32_t pid) {
  const std::string name = std::to_string(pid);
  const std::string text =
      ReadSmallFile("/proc/" + name + "/task/" + name + "/children", 65536).value_or("");
  std::vector<uint32_t> out;
  for (size_t at = 0; at < text.size();) {
    out.push_back(static_cast<uint32_t>(std::stoul(text.substr(at))));
    at = text.find(' ', at);
    if (at == std::string::npos) break;
    ++at;
    if (at >= text.size()) break;
  }
  return out;
}

}  // namespace nsobs
