#include "userspace/correlation/cgroup_path.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace nsobs {
namespace {

constexpr size_t kMaxComponents = 64;  // deeper ones don't name anything
constexpr size_t kFullIdLength = 64;

bool IsLowerHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// Removes `prefix` from the front of `text`, or says no.
bool ConsumePrefix(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

bool ConsumeSuffix(std::string_view* text, std::string_view suffix) {
  if (!text->ends_with(suffix)) return false;
  text->remove_suffix(suffix.size());
  return true;
}

std::vector<std::string_view> Split(std::string_view path) {
  std::vector<std::string_view> parts;
  while (!path.empty() && parts.size() < kMaxComponents) {
    const size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) parts.push_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

// Leaf names `<prefix><64 hex>[.scope]`. Order matters: "libpod-conmon-" before "libpod-".
struct IdForm {
  std::string_view prefix;
  PathRuntime runtime;
  bool monitor;
};
constexpr std::array<IdForm, 7> kIdForms = {{
    {"kata_", PathRuntime::kKata, false},  // of a sandbox: kata's design/host-cgroups.md
    {"docker-", PathRuntime::kDocker, false},
    {"libpod-conmon-", PathRuntime::kPodman, true},
    {"libpod-", PathRuntime::kPodman, false},
    {"crio-conmon-", PathRuntime::kCrio, true},
    {"crio-", PathRuntime::kCrio, false},
    {"cri-containerd-", PathRuntime::kContainerd, false},
}};

// Leaf names `<prefix><name><suffix>`.
struct NameForm {
  std::string_view prefix;
  std::string_view suffix;
  PathRuntime runtime;
  bool monitor;
};
constexpr std::array<NameForm, 4> kNameForms = {{
    {"lxc.payload.", "", PathRuntime::kLxc, false},
    {"lxc.monitor.", "", PathRuntime::kLxc, true},
    {"systemd-nspawn@", ".service", PathRuntime::kNspawn, false},
    {"machine-", ".scope", PathRuntime::kNspawn, false},  // by systemd-machined
}};

struct Match {
  PathRuntime runtime;
  bool monitor;
  std::string id;
};

std::optional<Match> MatchIdForm(std::string_view component) {
  for (const IdForm& form : kIdForms) {
    std::string_view rest = component;
    if (!ConsumePrefix(&rest, form.prefix)) continue;
    ConsumeSuffix(&rest, ".scope");
    if (IsFullId(rest)) return Match{form.runtime, form.monitor, std::string(rest)};
  }
  return std::nullopt;
}

int HexValue(char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; }

// "my\x2dweb" -> "my-web": systemd.unit(5), "String escaping for inclusion in unit names".
std::string Unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const bool escape =
        text.size() >= 4 && text.starts_with("\\x") && IsLowerHex(text[2]) && IsLowerHex(text[3]);
    out.push_back(escape ? static_cast<char>(HexValue(text[2]) * 16 + HexValue(text[3])) : text[0]);
    text.remove_prefix(escape ? 4 : 1);
  }
  return out;
}

std::optional<Match> MatchNameForm(std::string_view component) {
  for (const NameForm& form : kNameForms) {
    std::string_view rest = component;
    if (!ConsumePrefix(&rest, form.prefix) || !ConsumeSuffix(&rest, form.suffix)) continue;
    // libvirt registers what it runs with machined, too.
    const bool libvirts = form.prefix == "machine-" &&
                          (rest.starts_with("qemu\\x2d") || rest.starts_with("lxc\\x2d"));
    if (libvirts || rest.empty()) continue;
    const bool of_systemd = form.runtime == PathRuntime::kNspawn;
    std::string name = of_systemd ? Unescape(rest) : std::string(rest);
    if (!IsSafeFileName(name)) name = std::string(rest);
    return Match{form.runtime, form.monitor, std::move(name)};
  }
  return std::nullopt;
}

// "/libpod_parent/<pod>", which is a directory of containers and not one of them.
bool IsPodmanPod(std::string_view parent, std::string_view component) {
  return parent == "libpod_parent" && IsFullId(component);
}

// "machine-libpod_pod_<pod>.slice"
std::string PodmanSlicePod(std::string_view component) {
  const size_t at = component.find("libpod_pod_");
  if (at == std::string_view::npos || !ConsumeSuffix(&component, ".slice")) return "";
  const std::string_view pod = component.substr(at + std::string_view("libpod_pod_").size());
  return IsFullId(pod) ? std::string(pod) : "";
}

// "pod3f1f8c7e-1111-..." (cgroupfs) or "kubepods-burstable-pod3f1f8c7e_1111_....slice" (systemd).
std::string PodUid(std::string_view component) {
  std::string_view rest = component;
  if (rest.starts_with("kubepods") && ConsumeSuffix(&rest, ".slice")) {
    const size_t pod = rest.find("-pod");
    if (pod == std::string_view::npos) return "";
    rest.remove_prefix(pod + 1);
  }
  if (!ConsumePrefix(&rest, "pod") || rest.empty() || rest.size() > 64) return "";
  std::string uid(rest);
  std::replace(uid.begin(), uid.end(), '_', '-');
  const bool good = std::all_of(uid.begin(), uid.end(), [](char c) {
    return IsLowerHex(c) || c == '-' || (c >= 'A' && c <= 'F');
  });
  return good ? uid : "";
}

// "user@2001.service": what systemd gives to a user (systemd.resource-control(5), Delegate=).
uint32_t DelegatedTo(std::string_view component) {
  uint32_t uid = 0;
  if (!ConsumePrefix(&component, "user@") || !ConsumeSuffix(&component, ".service")) return 0;
  const char* end = component.data() + component.size();
  const auto result = std::from_chars(component.data(), end, uid);
  return result.ec == std::errc() && result.ptr == end ? uid : 0;
}

class Parser {
 public:
  explicit Parser(std::string_view path) : parts_(Split(path)) {}

  CgroupPath Parse() {
    for (size_t i = 0; i < parts_.size(); ++i) Take(i);
    if (out_.type == CgroupPath::Type::kHost) TakeWeak();
    return std::move(out_);
  }

 private:
  void Take(size_t i) {
    const std::string_view part = parts_[i];
    const std::string_view parent = i == 0 ? std::string_view() : parts_[i - 1];
    if (!inside()) TakeSurroundings(part, parent);
    if (IsSupervisor(part, parent)) {
      out_.type = CgroupPath::Type::kMonitor;
      return;
    }
    if (IsPodmanPod(parent, part)) return;
    std::optional<Match> match = MatchIdForm(part);
    if (!match) match = MatchNameForm(part);
    if (!match && IsFullId(part)) match = Match{BareRuntime(parent), false, std::string(part)};
    if (match) Enter(i, std::move(*match));
  }

  bool inside() const { return out_.type == CgroupPath::Type::kContainer; }

  // What the directories above a container say. Those inside one were made by it, and count not.
  void TakeSurroundings(std::string_view part, std::string_view parent) {
    if (part.starts_with("kubepods")) in_kubepods_ = true;
    if (out_.uid == 0) out_.uid = DelegatedTo(part);
    if (IsPodmanPod(parent, part)) podman_pod_ = std::string(part);
    if (std::string pod = PodmanSlicePod(part); !pod.empty()) podman_pod_ = std::move(pod);
    if (!in_kubepods_) return;
    if (std::string uid = PodUid(part); !uid.empty()) pod_uid_ = std::move(uid);
  }

  // Helpers of the host whose directory has no id in its name.
  bool IsSupervisor(std::string_view part, std::string_view parent) const {
    if (!inside()) return part == "conmon" && parent == "libpod_parent";
    return part == "supervisor" && out_.runtime == PathRuntime::kNspawn && out_.parents.empty() &&
           (parent.starts_with("systemd-nspawn@") || parent.starts_with("machine-"));
  }

  PathRuntime BareRuntime(std::string_view parent) const {
    if (parent == "docker") return PathRuntime::kDocker;
    return in_kubepods_ ? PathRuntime::kContainerd : PathRuntime::kUnknown;
  }

  void Enter(size_t i, Match match) {
    if (inside()) {
      // A monitor inside a container is that container's own; a repeated id is the same one.
      if (match.monitor || match.id == out_.id) return;
      if (out_.parents.empty()) out_.outer_path = out_.container_path;
      out_.parents.push_back(out_.id);
      // A podman pod under a cgroup parent that the user chose looks like a bare id.
      const bool pod =
          out_.runtime == PathRuntime::kUnknown && match.runtime == PathRuntime::kPodman;
      if (pod && out_.container_path == PathTo(i - 1)) podman_pod_ = out_.id;
    }
    out_.type = match.monitor ? CgroupPath::Type::kMonitor : CgroupPath::Type::kContainer;
    out_.runtime = match.runtime;
    out_.id = std::move(match.id);
    out_.container_path = PathTo(i);
    out_.pod_id = match.runtime == PathRuntime::kPodman ? podman_pod_ : "";
    out_.pod_uid = out_.parents.empty() ? pod_uid_ : "";
  }

  void TakeWeak() {
    if (parts_.empty() || parts_.size() >= kMaxComponents) return;
    const std::string_view leaf = parts_.back();
    const bool systemd_unit = leaf.ends_with(".slice") || leaf.ends_with(".service");
    if (systemd_unit || !podman_pod_.empty() || !IsSafeFileName(leaf)) return;
    out_.type = CgroupPath::Type::kWeak;
    out_.id = std::string(leaf);
    out_.container_path = PathTo(parts_.size() - 1);
    if (parts_.size() == 2) out_.weak_namespace = std::string(parts_[0]);
  }

  std::string PathTo(size_t last) const {
    std::string path;
    for (size_t i = 0; i <= last; ++i) path.append("/").append(parts_[i]);
    return path;
  }

  const std::vector<std::string_view> parts_;
  CgroupPath out_;
  bool in_kubepods_ = false;
  std::string podman_pod_;
  std::string pod_uid_;
};

}  // namespace

std::string_view Name(PathRuntime runtime) {
  switch (runtime) {
    case PathRuntime::kUnknown:
      return "";
    case PathRuntime::kDocker:
      return "docker";
    case PathRuntime::kPodman:
      return "podman";
    case PathRuntime::kContainerd:
      return "containerd";
    case PathRuntime::kCrio:
      return "crio";
    case PathRuntime::kLxc:
      return "lxc";
    case PathRuntime::kNspawn:
      return "nspawn";
    case PathRuntime::kKata:
      return "kata";
  }
  return "";
}

CgroupPath ParseCgroupPath(std::string_view path) { return Parser(path).Parse(); }

bool IsFullId(std::string_view text) {
  return text.size() == kFullIdLength && std::all_of(text.begin(), text.end(), IsLowerHex);
}

bool IsSafeFileName(std::string_view text) {
  if (text.empty() || text.size() > 255 || text == "." || text == "..") return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    const bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return alnum || std::string_view("_.:@+-").find(c) != std::string_view::npos;
  });
}

}  // namespace nsobs
