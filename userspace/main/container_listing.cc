#include "userspace/main/container_listing.h"

#include <algorithm>
#include <map>
#include <set>
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
constexpr std::ptrdiff_t kUserAt = 4;  // behind the runtime

Json TextOrNull(const std::optional<std::string>& text) {
  return text ? Json(ToUtf8(*text)) : Json(nullptr);
}

Json TimeOrNull(int64_t wall_ns) {
  return wall_ns == 0 ? Json(nullptr) : Json(FormatRfc3339(wall_ns));
}

const char* StateOf(const ContainerEntry& entry) { return entry.running ? "running" : "exited"; }

Json UserJson(const std::optional<ContainerUser>& user) {
  if (!user) return nullptr;
  Json map = Json::array();
  for (const IdRange& range : user->uid_map) {
    map.push_back({range.inside, range.outside, range.count});
  }
  return {{"uid", user->uid}, {"uid_map", std::move(map)}};
}

Json ParentsJson(const std::vector<ContainerParent>& parents) {
  Json out = Json::array();
  for (const ContainerParent& parent : parents) {
    out.push_back({{"name", ToUtf8(parent.name)},
                   {"id", ToUtf8(parent.id)},
                   {"runtime", ToUtf8(parent.runtime)}});
  }
  return out;
}

// null for what runs no more: whom it shared with is not remembered.
Json UseJson(const std::map<NamespaceKind, std::string>& use) {
  if (use.empty()) return nullptr;
  Json out = Json::object();
  for (const auto& [kind, text] : use) out[std::string(Name(kind))] = text;
  return out;
}

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
          {"namespaces", ToJson(c.namespaces)},
          {"oci_runtime", c.oci_runtime.empty() ? Json(nullptr) : Json(ToUtf8(c.oci_runtime))},
          {"created", TimeOrNull(c.created_wall_ns)},
          {"generation", c.generation},
          {"restart_count", c.restart_count ? Json(*c.restart_count) : Json(nullptr)},
          {"pod_role", !c.pod ? Json(nullptr) : Json(c.sandbox ? "sandbox" : "container")},
          {"user", UserJson(c.user)},
          {"parents", ParentsJson(c.parents)},
          {"namespace_use", UseJson(entry.use)},
          {"health", TextOrNull(c.health)},
          {"enriched", EnrichedJson(c)},
          {"visibility", c.blind_spots.empty() ? "full" : "from_outside"},
          {"blind_spots", c.blind_spots.empty() ? Json(nullptr) : Json(ToUtf8(c.blind_spots))}};
}

// How a container has a namespace: "host", "own", "pod", "shared", or somebody else's by name.
std::string UseOf(const Container& container, const NamespaceRecord& ns) {
  if (ns.is_host) return "host";
  bool all_of_pod = container.pod.has_value();
  for (const ContainerRef& owner : ns.owners) {
    all_of_pod = all_of_pod && owner->pod == container.pod &&
                 owner->pod_namespace == container.pod_namespace;
  }
  if (ns.owners.empty()) return "unknown";
  if (ns.owners.size() == 1) return ns.owners[0]->id == container.id ? "own" : "shared";
  return all_of_pod ? "pod" : "shared";
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

// "podman", "runc in web", "runsc (from outside)".
std::string RuntimeText(const Container& c) {
  std::string text = ForTerminal(c.runtime);
  if (!c.parents.empty()) absl::StrAppend(&text, " in ", ForTerminal(c.parents.back().name));
  if (!c.blind_spots.empty()) absl::StrAppend(&text, " (from outside)");
  return text.empty() ? "-" : text;
}

std::string UserText(const Container& c) { return c.user ? absl::StrCat(c.user->uid) : "-"; }

// Most hosts have none of other users: the column is shown only where it tells something.
bool HasUsers(const std::vector<ContainerEntry>& entries) {
  return std::any_of(entries.begin(), entries.end(), [](const ContainerEntry& entry) {
    return entry.container.user && entry.container.user->uid != 0;
  });
}

std::vector<Cell> Row(const ContainerEntry& entry, int64_t now_wall_ns, bool users) {
  const Container& c = entry.container;
  const auto text = [](const std::string& raw) { return raw.empty() ? "-" : ForTerminal(raw); };
  const uint32_t net = c.namespaces[NamespaceKind::kNet].inode;
  const bool hex = c.id.find_first_not_of("0123456789abcdef") == std::string::npos;
  std::vector<Cell> cells = {{text(c.certain ? c.name : c.name + "?"), Style::kBold},
                             {text(c.pod.value_or(""))},
                             {text(hex ? c.id.substr(0, kShortId) : c.id), Style::kDim},
                             {RuntimeText(c)},
                             {text(c.image.value_or(""))},
                             {StateOf(entry), entry.running ? Style::kGreen : Style::kDim},
                             {entry.running && c.init.pid != 0 ? absl::StrCat(c.init.pid) : "-"},
                             {net == 0 ? "-" : absl::StrCat(net), Style::kDim},
                             {Ago(entry.started_wall_ns, now_wall_ns)}};
  if (users) cells.insert(cells.begin() + kUserAt, Cell{UserText(c)});
  return cells;
}

std::vector<Column> Columns(bool users) {
  std::vector<Column> columns = {
      {.title = "NAME", .rank = 5, .least = 16},
      {.title = "POD", .rank = 3, .least = 8, .optional = true},
      {.title = "ID", .rank = 4, .least = 12},
      {.title = "RUNTIME", .rank = 6, .least = 10},
      {.title = "IMAGE", .rank = 1, .least = 16, .optional = true},
      {.title = "STATE", .rank = 8, .least = 7},
      {.title = "PID", .rank = 9, .least = 7, .right = true},
      {.title = "NET", .rank = 2, .least = 10, .optional = true, .right = true},
      {.title = "STARTED", .rank = 7, .least = 9, .optional = true, .right = true}};
  if (users) {
    columns.insert(columns.begin() + kUserAt,
                   Column{.title = "USER", .rank = 5, .least = 5, .optional = true, .right = true});
  }
  return columns;
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

void AddNamespaceUse(const Inventory& inventory, std::vector<ContainerEntry>* entries) {
  // By inode: what is listed is alive, so that none stands for two.
  std::map<std::pair<NamespaceKind, uint32_t>, const NamespaceRecord*> known;
  for (const NamespaceRecord& ns : inventory.namespaces()) {
    known[{ns.kind, ns.identity.inode}] = &ns;
  }
  for (ContainerEntry& entry : *entries) {
    if (!entry.running || entry.container.init.pid == 0) continue;
    for (NamespaceKind kind : kNamespaceKinds) {
      const auto found = known.find({kind, entry.container.namespaces[kind].inode});
      entry.use[kind] = found == known.end() ? "unknown" : UseOf(entry.container, *found->second);
    }
  }
}

void PrintContainers(const std::vector<ContainerEntry>& entries, OutputFormat format,
                     int64_t now_wall_ns, const Console& console) {
  if (format == OutputFormat::kTable) {
    const bool users = HasUsers(entries);
    Table table(Columns(users), console.screen);
    for (const ContainerEntry& entry : entries) table.AddRow(Row(entry, now_wall_ns, users));
    table.Print(console.out);
    return;
  }
  JsonWriter writer(format, console.out);
  for (const ContainerEntry& entry : entries) writer.Add(EntryJson(entry));
  writer.Finish();
}

}  // namespace nsobs
