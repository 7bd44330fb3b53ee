#include "userspace/main/container_listing.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/event/enrichment.h"
#include "userspace/event/event_json.h"
#include "userspace/main/human_text.h"
#include "userspace/main/json_out.h"
#include "userspace/main/table.h"

namespace nsobs {
namespace {

constexpr size_t kShortId = 12;

Json TextOrNull(const std::optional<std::string>& text) {
  return text ? Json(ToUtf8(*text)) : Json(nullptr);
}

Json TimeOrNull(int64_t wall_ns) {
  return wall_ns == 0 ? Json(nullptr) : Json(FormatRfc3339(wall_ns));
}

const char* StateOf(const ContainerEntry& entry) { return entry.running ? "running" : "exited"; }

Json EntryJson(const ContainerEntry& entry) {
  const Container& c = entry.container;
  Json labels = Json::object();
  for (const auto& [key, value] : c.labels) labels[ToUtf8(key)] = ToUtf8(value);
  return {{"name", ToUtf8(c.name)},
          {"id", ToUtf8(c.id)},
          {"runtime", ToUtf8(c.runtime)},
          {"image", TextOrNull(c.image)},
          {"pod", TextOrNull(c.pod)},
          {"pod_namespace", TextOrNull(c.pod_namespace)},
          {"pod_uid", TextOrNull(c.pod_uid)},
          {"labels", std::move(labels)},
          {"source", ToUtf8(c.source)},
          {"certain", c.certain},
          {"state", StateOf(entry)},
          {"init_pid", c.init.pid == 0 ? Json(nullptr) : Json(c.init.pid)},
          {"cgroup_path", c.cgroup_path.empty() ? Json(nullptr) : Json(ToUtf8(c.cgroup_path))},
          {"started", TimeOrNull(entry.started_wall_ns)},
          {"died", TimeOrNull(entry.died_wall_ns)},
          {"health", TextOrNull(c.health)},
          {"restart_count", c.restart_count ? Json(*c.restart_count) : Json(nullptr)},
          {"enriched", EnrichedJson(c)},
          {"namespaces", ToJson(c.namespaces)}};
}

// The start is exact or in clock ticks, as it was learnt.
bool IsSameProcess(const ProcessKey& a, const ProcessKey& b) {
  constexpr uint64_t kTickNs = 10'000'000;
  const uint64_t apart = a.start_boot_ns > b.start_boot_ns ? a.start_boot_ns - b.start_boot_ns
                                                           : b.start_boot_ns - a.start_boot_ns;
  return a.pid == b.pid && a.pid != 0 && apart <= 2 * kTickNs;
}

// What engines told the daemon about one that this command found by itself. Each field may be of
// another engine.
void TakeEnriched(const Container& told, Container* live) {
  for (const auto& [field, engine] : told.enriched) {
    Enrichment one;
    one.engine = engine;
    if (field == "image") one.image = told.image;
    if (field == "pod") one.pod = told.pod;
    if (field == "pod_namespace") one.pod_namespace = told.pod_namespace;
    if (field == "pod_uid") one.pod_uid = told.pod_uid;
    if (field == "labels") one.labels = told.labels;
    if (field == "health") one.health = told.health;
    if (field == "restart_count") one.restart_count = told.restart_count;
    AddEnrichment(one, live);
  }
}

std::string Ago(int64_t wall_ns, int64_t now_wall_ns) {
  if (wall_ns == 0) return "-";
  return absl::StrCat(HumanDuration(std::max<int64_t>(0, now_wall_ns - wall_ns)), " ago");
}

std::vector<Cell> Row(const ContainerEntry& entry, int64_t now_wall_ns) {
  const Container& c = entry.container;
  const auto text = [](const std::string& raw) { return raw.empty() ? "-" : ForTerminal(raw); };
  const uint32_t net = c.namespaces[NamespaceKind::kNet].inode;
  const bool hex = c.id.find_first_not_of("0123456789abcdef") == std::string::npos;
  return {{text(c.certain ? c.name : c.name + "?"), Style::kBold},
          {text(c.pod.value_or(""))},
          {text(hex ? c.id.substr(0, kShortId) : c.id), Style::kDim},
          {text(c.runtime)},
          {text(c.image.value_or(""))},
          {StateOf(entry), entry.running ? Style::kGreen : Style::kDim},
          {entry.running && c.init.pid != 0 ? absl::StrCat(c.init.pid) : "-"},
          {net == 0 ? "-" : absl::StrCat(net), Style::kDim},
          {Ago(entry.started_wall_ns, now_wall_ns)}};
}

std::vector<Column> Columns() {
  return {{.title = "NAME", .rank = 5, .least = 16},
          {.title = "POD", .rank = 3, .least = 8, .optional = true},
          {.title = "ID", .rank = 4, .least = 12},
          {.title = "RUNTIME", .rank = 6, .least = 10},
          {.title = "IMAGE", .rank = 1, .least = 16, .optional = true},
          {.title = "STATE", .rank = 8, .least = 7},
          {.title = "PID", .rank = 9, .least = 7, .right = true},
          {.title = "NET", .rank = 2, .least = 10, .optional = true, .right = true},
          {.title = "STARTED", .rank = 7, .least = 9, .optional = true, .right = true}};
}

}  // namespace

std::vector<ContainerEntry> MergeContainers(const std::vector<ContainerRef>& live,
                                            const std::vector<StoredContainer>& stored,
                                            const Clock& clock, bool with_past) {
  std::vector<ContainerEntry> entries;
  entries.reserve(live.size() + stored.size());
  std::map<std::pair<std::string, std::string>, size_t> running;  // -> in `entries`
  for (const ContainerRef& c : live) {
    const bool dead = c->died_boot_ns != 0;
    entries.push_back({*c, !dead,
                       c->started_boot_ns == 0 ? 0 : clock.WallOfBootNs(c->started_boot_ns),
                       dead ? clock.WallOfBootNs(c->died_boot_ns) : 0});
    if (!dead) running[{c->runtime, c->id}] = entries.size() - 1;
  }
  for (const StoredContainer& s : stored) {
    // Alive as far as the timeline knows, and running: the same one, told better by the live scan.
    const auto live_one = running.find({s.container.runtime, s.container.id});
    if (s.died_wall_ns == 0 && live_one != running.end()) {
      Container& found = entries[live_one->second].container;
      if (IsSameProcess(found.init, s.container.init)) TakeEnriched(s.container, &found);
      continue;
    }
    if (!with_past) continue;
    entries.push_back({s.container, false, s.first_seen_wall_ns, s.died_wall_ns});
  }
  return entries;
}

void PrintContainers(const std::vector<ContainerEntry>& entries, OutputFormat format,
                     int64_t now_wall_ns, const Console& console) {
  if (format == OutputFormat::kTable) {
    Table table(Columns(), console.screen);
    for (const ContainerEntry& entry : entries) table.AddRow(Row(entry, now_wall_ns));
    table.Print(console.out);
    return;
  }
  JsonWriter writer(format, console.out);
  for (const ContainerEntry& entry : entries) writer.Add(EntryJson(entry));
  writer.Finish();
}

}  // namespace nsobs
