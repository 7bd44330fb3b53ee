#include "userspace/main/event_summary.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/main/human_text.h"
#include "userspace/main/process_text.h"

namespace nsobs {
namespace {

// Everything one kind's summary needs.
struct Context {
  const Json& event;
  const Json& detail;  // event[kind]
  const SummaryOptions& options;
};

std::string After(const Json& detail, const char* key) {
  const std::optional<int64_t> ns = Number(detail, key);
  return ns && *ns > 0 ? absl::StrCat(" after ", HumanDuration(*ns)) : "";
}

std::string ClockText(const Context& c, const Json& object, const char* key) {
  const std::optional<int64_t> time = ParseRfc3339(Text(object, key));
  const std::optional<int64_t> day = ParseRfc3339(Text(c.event, "time"));
  return time ? LocalClock(*time, day.value_or(*time), c.options.zone) : "?";
}

std::string ChangedKinds(const Json& detail) {
  std::string kinds;
  const Json& changes = Child(detail, "changes");
  if (!changes.is_object()) return kinds;
  for (const auto& [kind, change] : changes.items()) {
    absl::StrAppend(&kinds, kinds.empty() ? "" : ",", ForTerminal(kind));
  }
  return kinds;
}

std::string NamespaceChangeText(const Context& c) {
  const std::string kinds = ChangedKinds(c.detail);
  std::string text = absl::StrCat(CleanText(c.detail, "operation"), kinds.empty() ? "" : " ", kinds,
                                  " by ", ProcessText(Child(c.event, "process")));
  if (Number(c.detail, "errno").value_or(0) != 0) {
    return absl::StrCat(text, " failed: ", CleanText(c.detail, "errno_name"));
  }
  const Json& target = Child(c.detail, "target");
  if (!target.is_null()) absl::StrAppend(&text, " into ", ContainerLabel(target));
  if (Text(c.detail, "by") == "engine") absl::StrAppend(&text, " (its engine)");
  if (Text(c.detail, "by") == "stranger") absl::StrAppend(&text, " (a stranger)");
  if (const auto pid = Number(c.detail, "child_pid")) {
    absl::StrAppend(&text, ", child pid ", *pid);
    const int64_t inside = Number(c.detail, "child_ns_pid").value_or(*pid);
    if (inside != *pid) absl::StrAppend(&text, " (", inside, " inside)");
  }
  return text;
}

std::string Destination(const Json& detail) {
  if (const std::string path = CleanText(detail, "path"); !path.empty()) return path;
  const std::string address = CleanText(detail, "destination");
  if (address.empty()) return "unknown destination";
  const std::optional<int64_t> port = Number(detail, "port");
  if (!port) return address;
  const bool v6 = address.find(':') != std::string::npos;
  return absl::StrCat(v6 ? "[" : "", address, v6 ? "]:" : ":", *port);
}

std::string ConnectFailureText(const Context& c) {
  const bool abandoned = Text(c.detail, "phase") == "abandoned";
  return absl::StrCat(ProcessText(Child(c.event, "process")), " ", CleanText(c.detail, "protocol"),
                      " ", Destination(c.detail), " ", CleanText(c.detail, "errno_name"),
                      abandoned ? ", given up" : "", After(c.detail, "duration_ns"));
}

std::string SignalVerb(std::string_view result) {
  if (result == "delivered") return " delivered to ";
  if (result == "ignored") return " ignored by ";
  if (result == "blocked") return " blocked by ";
  if (result == "pending") return " pending for ";
  if (result == "overflow") return " not queued (queue full) for ";
  return " sent to ";
}

// ", from podman[8111] on host"; nothing about the place if it is the target's own container.
std::string SignalOrigin(const Json& detail) {
  const Json& sender = Child(Child(detail, "sender"), "process");
  if (Flag(detail, "by_kernel")) return ", from the kernel";
  if (sender.is_null()) return "";
  const Json& target = Child(Child(detail, "target"), "process");
  const auto pid = Number(sender, "pid");
  if (pid && pid == Number(target, "pid")) return ", from itself";
  const Json& here = Child(Child(detail, "target"), "container");
  const Json& there = Child(Child(detail, "sender"), "container");
  std::string place;
  if (Text(here, "id") != Text(there, "id")) {
    place = there.is_null() ? " on host" : absl::StrCat(" in ", ContainerLabel(there));
  }
  return absl::StrCat(", from ", ProcessText(sender), place);
}

std::string SignalText(const Context& c) {
  return absl::StrCat(CleanText(c.detail, "name"), SignalVerb(Text(c.detail, "result")),
                      InnerProcessText(Child(Child(c.detail, "target"), "process")),
                      SignalOrigin(c.detail));
}

std::string OomReason(const Json& detail) {
  if (Text(detail, "reason") == "host") return "the host is out of memory";
  const std::string cgroup = CleanText(detail, "cgroup");
  const std::optional<int64_t> limit = Number(detail, "limit_bytes");
  return absl::StrCat("limit ", limit ? HumanBytes(static_cast<uint64_t>(*limit)) : "?", " of ",
                      Text(detail, "reason") == "ancestor" ? "ancestor " : "",
                      cgroup.empty() ? "its cgroup" : cgroup, " reached");
}

std::string OomKillText(const Context& c) {
  const Json& victim = Child(Child(c.detail, "victim"), "process");
  const Json& trigger = Child(Child(c.detail, "trigger"), "process");
  const auto bytes = [&](const char* key) {
    return HumanBytes(static_cast<uint64_t>(Number(c.detail, key).value_or(0)));
  };
  std::string text = absl::StrCat(InnerProcessText(victim), " killed: ", OomReason(c.detail), " (");
  if (Text(c.detail, "reason") != "host") {
    absl::StrAppend(&text, "usage ", bytes("usage_bytes"), ", ");
  }
  absl::StrAppend(&text, "anon ", bytes("anon_bytes"), ")");
  if (!trigger.is_null()) absl::StrAppend(&text, ", triggered by ", CleanText(trigger, "comm"));
  return text;
}

std::string ExitText(const Json& detail) {
  const std::string signal = CleanText(detail, "signal");
  const std::string how =
      Text(detail, "cause") == "oom" ? absl::StrCat("killed for lack of memory")
      : signal.empty() ? absl::StrCat("exited with code ", Number(detail, "exit_code").value_or(0))
                       : absl::StrCat("killed by ", signal);
  return absl::StrCat(how, After(detail, "lifetime_ns"));
}

std::string ContainerStartText(const Context& c) {
  const Json& container = Child(c.event, "container");
  const Json& init = Child(c.detail, "init");
  const std::string image = CleanText(container, "image");
  return absl::StrCat("started by ", CleanText(container, "runtime"),
                      image.empty() ? "" : ", image ", image, init.is_null() ? "" : ", init ",
                      init.is_null() ? "" : InnerProcessText(init));
}

std::string CgroupChangeText(const Context& c) {
  return absl::StrCat("cgroup ", CleanText(c.detail, "path"),
                      Flag(c.detail, "truncated") ? "… " : " ",
                      Flag(c.detail, "born") ? "made" : "removed");
}

std::string LossText(const Context& c) {
  return absl::StrCat(HumanCount(static_cast<uint64_t>(Number(c.detail, "count").value_or(0))), " ",
                      CleanText(c.detail, "of"), " events lost (", CleanText(c.detail, "cause"),
                      ") between ", ClockText(c, c.detail, "from"), " and ",
                      ClockText(c, c.detail, "to"));
}

// What was not done meanwhile; rows of earlier versions have no part.
std::string_view Missed(std::string_view part) {
  if (part == "web") return "page and metrics not served for ";
  if (part == "snapshot") return "no looks into namespaces for ";
  if (part == "reading") return "events read late, nothing missed for ";
  if (part == "detail") return "less detail for ";
  return "nothing observed for ";
}

std::string GapText(const Context& c) {
  const std::optional<int64_t> from = ParseRfc3339(Text(c.detail, "from"));
  const std::optional<int64_t> to = ParseRfc3339(Text(c.detail, "to"));
  const std::string reason = CleanText(c.detail, "reason");
  const std::string_view missed = Missed(Text(c.detail, "part"));
  return absl::StrCat(std::string(missed), from && to ? HumanDuration(*to - *from) : "?", ", ",
                      ClockText(c, c.detail, "from"), " to ", ClockText(c, c.detail, "to"), " (",
                      reason.empty() ? CleanText(c.detail, "cause") : reason, ")");
}

std::string EntryText(const Context& c) {
  std::string kinds;
  const Json& list = Child(c.detail, "kinds");
  for (size_t i = 0; list.is_array() && i < list.size(); ++i) {
    if (!list[i].is_string()) continue;
    absl::StrAppend(&kinds, kinds.empty() ? "" : ",", ForTerminal(list[i].get<std::string>()));
  }
  return absl::StrCat(ProcessText(Child(c.event, "process")), " entered ", kinds, ": ",
                      CleanText(c.detail, "command"), " exited with code ",
                      Number(c.detail, "exit_code").value_or(0), After(c.detail, "duration_ns"));
}

std::string HostPortText(const std::string& address, int64_t port) {
  const bool v6 = address.find(':') != std::string::npos;
  return absl::StrCat(v6 ? "[" : "", address, v6 ? "]:" : ":", port);
}

std::string PacketDropText(const Context& c) {
  const Json& process = Child(c.event, "process");
  const std::string interface = CleanText(c.detail, "interface");
  const std::string hook = CleanText(c.detail, "hook");
  return absl::StrCat(
      process.is_null() ? "" : ProcessText(process), process.is_null() ? "" : " ",
      CleanText(c.detail, "protocol"), " ",
      HostPortText(CleanText(c.detail, "source"), Number(c.detail, "source_port").value_or(0)),
      " to ",
      HostPortText(CleanText(c.detail, "destination"), Number(c.detail, "port").value_or(0)),
      " dropped by the packet filter", hook.empty() ? "" : " on ", hook,
      interface.empty() ? "" : ", ", interface);
}

std::string BindFailureText(const Context& c) {
  std::string where = CleanText(c.detail, "path");
  if (where.empty()) {
    where = HostPortText(CleanText(c.detail, "address"), Number(c.detail, "port").value_or(0));
  }
  return absl::StrCat(ProcessText(Child(c.event, "process")), " ", CleanText(c.detail, "operation"),
                      " ", CleanText(c.detail, "protocol"), " ", where, " ",
                      CleanText(c.detail, "errno_name"));
}

std::string FileFailureText(const Context& c) {
  const std::string path = CleanText(c.detail, "path");
  return absl::StrCat(ProcessText(Child(c.event, "process")), " ", CleanText(c.detail, "operation"),
                      " ", path.empty() ? "unknown path" : path,
                      Flag(c.detail, "truncated") ? "… " : " ", CleanText(c.detail, "errno_name"));
}

// "A", "type 99"; what is asked for most has a name (RFC 1035 3.2.2, 3596, 2782).
std::string QueryTypeText(int64_t type) {
  static constexpr std::pair<int64_t, std::string_view> kNames[] = {
      {1, "A"},    {2, "NS"},    {5, "CNAME"}, {6, "SOA"},   {12, "PTR"},  {15, "MX"},
      {16, "TXT"}, {28, "AAAA"}, {33, "SRV"},  {64, "SVCB"}, {65, "HTTPS"}};
  for (const auto& [number, name] : kNames) {
    if (number == type) return std::string(name);
  }
  return absl::StrCat("type ", type);
}

std::string DnsFailureText(const Context& c) {
  const Json& process = Child(c.event, "process");
  const std::string outcome = CleanText(c.detail, "outcome"), name = CleanText(c.detail, "name");
  const int64_t type = Number(c.detail, "type").value_or(0);
  const bool silent = outcome == "no_answer";
  return absl::StrCat(
      process.is_null() ? "" : ProcessText(process), process.is_null() ? "" : " ", "DNS ",
      HostPortText(CleanText(c.detail, "server"), Number(c.detail, "port").value_or(0)),
      Text(c.detail, "protocol") == "tcp" ? " (tcp) " : " ",
      silent ? "gave no answer" : absl::StrCat("answered ", absl::AsciiStrToUpper(outcome)),
      name.empty() ? "" : " for ", name, Flag(c.detail, "name_truncated") ? "…" : "",
      type == 0 ? "" : " ", type == 0 ? "" : QueryTypeText(type),
      silent ? (Flag(c.detail, "given_up") ? ", given up" : "") : "",
      After(c.detail, "duration_ns"));
}

struct KindText {
  std::string_view kind;
  std::string (*text)(const Context&);
};

constexpr auto kKindTexts = std::to_array<KindText>({
    {"namespace_change", NamespaceChangeText},
    {"connect_failure", ConnectFailureText},
    {"signal", SignalText},
    {"oom_kill", OomKillText},
    {"container_start", ContainerStartText},
    {"container_exit", [](const Context& c) { return ExitText(c.detail); }},
    {"cgroup_change", CgroupChangeText},
    {"process_exec",
     [](const Context& c) {
       return absl::StrCat(ProcessText(Child(c.event, "process")), " executes ",
                           CleanText(c.detail, "args"), Flag(c.detail, "truncated") ? "…" : "");
     }},
    {"process_exit",
     [](const Context& c) {
       return absl::StrCat(ProcessText(Child(c.event, "process")), " ", ExitText(c.detail));
     }},
    {"loss", LossText},
    {"gap", GapText},
    {"entry", EntryText},
    {"packet_drop", PacketDropText},
    {"bind_failure", BindFailureText},
    {"file_failure", FileFailureText},
    {"dns_failure", DnsFailureText},
});

bool IsHex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

std::string ShortenIds(const std::string& text) {
  constexpr size_t kId = 64, kShown = 12;
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::find_if_not(text.begin() + at, text.end(), IsHex) - text.begin();
    if (end == at) {
      out.push_back(text[at++]);
      continue;
    }
    out.append(text, at, end - at == kId ? kShown : end - at);
    if (end - at == kId) out.append("…");
    at = end;
  }
  return out;
}

}  // namespace

std::string MoreOfTheSame(const Json& event) {
  const int64_t count = Number(event, "count").value_or(1);
  if (count <= 1) return "";
  return absl::StrCat(", +", HumanCount(static_cast<uint64_t>(count - 1)), " more");
}

std::string EventSummary(const Json& event, const SummaryOptions& options) {
  const std::string kind = Text(event, "kind");
  const Context context{event, Child(event, kind.c_str()), options};
  std::string text = ForTerminal(kind);  // a kind of a later version
  for (const KindText& row : kKindTexts) {
    if (row.kind == kind) text = row.text(context);
  }
  const std::string more = MoreOfTheSame(event);
  if (options.with_run && !more.empty()) {
    absl::StrAppend(&text, more, " until ", ClockText(context, event, "last_time"));
  }
  return options.short_ids ? ShortenIds(text) : text;
}

}  // namespace nsobs
