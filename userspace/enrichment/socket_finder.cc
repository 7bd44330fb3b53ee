#include "userspace/enrichment/socket_finder.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <initializer_list>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "userspace/base/file.h"

namespace nsobs {
namespace {

constexpr size_t kMaxPath = 107;  // sun_path of unix(7), with its end
constexpr size_t kMaxOfRoot = 16, kMaxOfUser = 4, kMaxSockets = 64;
constexpr size_t kMaxArgs = 64 << 10;
constexpr char kScheme[] = "unix://";
constexpr char kDockerNamespace[] = "moby";

std::string PathOf(std::string_view text) {
  if (text.starts_with(kScheme)) text.remove_prefix(sizeof kScheme - 1);
  std::string path(text);
  if (path.starts_with("/var/run/")) path.erase(0, 4);  // a link to /run, hier(7)
  const bool fits = path.size() > 1 && path.size() <= kMaxPath && path.front() == '/' &&
                    path.find("..") == std::string::npos;
  return fits ? path : "";
}

// All values of the options called so: "--name value", "--name=value".
std::vector<std::string> Options(const std::vector<std::string>& args,
                                 std::initializer_list<std::string_view> names) {
  std::vector<std::string> values;
  for (size_t i = 1; i < args.size(); ++i) {
    for (std::string_view name : names) {
      if (args[i] == name && i + 1 < args.size()) values.push_back(args[i + 1]);
      const bool joined =
          args[i].size() > name.size() && args[i].starts_with(name) && args[i][name.size()] == '=';
      if (joined) values.push_back(args[i].substr(name.size() + 1));
    }
  }
  return values;
}

std::vector<std::string> OfDockerd(const std::vector<std::string>& args) {
  std::vector<std::string> out;
  for (std::string& host : Options(args, {"-H", "--host"})) {
    if (host.starts_with(kScheme)) out.push_back(std::move(host));
  }
  return out;
}

// podman [options] system service [options] unix:///path
std::vector<std::string> OfPodman(const std::vector<std::string>& args) {
  const auto system = std::find(args.begin(), args.end(), "system");
  if (system == args.end() || system + 1 == args.end() || *(system + 1) != "service") return {};
  std::vector<std::string> out;
  std::copy_if(system, args.end(), std::back_inserter(out),
               [](const std::string& arg) { return arg.starts_with(kScheme); });
  return out;
}

std::vector<std::string> OfContainerd(const std::vector<std::string>& args) {
  return Options(args, {"--address", "-a"});
}

// Which containerd started it; that of dockerd is behind dockerd.
std::vector<std::string> OfShim(const std::vector<std::string>& args) {
  const auto ns = Options(args, {"-namespace", "--namespace"});
  if (std::find(ns.begin(), ns.end(), kDockerNamespace) != ns.end()) return {};
  return Options(args, {"-address", "--address"});
}

std::vector<std::string> OfCrio(const std::vector<std::string>& args) {
  return Options(args, {"--listen"});
}

struct Teller {
  std::string_view comm;
  EngineKind kind;
  std::vector<std::string> (*sockets)(const std::vector<std::string>& args);
};
constexpr std::array<Teller, 5> kTellers = {{
    {"dockerd", EngineKind::kDocker, OfDockerd},
    {"podman", EngineKind::kPodman, OfPodman},
    {"containerd", EngineKind::kContainerd, OfContainerd},
    {"containerd-shim", EngineKind::kContainerd, OfShim},
    {"crio", EngineKind::kCrio, OfCrio},
}};

const Teller* FindTeller(std::string_view comm) {
  for (const Teller& teller : kTellers) {
    if (comm == teller.comm) return &teller;
  }
  return nullptr;
}

bool IsSocket(const std::string& path) {
  struct stat found = {};
  return stat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode);
}

// Bounded, without what is there already.
class Found {
 public:
  void Add(EngineSocket socket) {
    const bool known = std::find(sockets_.begin(), sockets_.end(), socket) != sockets_.end();
    const auto of_user = static_cast<size_t>(
        std::count_if(sockets_.begin(), sockets_.end(),
                      [&](const EngineSocket& other) { return other.uid == socket.uid; }));
    const size_t most = socket.uid == 0 ? kMaxOfRoot : kMaxOfUser;
    if (known || of_user >= most || !IsSocket(socket.path)) return;
    sockets_.push_back(std::move(socket));
  }
  std::vector<EngineSocket> Take() {
    std::stable_sort(
        sockets_.begin(), sockets_.end(),
        [](const EngineSocket& a, const EngineSocket& b) { return a.uid == 0 && b.uid != 0; });
    if (sockets_.size() > kMaxSockets) sockets_.resize(kMaxSockets);
    return std::move(sockets_);
  }

 private:
  std::vector<EngineSocket> sockets_;
};

// Entries that are numbers.
std::vector<uint32_t> NumbersIn(const std::string& directory) {
  std::vector<uint32_t> out;
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(directory.c_str()), closedir);
  if (dir == nullptr) return out;
  while (const dirent* entry = readdir(dir.get())) {
    const std::string_view name(entry->d_name);
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (error == std::errc() && end == name.data() + name.size()) out.push_back(number);
  }
  return out;
}

void AddUsualPlaces(const std::string& run, Found* out) {
  out->Add({EngineKind::kDocker, run + "/docker.sock", 0});
  out->Add({EngineKind::kPodman, run + "/podman/podman.sock", 0});
  out->Add({EngineKind::kContainerd, run + "/containerd/containerd.sock", 0});
  out->Add({EngineKind::kContainerd, run + "/k3s/containerd/containerd.sock", 0});
  out->Add({EngineKind::kCrio, run + "/crio/crio.sock", 0});
  for (const uint32_t uid : NumbersIn(run + "/user")) {
    if (uid == 0) continue;
    const std::string home = absl::StrCat(run, "/user/", uid);
    out->Add({EngineKind::kDocker, home + "/docker.sock", uid});
    out->Add({EngineKind::kPodman, home + "/podman/podman.sock", uid});
  }
}

// Real and effective alike; the owner of /proc/PID is root's for whoever asks for it (proc(5)).
std::optional<uint32_t> UserOf(const std::string& process) {
  const auto status = ReadSmallFile(process + "/status", 16 << 10);
  if (!status.ok()) return std::nullopt;
  const size_t line = status->find("\nUid:\t");
  unsigned real = 0, effective = 0;
  if (line == std::string::npos ||
      sscanf(status->c_str() + line, "\nUid:\t%u\t%u", &real, &effective) != 2 ||
      real != effective) {
    return std::nullopt;
  }
  return real;
}

bool SameFile(const std::string& a, const std::string& b) {
  struct stat x = {}, y = {};
  return stat(a.c_str(), &x) == 0 && stat(b.c_str(), &y) == 0 && x.st_dev == y.st_dev &&
         x.st_ino == y.st_ino;
}

std::vector<std::string> ArgsOf(const std::string& process) {
  std::vector<std::string> args;
  const auto text = ReadSmallFile(process + "/cmdline", kMaxArgs);
  if (!text.ok()) return args;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('\0'), rest.size());
    args.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return args;
}

void AddFromProcess(const std::string& proc, uint32_t pid, Found* out) {
  const std::string process = absl::StrCat(proc, "/", pid);
  auto comm = ReadSmallFile(process + "/comm", 64);
  if (!comm.ok()) return;
  if (comm->ends_with('\n')) comm->pop_back();
  if (FindTeller(*comm) == nullptr) return;
  const auto uid = UserOf(process);
  const bool ours = SameFile(process + "/ns/pid", proc + "/self/ns/pid") &&
                    SameFile(process + "/root", proc + "/self/root");
  if (!uid || !ours) return;
  for (EngineSocket& socket : SocketsOfArgs(*comm, ArgsOf(process), *uid)) {
    out->Add(std::move(socket));
  }
}

}  // namespace

std::vector<EngineSocket> SocketsOfArgs(std::string_view comm, const std::vector<std::string>& args,
                                        uint32_t uid) {
  std::vector<EngineSocket> out;
  const Teller* teller = FindTeller(comm);
  if (teller == nullptr) return out;
  for (const std::string& text : teller->sockets(args)) {
    std::string path = PathOf(text);
    if (!path.empty()) out.push_back({teller->kind, std::move(path), uid});
  }
  return out;
}

std::vector<EngineSocket> FindEngineSockets(const std::string& proc, const std::string& run) {
  Found found;
  AddUsualPlaces(run, &found);
  for (const uint32_t pid : NumbersIn(proc)) AddFromProcess(proc, pid, &found);
  return found.Take();
}

}  // namespace nsobs
