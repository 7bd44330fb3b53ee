#include "userspace/main/namespace_listing.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/base/sanitize.h"
#include "userspace/event/event_json.h"
#include "userspace/main/event_summary.h"
#include "userspace/main/json_out.h"
#include "userspace/main/table.h"

namespace nsobs {
namespace {

// The pod that all of them belong to; "" if they don't.
std::string CommonPod(const NamespaceRecord::Owners& owners) {
  const std::string pod = owners.empty() ? "" : owners[0]->pod.value_or("");
  const bool same = std::all_of(owners.begin(), owners.end(), [&](const ContainerRef& owner) {
    return owner->pod.value_or("") == pod;
  });
  return same ? pod : "";
}

std::string OwnerText(const NamespaceRecord& ns) {
  if (ns.is_host) return "host";
  return ns.owners.empty() ? "-" : ContainerLabel(ToJson(ns.owners[0]));
}

std::vector<Cell> Row(const NamespaceRecord& ns) {
  const bool known = ns.some_process.pid != 0;
  const bool owned = ns.is_host || !ns.owners.empty();
  return {{std::string(Name(ns.kind))},
          {absl::StrCat(ns.identity.inode), Style::kCyan},
          {OwnerText(ns), ns.is_host ? Style::kDim
                          : owned    ? Style::kBold
                                     : Style::kPlain},
          {absl::StrCat(ns.process_count)},
          {known ? absl::StrCat(ns.some_process.pid) : "-"},
          {known ? ForTerminal(ns.some_comm) : "-"},
          {SharedText(ns), Style::kYellow}};
}

// "pod": by the containers of one pod; "host": a container has the host's; "containers": by some
// that have no pod in common; null: at most one has it.
Json SharedBy(const NamespaceRecord& ns) {
  if (ns.is_host) return ns.owners.empty() ? Json(nullptr) : Json("host");
  if (ns.owners.size() < 2) return nullptr;
  return CommonPod(ns.owners).empty() ? "containers" : "pod";
}

Json RecordJson(const NamespaceRecord& ns, const Clock& clock) {
  const bool known = ns.some_process.pid != 0;
  Json owners = Json::array();
  for (const ContainerRef& owner : ns.owners) owners.push_back(ToJson(owner));
  return {
      {"kind", Name(ns.kind)},
      {"inode", ns.identity.inode},
      {"id", ns.identity.id == 0 ? Json(nullptr) : Json(ns.identity.id)},
      {"owners", std::move(owners)},
      {"host", ns.is_host},
      {"processes", ns.process_count},
      {"pid", known ? Json(ns.some_process.pid) : Json(nullptr)},
      {"comm", known ? Json(ToUtf8(ns.some_comm)) : Json(nullptr)},
      {"uid", known ? Json(ns.uid) : Json(nullptr)},
      {"shared_by", SharedBy(ns)},
      {"pod", !ns.is_host && !CommonPod(ns.owners).empty() ? Json(ToUtf8(CommonPod(ns.owners)))
                                                           : Json(nullptr)},
      {"born", ns.born_boot_ns == 0 ? Json(nullptr)
                                    : Json(FormatRfc3339(clock.WallOfBootNs(ns.born_boot_ns)))}};
}

std::vector<Column> Columns() {
  return {{.title = "KIND", .rank = 6, .least = 6},
          {.title = "INODE", .rank = 9, .least = 10, .right = true},
          {.title = "OWNER", .rank = 2, .least = 14},
          {.title = "PROCS", .rank = 3, .least = 5, .optional = true, .right = true},
          {.title = "PID", .rank = 5, .least = 7, .optional = true, .right = true},
          {.title = "COMMAND", .rank = 4, .least = 10, .optional = true},
          {.title = "SHARED", .rank = 1, .least = 20}};
}

}  // namespace

std::vector<NamespaceRecord> SelectNamespaces(const std::vector<NamespaceRecord>& namespaces,
                                              const NamespaceFilter& filter) {
  std::vector<NamespaceRecord> selected;
  for (const NamespaceRecord& ns : namespaces) {
    const auto& kinds = filter.kinds;
    const bool kind_passes =
        kinds.empty() || std::find(kinds.begin(), kinds.end(), ns.kind) != kinds.end();
    const bool set_passes =
        filter.of_set == nullptr || SameNamespace((*filter.of_set)[ns.kind], ns.identity);
    if (ns.died_boot_ns == 0 && kind_passes && set_passes) selected.push_back(ns);
  }
  std::sort(selected.begin(), selected.end(),
            [](const NamespaceRecord& a, const NamespaceRecord& b) {
              return std::tuple(a.kind, !a.is_host, a.identity.inode, a.identity.id) <
                     std::tuple(b.kind, !b.is_host, b.identity.inode, b.identity.id);
            });
  return selected;
}

std::string SharedText(const NamespaceRecord& ns) {
  if (ns.owners.size() + (ns.is_host ? 1 : 0) < 2) return "";
  const std::string pod = ns.is_host ? "" : CommonPod(ns.owners);
  std::vector<std::string> names;
  names.reserve(ns.owners.size() + 1);
  if (ns.is_host) names.push_back("host");
  for (const ContainerRef& owner : ns.owners) {
    names.push_back(pod.empty() ? ContainerLabel(ToJson(owner))
                                : ForTerminal(owner->name + (owner->certain ? "" : "?")));
  }
  return absl::StrCat("shared by ", absl::StrJoin(names, ", "),
                      pod.empty() ? "" : absl::StrCat(" (pod ", ForTerminal(pod), ")"));
}

void PrintNamespaces(const std::vector<NamespaceRecord>& namespaces, OutputFormat format,
                     const Clock& clock, const Console& console) {
  if (format == OutputFormat::kTable) {
    Table table(Columns(), console.screen);
    for (const NamespaceRecord& ns : namespaces) table.AddRow(Row(ns));
    table.Print(console.out);
    return;
  }
  JsonWriter writer(format, console.out);
  for (const NamespaceRecord& ns : namespaces) writer.Add(RecordJson(ns, clock));
  writer.Finish();
}

}  // namespace nsobs
