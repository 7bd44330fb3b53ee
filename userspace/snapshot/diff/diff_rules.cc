#include "userspace/snapshot/diff/diff_rules.h"

#include <array>

#include "absl/strings/str_cat.h"

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;
using Fields = std::string_view;

constexpr Fields kLinkKeys[] = {"name"};
constexpr Fields kLinkIgnored[] = {"rx_dropped", "tx_dropped"};
constexpr Fields kAddressKeys[] = {"link", "address", "prefix"};
constexpr Fields kRouteKeys[] = {"family", "table", "type", "destination", "metric"};
constexpr Fields kRuleKeys[] = {"family", "priority", "from", "to", "table"};
constexpr Fields kNeighbourKeys[] = {"family", "link", "address"};
constexpr Fields kListenerKeys[] = {"protocol", "family", "address", "port", "path"};
constexpr Fields kListenerIgnored[] = {"inode"};
constexpr Fields kNftKeys[] = {"family", "table", "chain", "handle"};
constexpr Fields kNftIgnored[] = {"packets", "bytes", "position", "expr"};
constexpr Fields kChainKeys[] = {"family", "table", "name"};
constexpr Fields kHostKeys[] = {"address", "names"};
constexpr Fields kPeerKeys[] = {"owner_id"};
constexpr Fields kPeerIgnored[] = {"listeners", "addresses"};
constexpr Fields kMountKeys[] = {"mount_point"};
constexpr Fields kMountIgnored[] = {"id", "parent", "free_bytes", "inodes_free"};
constexpr Fields kSpecMountKeys[] = {"destination"};
constexpr Fields kPathIgnored[] = {"size_bytes"};
constexpr Fields kProcessKeys[] = {"comm", "ns_pid"};
constexpr Fields kProcessIgnored[] = {"pid",          "parent_pid", "threads",
                                      "wait_channel", "zombie_of",  "start_boot_ns"};
constexpr Fields kDetailIgnored[] = {"pid",          "threads",         "open_files", "sockets",
                                     "wait_channel", "waiting_syscall", "session",    "oom_score",
                                     "vm_rss_bytes", "signals/pending"};
constexpr Fields kMemoryIgnored[] = {"usage_bytes", "peak_bytes", "anon_bytes", "file_bytes",
                                     "swap_bytes"};
constexpr Fields kAncestorKeys[] = {"path"};
constexpr Fields kAncestorIgnored[] = {"usage_bytes"};
constexpr Fields kCpuIgnored[] = {"periods", "throttled_periods", "throttled_ns", "usage_ns"};
constexpr Fields kPidsIgnored[] = {"current"};
constexpr Fields kUserKeys[] = {"inside"};
constexpr Fields kUserIgnored[] = {"uid_map", "gid_map"};

constexpr DiffRule kRules[] = {
    {"/net/inode", "the net namespace", {}, {}},
    {"/net/links", "link", kLinkKeys, kLinkIgnored},
    {"/net/addresses", "address", kAddressKeys, {}},
    {"/net/routes", "route", kRouteKeys, {}},
    {"/net/rules", "routing rule", kRuleKeys, {}},
    {"/net/neighbours", "neighbour", kNeighbourKeys, {}},
    {"/net/listeners", "listener", kListenerKeys, kListenerIgnored},
    {"/net/netfilter/chains", "packet filter chain", kChainKeys, {}},
    {"/net/netfilter/rules", "packet filter rule", kNftKeys, kNftIgnored},
    {"/net/sysctls", "sysctl", {}, {}},
    {"/net/resolv_conf", "resolv.conf", {}, {}},
    {"/net/hosts", "hosts entry", kHostKeys, {}},
    {"/net/route_to", "the way to the destination", {}, {}, true},
    {"/host_net/links", "host link", kLinkKeys, kLinkIgnored},
    {"/host_net/addresses", "host address", kAddressKeys, {}},
    {"/host_net/routes", "host route", kRouteKeys, {}},
    {"/host_net/rules", "host routing rule", kRuleKeys, {}},
    {"/host_net/neighbours", "host neighbour", kNeighbourKeys, {}},
    {"/host_net/listeners", "host listener", kListenerKeys, kListenerIgnored},
    {"/host_net/netfilter/chains", "host packet filter chain", kChainKeys, {}},
    {"/host_net/netfilter/rules", "host packet filter rule", kNftKeys, kNftIgnored},
    {"/host_net/sysctls", "host sysctl", {}, {}},
    {"/peer_nets", "peer", kPeerKeys, kPeerIgnored},
    {"/mnt/inode", "the mnt namespace", {}, {}},
    {"/mnt/mounts", "mount", kMountKeys, kMountIgnored},
    {"/mnt/overlay", "overlay of /", {}, {}},
    {"/mnt/spec_mounts", "specified mount", kSpecMountKeys, {}},
    {"/mnt/path", "path", {}, kPathIgnored, true},
    {"/pid/inode", "the pid namespace", {}, {}},
    {"/pid/processes", "process", kProcessKeys, kProcessIgnored},
    {"/pid/zombies", "zombies", {}, {}},
    {"/pid/init", "init", {}, kDetailIgnored},
    {"/pid/process", "the process", {}, kDetailIgnored, true},
    {"/cgroup/paths", "cgroup path", {}, {}},
    {"/cgroup/memory", "memory", {}, kMemoryIgnored},
    {"/cgroup/ancestors", "ancestor cgroup", kAncestorKeys, kAncestorIgnored},
    {"/cgroup/cpu", "cpu", {}, kCpuIgnored},
    {"/cgroup/pids", "pids", {}, kPidsIgnored},
    {"/uts", "uts", {}, {}},
    {"/ipc", "ipc", {}, {}},
    {"/timens", "timens", {}, {}},
    {"/user", "user", {}, kUserIgnored},
    {"/user/uid_map", "uid mapping", kUserKeys, {}},
    {"/user/gid_map", "gid mapping", kUserKeys, {}},
};

std::string Get(const Json& row, const char* key) {
  const auto it = row.find(key);
  return it == row.end() || it->is_null() ? "" : InWords(*it);
}

// " dev eth0", or nothing.
std::string Part(const Json& row, const char* before, const char* key) {
  const std::string value = Get(row, key);
  return value.empty() ? "" : absl::StrCat(" ", before, " ", value);
}

std::string NameOfRoute(const Json& row) {
  const std::string type = Get(row, "type");
  return absl::StrCat(type == "unicast" || type.empty() ? "" : type + " ", Get(row, "destination"),
                      Part(row, "via", "gateway"), Part(row, "dev", "link"));
}

std::string NameOfListener(const Json& row) {
  if (const std::string path = Get(row, "path"); !path.empty()) {
    return absl::StrCat(Get(row, "protocol"), " ", path);
  }
  const bool six = Get(row, "family") == "inet6";
  return absl::StrCat(Get(row, "protocol"), " ", six ? "[" : "", Get(row, "address"),
                      six ? "]" : "", ":", Get(row, "port"));
}

std::string NameOfNftRule(const Json& row) {
  return absl::StrCat(Get(row, "handle"), " of ", Get(row, "family"), " ", Get(row, "table"), " ",
                      Get(row, "chain"), " (", Get(row, "text"), ")");
}

}  // namespace

std::span<const DiffRule> DiffRules() { return kRules; }

std::string NameOfRow(const DiffRule& rule, const Json& row) {
  if (rule.noun.ends_with("route")) return NameOfRoute(row);
  if (rule.noun.ends_with("listener")) return NameOfListener(row);
  if (rule.noun.ends_with("packet filter rule")) return NameOfNftRule(row);
  if (rule.noun.ends_with("neighbour")) return Get(row, "address") + Part(row, "dev", "link");
  if (rule.noun.ends_with("address")) {
    return absl::StrCat(Get(row, "address"), "/", Get(row, "prefix"), Part(row, "dev", "link"));
  }
  if (rule.noun == "peer") return Get(row, "owner");
  if (rule.noun == "process") return absl::StrCat(Get(row, "comm"), "[", Get(row, "ns_pid"), "]");
  if (rule.noun == "mount") {
    return absl::StrCat(Get(row, "mount_point"), " (", Get(row, "fstype"), ")");
  }
  std::string name;
  for (const std::string_view key : rule.keys) {
    const std::string value = Get(row, std::string(key).c_str());
    if (!value.empty()) absl::StrAppend(&name, name.empty() ? "" : " ", value);
  }
  return name;
}

Json Normalized(const DiffRule& rule, const Json& row) {
  Json out = row;
  // The same program listens after a restart.
  if (const auto process = out.find("process"); process != out.end() && process->is_object()) {
    process->erase("pid");
  }
  const auto state = out.find("state");
  if (state == out.end() || !state->is_string()) return out;
  const std::string value = *state;
  if (rule.noun.ends_with("neighbour")) {
    // A neighbour that answers changes between these by itself.
    if (value == "stale" || value == "delay" || value == "probe") *state = "reachable";
  } else if (value != "Z" && value != "T") {
    *state = "running";
  }
  return out;
}

std::string InWords(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_null()) return "none";
  if (!value.is_array()) return value.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string out;
  for (const Json& item : value) absl::StrAppend(&out, out.empty() ? "" : ",", InWords(item));
  return out.empty() ? "none" : out;
}

}  // namespace nsobs
