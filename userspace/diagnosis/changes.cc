#include "userspace/diagnosis/changes.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/address.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

constexpr size_t kMostEvidence = 3;

using Predicate = bool (*)(const Record& record, const Node& row);

bool IsAt(const Node& row, std::string_view list) {
  const std::string path = row["path"].text();
  return path.starts_with(list) && (path.size() == list.size() || path[list.size()] == '/');
}

// The way to the failure's destination: its route, the addresses and the links.
bool IsWay(const Record& record, const Node& row) {
  const bool gone = row["what"].Is("removed");
  if (IsAt(row, "/net/links")) return gone || row["after"]["up"].is_false();
  if (IsAt(row, "/net/addresses")) return gone && !row["before"]["scope"].Is("host");
  if (!IsAt(row, "/net/routes") || row["before"]["type"].Is("local")) return false;
  const std::optional<Failure> f = record.failure();
  const auto to = f ? IpAddress::Parse(f->destination) : std::nullopt;
  const Node route = gone ? row["before"] : row["after"];
  const std::string destination = route["destination"].text();
  // A new route matters if it took the packets: one that forbids.
  if (row["what"].Is("added") && (!route["type"].exists() || route["type"].Is("unicast"))) {
    return false;
  }
  const bool other_family = to && route["family"].Is(to->v6 ? "inet" : "inet6");
  if (destination.empty() || other_family) return false;
  return to ? InPrefix(*to, destination) : destination == "default";
}

bool IsListener(const Record& record, const Node& row) {
  if (!IsAt(row, "/net/listeners") || !row["what"].Is("removed")) return false;
  const std::optional<Failure> f = record.failure();
  const Node listener = row["before"];
  if (!f || !listener["protocol"].Is(f->protocol)) return false;
  if (f->is_unix()) return !f->path.empty() && listener["path"].Is(f->path);
  return f->port > 0 && listener["port"].number() == f->port;
}

bool IsFilter(const Record&, const Node& row) {
  const bool removed = row["what"].Is("removed");
  return !removed && (IsAt(row, "/net/netfilter/rules") || IsAt(row, "/net/netfilter/chains"));
}

bool IsNames(const Record& record, const Node& row) {
  return IsAt(row, "/net/resolv_conf") || IsAt(row, "/net/hosts") || IsWay(record, row);
}

// A mount that holds, or held, the path.
bool IsMount(const Record& record, const Node& row) {
  if (!IsAt(row, "/mnt/mounts") && !IsAt(row, "/mnt/overlay")) return false;
  const std::optional<Failure> f = record.failure();
  const std::string path = f ? f->path : "";
  if (!path.starts_with('/') || IsAt(row, "/mnt/overlay")) return false;
  constexpr std::string_view kList = "/mnt/mounts/";
  // The key of the row is the mount point; of several on one place the later have a number behind.
  std::string point = row["path"].text();
  if (!point.starts_with(kList)) return false;
  point = point.substr(kList.size());
  for (const char* side : {"before", "after"}) {
    const Node told = row[side]["mount_point"];
    if (told.exists()) point = told.text();
  }
  return point == "/" || path == point || path.starts_with(point + "/");
}

bool IsFiles(const Record& record, const Node& row) {
  return IsMount(record, row) || IsAt(row, "/user") || IsAt(row, "/user/uid_map") ||
         IsAt(row, "/user/gid_map");
}

bool IsMemoryLimit(const Record&, const Node& row) {
  return IsAt(row, "/cgroup/memory/limit_bytes") || IsAt(row, "/cgroup/ancestors");
}

bool IsCpuLimit(const Record& record, const Node& row) {
  return IsMemoryLimit(record, row) || IsAt(row, "/cgroup/cpu") || IsAt(row, "/cgroup/pids");
}

struct Speaks {
  std::string_view of;  // the id of a case, or what it begins with
  Predicate row;
  std::string_view kind;  // of the namespace that was changed; "": none
};

// The first that fits the case counts.
constexpr std::array<Speaks, 13> kSpeaks = {{
    {"net-no-route", IsWay, "net"},
    {"net-link-down", IsWay, "net"},
    {"net-peer-silent", IsWay, "net"},
    {"net-loopback", IsListener, "net"},
    {"net-local-only", IsListener, "net"},
    {"net-publish", IsListener, "net"},
    {"net-unix", IsListener, "net"},
    {"net-policy-drop", IsFilter, "net"},
    {"net-dns", IsNames, "net"},
    {"mnt-", IsFiles, "mnt"},
    {"usr-mapping", IsFiles, "mnt"},
    {"oom-", IsMemoryLimit, ""},
    {"pressure", IsCpuLimit, ""},
}};

const Speaks* SpeaksOf(std::string_view case_id) {
  const auto it = std::find_if(kSpeaks.begin(), kSpeaks.end(),
                               [&](const Speaks& s) { return case_id.starts_with(s.of); });
  return it == kSpeaks.end() ? nullptr : &*it;
}

// "14:02:11 UTC" of RFC 3339, with the day where it is another than the record's.
std::string TimeOfDay(const Record& record, const Node& time) {
  const std::string text = time.text(), now = record.root()["time"].text();
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:dd";
  if (text.size() < kShape.size()) return "an unknown time";
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = absl::ascii_isdigit(static_cast<unsigned char>(text[i]));
    if (kShape[i] == 'd' ? !digit : text[i] != kShape[i]) return "an unknown time";
  }
  const std::string day = text.substr(0, 10), clock = text.substr(11, 8);
  return absl::StrCat(now.starts_with(day) ? "" : day + " ", clock, " UTC");
}

// When that happened which is explained; nothing if the record was made by hand.
std::optional<int64_t> WhenItHappened(const Record& record) {
  std::optional<int64_t> out;
  for (const Node& event : record.trigger()["events"].items()) out = event["boot_ns"].number();
  return out;
}

// Who came into that kind of namespace since the baseline and before it happened: whoever came
// later, to see what is wrong, didn't bring it about. Who is no engine goes before.
Node WhoCameIn(const Record& record, std::string_view kind) {
  Node best;
  if (kind.empty()) return best;
  const std::optional<int64_t> happened = WhenItHappened(record);
  for (const Node& entry : record["changes"]["entries"].items()) {
    if (!entry["kinds"].Has(kind)) continue;
    if (happened && entry["boot_ns"].number_or(0) > *happened) continue;
    if (!best.exists() || best["by"].Is("engine") || !entry["by"].Is("engine")) best = entry;
  }
  return best;
}

std::string InWords(const Record& record, const Node& row, const Node& came,
                    std::string_view kind) {
  std::string out =
      absl::StrCat("; since ", TimeOfDay(record, record["changes"]["baseline"]["time"]),
                   ", when it had become ready: ", OneLine(row["text"].text()));
  if (!came.exists()) return out;
  const std::string args = OneLine(came["process"]["exe_args"].text());
  absl::StrAppend(&out, "; ", NamedProcess(came["process"]), " of ",
                  NamedContainer(came["entered_from"]), " came into its ", std::string(kind),
                  " namespace at ", TimeOfDay(record, came["time"]),
                  args.empty() ? "" : absl::StrCat(" (", args, ")"));
  return out;
}

void Because(Finding* finding, std::string claim, const Node& node) {
  if (node.exists()) finding->evidence.push_back({std::move(claim), node.pointer(), node.value()});
}

}  // namespace

void AddChanges(const Record& record, Finding* finding) {
  const Speaks* speaks = SpeaksOf(finding->case_id);
  if (speaks == nullptr) return;
  std::vector<Node> rows;
  for (const Node& row : record["changes"]["rows"].items()) {
    if (rows.size() < kMostEvidence && !row["text"].text().empty() && speaks->row(record, row)) {
      rows.push_back(row);
    }
  }
  if (rows.empty()) return;
  const Node came = WhoCameIn(record, speaks->kind);
  finding->summary += InWords(record, rows[0], came, speaks->kind);
  for (const Node& row : rows) Because(finding, OneLine(row["text"].text()), row);
  Because(finding, "the look that this is compared with", record["changes"]["baseline"]);
  Because(finding, "who came in since", came);
}

}  // namespace nsobs
