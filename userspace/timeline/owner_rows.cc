#include "userspace/timeline/owner_rows.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

using PlainJson = nlohmann::json;

PlainJson ParseSafely(std::string_view text) { return PlainJson::parse(text, nullptr, false); }

std::optional<std::string> TextOrNone(const Statement& row, int column) {
  if (row.IsNull(column)) return std::nullopt;
  return std::string(row.Text(column));
}

std::map<std::string, std::string> Labels(const PlainJson& json) {
  std::map<std::string, std::string> labels;
  if (!json.is_object()) return labels;
  for (const auto& [key, value] : json.items()) {
    if (value.is_string()) labels[key] = value.get<std::string>();
  }
  return labels;
}

NamespaceSet Namespaces(std::string_view text) {
  NamespaceSet set;
  const PlainJson json = ParseSafely(text);
  if (!json.is_array() || json.size() != kNamespaceKindCount) return set;
  for (NamespaceKind kind : kNamespaceKinds) {
    const PlainJson& pair = json[static_cast<size_t>(kind)];
    const bool fits = pair.is_array() && pair.size() == 2 && pair[0].is_number_unsigned() &&
                      pair[1].is_number_unsigned();
    if (fits) set[kind] = {pair[0].get<uint32_t>(), pair[1].get<uint64_t>()};
  }
  return set;
}

void TakeEnriched(std::string_view text, Container* container) {
  const PlainJson json = ParseSafely(text);
  if (!json.is_object()) return;
  if (auto by = json.find("by"); by != json.end()) container->enriched = Labels(*by);
  if (auto health = json.find("health"); health != json.end() && health->is_string()) {
    container->health = health->get<std::string>();
  }
  if (auto restart_count = json.find("restart_count");
      restart_count != json.end() && restart_count->is_number()) {
    container->restart_count = restart_count->get<uint32_t>();
  }
}

StoredContainer DecodeContainer(const Statement& row) {
  StoredContainer stored;
  stored.ref = row.Int(0);
  Container& c = stored.container;
  c.runtime = row.Text(1);
  c.id = row.Text(2);
  c.name = row.Text(3);
  c.image = TextOrNone(row, 4);
  c.pod = TextOrNone(row, 5);
  c.pod_namespace = TextOrNone(row, 6);
  c.pod_uid = TextOrNone(row, 7);
  c.labels = Labels(ParseSafely(row.Text(8)));
  c.source = row.Text(9);
  c.certain = row.Int(10) != 0;
  c.cgroup_path = row.Text(11);
  c.init = {static_cast<uint32_t>(row.Int(12)), static_cast<uint64_t>(row.Int(13))};
  c.namespaces = Namespaces(row.Text(14));
  c.started_boot_ns = row.Int(15);
  c.died_boot_ns = row.Int(16);
  stored.boot_id = row.Text(17);
  stored.first_seen_wall_ns = row.Int(18);
  stored.last_seen_wall_ns = row.Int(19);
  stored.died_wall_ns = row.Int(20);
  TakeEnriched(row.Text(21), &c);
  return stored;
}

std::optional<StoredNamespace> DecodeNamespace(const Statement& row) {
  const int64_t kind = row.Int(0);
  if (kind < 0 || kind >= static_cast<int64_t>(kNamespaceKindCount)) return std::nullopt;
  StoredNamespace stored;
  stored.kind = static_cast<NamespaceKind>(kind);
  stored.identity = {static_cast<uint32_t>(row.Int(1)), static_cast<uint64_t>(row.Int(2))};
  stored.boot_id = row.Text(3);
  stored.owner_name = row.Text(4);
  stored.owner_id = row.Text(5);
  stored.owner_runtime = row.Text(6);
  stored.born_wall_ns = row.Int(7);
  stored.last_seen_wall_ns = row.Int(8);
  stored.died_wall_ns = row.Int(9);
  return stored;
}

}  // namespace

absl::StatusOr<std::vector<StoredContainer>> ReadContainers(Database* database) {
  NSOBS_ASSIGN_OR_RETURN(
      Statement row,
      database->Prepare("SELECT ref, runtime, id, name, image, pod, pod_namespace, pod_uid, "
                        "labels, source, certain, cgroup_path, init_pid, init_start_boot_ns, "
                        "namespaces, started_boot_ns, died_boot_ns, boot_id, first_seen_ns, "
                        "last_seen_ns, died_ns, enriched FROM containers ORDER BY ref"));
  std::vector<StoredContainer> containers;
  absl::StatusOr<bool> more = row.Step();
  for (; more.ok() && *more; more = row.Step()) containers.push_back(DecodeContainer(row));
  if (!more.ok()) return more.status();
  return containers;
}

absl::StatusOr<std::vector<StoredNamespace>> ReadNamespaces(Database* database) {
  NSOBS_ASSIGN_OR_RETURN(
      Statement row, database->Prepare("SELECT kind, inode, ns_id, boot_id, owner_name, owner_id, "
                                       "owner_runtime, born_ns, last_seen_ns, died_ns "
                                       "FROM namespaces ORDER BY ref"));
  std::vector<StoredNamespace> namespaces;
  absl::StatusOr<bool> more = row.Step();
  for (; more.ok() && *more; more = row.Step()) {
    if (auto stored = DecodeNamespace(row)) namespaces.push_back(*std::move(stored));
  }
  if (!more.ok()) return more.status();
  return namespaces;
}

}  // namespace nsobs
