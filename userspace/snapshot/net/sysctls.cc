// Settings and counts that procfs shows for the reader's own net namespace: ip(7),
// Documentation/networking/ip-sysctl.rst, proc_sys_net(5).
#include <array>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "userspace/snapshot/bounded_read.h"
#include "userspace/snapshot/net/net_context.h"

namespace nsobs {
namespace {

struct Setting {
  const char* key;   // in the record
  const char* file;  // below /proc/sys/net
};

constexpr std::array<Setting, 11> kSettings = {{
    {"ip_local_port_range", "ipv4/ip_local_port_range"},
    {"ip_forward", "ipv4/ip_forward"},
    {"rp_filter_all", "ipv4/conf/all/rp_filter"},
    {"tcp_syn_retries", "ipv4/tcp_syn_retries"},
    {"ip_unprivileged_port_start", "ipv4/ip_unprivileged_port_start"},
    {"tcp_max_syn_backlog", "ipv4/tcp_max_syn_backlog"},
    {"ipv6_disable_all", "ipv6/conf/all/disable_ipv6"},
    {"ipv6_forward_all", "ipv6/conf/all/forwarding"},
    {"tcp_tw_reuse", "ipv4/tcp_tw_reuse"},
    {"tcp_fin_timeout", "ipv4/tcp_fin_timeout"},
    {"route_localnet_all", "ipv4/conf/all/route_localnet"},
}};

// One number, or a list where there are several; null for what isn't a number.
SectionJson Numbers(const std::string& text) {
  SectionJson values = SectionJson::array();
  for (const auto word : absl::StrSplit(text, absl::ByAnyChar(" \t\n"), absl::SkipEmpty())) {
    int64_t value = 0;
    if (!absl::SimpleAtoi(word, &value)) return nullptr;
    values.push_back(value);
  }
  if (values.empty()) return nullptr;
  return values.size() == 1 ? values[0] : values;
}

// "TCP: inuse 4 orphan 0 tw 12 alloc 6 mem 1": the number after `name` in the line of `protocol`.
SectionJson FromSockstat(const std::string& text, std::string_view protocol,
                         std::string_view name) {
  for (const auto line : absl::StrSplit(text, '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.empty() || words[0] != absl::StrCat(std::string(protocol), ":")) continue;
    for (size_t i = 1; i + 1 < words.size(); i += 2)
      if (words[i] == name) return Numbers(words[i + 1]);
  }
  return nullptr;
}

SectionJson Sum(const SectionJson& a, const SectionJson& b) {
  if (!a.is_number()) return b;
  return b.is_number() ? SectionJson(a.get<int64_t>() + b.get<int64_t>()) : a;
}

}  // namespace

SectionJson ReadSysctls(const NetContext& context) {
  SectionJson out = SectionJson::object();
  for (const Setting& setting : kSettings) {
    const std::string path = absl::StrCat(context.target->proc_root, "/sys/net/", setting.file);
    // What the kernel was built without is absent, and no error.
    const absl::StatusOr<std::string> text = ReadProcText(path, 4096);
    if (!text.ok()) continue;
    SectionJson value = Numbers(*text);
    if (!value.is_null()) out[setting.key] = std::move(value);
  }
  return out;
}

SectionJson ReadSocketCounts(const NetContext& context) {
  // /proc/net is a link into /proc/self: that of our thread's namespace.
  const std::string net = absl::StrCat(context.target->proc_root, "/self/net/");
  const std::string v4 = ReadProcText(net + "sockstat").value_or("");
  const std::string v6 = ReadProcText(net + "sockstat6").value_or("");
  SectionJson out;
  out["tcp_in_use"] = Sum(FromSockstat(v4, "TCP", "inuse"), FromSockstat(v6, "TCP6", "inuse"));
  out["tcp_time_wait"] = FromSockstat(v4, "TCP", "tw");
  out["tcp_orphan"] = FromSockstat(v4, "TCP", "orphan");
  out["udp_in_use"] = Sum(FromSockstat(v4, "UDP", "inuse"), FromSockstat(v6, "UDP6", "inuse"));
  const std::string conntrack =
      absl::StrCat(context.target->proc_root, "/sys/net/netfilter/nf_conntrack_");
  out["conntrack_count"] = Numbers(ReadProcText(conntrack + "count", 4096).value_or(""));
  out["conntrack_max"] = Numbers(ReadProcText(conntrack + "max", 4096).value_or(""));
  return out;
}

}  // namespace nsobs
