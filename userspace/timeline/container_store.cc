#include "userspace/timeline/container_store.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/event/event_json.h"
#include "userspace/timeline/event_body.h"

namespace nsobs {
namespace {

// Rows come back from the database for the price of one look-up; memory must not grow with churn.
constexpr size_t kMaxCachedRefs = 16384;

constexpr char kUpsert[] = R"sql(
INSERT INTO containers (runtime, id, generation, name, image, pod, pod_namespace, pod_uid, labels,
    source, certain, cgroup_path, init_pid, init_start_boot_ns, namespaces, started_boot_ns,
    died_boot_ns, boot_id, run, first_seen_ns, last_seen_ns, died_ns, enriched)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
    ?21, ?22, ?23)
ON CONFLICT (runtime, id, generation) DO UPDATE SET
    name = ?4, image = ?5, pod = ?6, pod_namespace = ?7, pod_uid = ?8, labels = ?9, source = ?10,
    certain = ?11, cgroup_path = ?12, init_pid = ?13, init_start_boot_ns = ?14, namespaces = ?15,
    started_boot_ns = ?16, died_boot_ns = ?17, boot_id = ?18, run = ?19, last_seen_ns = ?21,
    died_ns = ?22, enriched = ?23
)sql";

std::string DumpSafely(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string LabelsJson(const Container& container) {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [key, value] : container.labels) json[ToUtf8(key)] = ToUtf8(value);
  return DumpSafely(json);
}

// {"by": {field: engine}, "health": .., "restart_count": ..}
std::string EnrichedText(const Container& container) {
  if (container.enriched.empty()) return "";
  nlohmann::json json = {{"by", EnrichedJson(container)}};
  if (container.health) json["health"] = ToUtf8(*container.health);
  if (container.restart_count) json["restart_count"] = *container.restart_count;
  return DumpSafely(json);
}

// [[inode, id], ...] in the order of the kinds.
std::string NamespacesJson(const Container& container) {
  nlohmann::json json = nlohmann::json::array();
  for (NamespaceKind kind : kNamespaceKinds) {
    json.push_back({container.namespaces[kind].inode, container.namespaces[kind].id});
  }
  return DumpSafely(json);
}

// A container as the row's values. Owns the text that the statement points at.
struct Row {
  std::string runtime, id, generation, name, labels, source, cgroup_path, namespaces, enriched;
  std::optional<std::string> image, pod, pod_namespace, pod_uid;
};

std::optional<std::string> Utf8(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  return ToUtf8(*text);
}

Row MakeRow(const Container& c, const std::string& generation) {
  return {.runtime = ToUtf8(c.runtime),
          .id = ToUtf8(c.id),
          .generation = generation,
          .name = ToUtf8(c.name),
          .labels = LabelsJson(c),
          .source = ToUtf8(c.source),
          .cgroup_path = ToUtf8(c.cgroup_path),
          .namespaces = NamespacesJson(c),
          .enriched = EnrichedText(c),
          .image = Utf8(c.image),
          .pod = Utf8(c.pod),
          .pod_namespace = Utf8(c.pod_namespace),
          .pod_uid = Utf8(c.pod_uid)};
}

void BindTextOrNull(Statement* statement, int index, const std::optional<std::string>& text) {
  if (text) {
    statement->Bind(index, *text);
  } else {
    statement->BindNull(index);
  }
}

void BindTexts(Statement* statement, const Row& row) {
  statement->Bind(1, row.runtime);
  statement->Bind(2, row.id);
  statement->Bind(3, row.generation);
  statement->Bind(4, row.name);
  BindTextOrNull(statement, 5, row.image);
  BindTextOrNull(statement, 6, row.pod);
  BindTextOrNull(statement, 7, row.pod_namespace);
  BindTextOrNull(statement, 8, row.pod_uid);
  statement->Bind(9, row.labels);
  statement->Bind(10, row.source);
  statement->Bind(12, row.cgroup_path);
  statement->Bind(15, row.namespaces);
  statement->Bind(23, row.enriched);
}

void BindNumbers(Statement* statement, const Container& c, const RunContext& context) {
  const Clock& clock = *context.clock;
  const int64_t now = clock.WallNs();
  statement->Bind(11, int64_t{c.certain});
  statement->Bind(13, int64_t{c.init.pid});
  statement->Bind(14, Clamp(c.init.start_boot_ns));
  statement->Bind(16, c.started_boot_ns);
  statement->Bind(17, c.died_boot_ns);
  statement->Bind(18, context.boot_id);
  statement->Bind(19, context.run);
  statement->Bind(20, c.started_boot_ns == 0 ? now : clock.WallOfBootNs(c.started_boot_ns));
  statement->Bind(21, now);
  statement->Bind(22, c.died_boot_ns == 0 ? 0 : clock.WallOfBootNs(c.died_boot_ns));
}

}  // namespace

std::string ContainerGeneration(const Container& container, const std::string& boot_id) {
  const auto link = ParseNamespaceLink(container.id);
  // A user may give his container the id of another's, or LXC's name of one of root's.
  const uint32_t uid = container.user ? container.user->uid : 0;
  if (!link) return uid == 0 ? "" : absl::StrCat("user:", uid);
  const uint64_t ns_id = container.namespaces[link->first].id;
  if (ns_id != 0) return absl::StrCat(boot_id, "/id:", ns_id);
  if (container.started_boot_ns != 0) {
    return absl::StrCat(boot_id, "/at:", container.started_boot_ns);
  }
  return absl::StrCat(boot_id, "/name:", ToUtf8(container.name));
}

absl::StatusOr<ContainerStore> ContainerStore::Make(Database* database, RunContext context) {
  ContainerStore store;
  store.context_ = std::move(context);
  NSOBS_ASSIGN_OR_RETURN(store.find_,
                         database->Prepare("SELECT ref FROM containers "
                                           "WHERE runtime = ? AND id = ? AND generation = ?"));
  NSOBS_ASSIGN_OR_RETURN(store.upsert_, database->Prepare(kUpsert));
  NSOBS_ASSIGN_OR_RETURN(store.end_unseen_, database->Prepare("UPDATE containers SET died_ns = ? "
                                                              "WHERE died_ns = 0 AND run < ?"));
  return store;
}

absl::StatusOr<int64_t> ContainerStore::Find(const Container& container,
                                             const std::string& generation) {
  const std::string runtime = ToUtf8(container.runtime);
  const std::string id = ToUtf8(container.id);
  find_.Bind(1, runtime);
  find_.Bind(2, id);
  find_.Bind(3, generation);
  absl::StatusOr<bool> row = find_.Step();
  const int64_t ref = row.ok() && *row ? find_.Int(0) : 0;
  find_.Reset();
  if (!row.ok()) return row.status();
  return ref;
}

absl::StatusOr<int64_t> ContainerStore::RefOf(const Container& container) {
  const std::string generation = ContainerGeneration(container, context_.boot_id);
  // With the lengths no two containers can make the same key.
  const std::string key = absl::StrCat(container.runtime.size(), ":", container.id.size(), ":",
                                       container.runtime, container.id, generation);
  if (auto found = refs_.find(key); found != refs_.end()) return found->second;
  NSOBS_ASSIGN_OR_RETURN(int64_t ref, Find(container, generation));
  if (ref == 0) {
    NSOBS_RETURN_IF_ERROR(Upsert(container));
    NSOBS_ASSIGN_OR_RETURN(ref, Find(container, generation));
    if (ref == 0) return absl::InternalError("database: a container's row vanished");
  }
  if (refs_.size() >= kMaxCachedRefs) refs_.clear();
  refs_[key] = ref;
  return ref;
}

absl::Status ContainerStore::Upsert(const Container& container) {
  const Row row = MakeRow(container, ContainerGeneration(container, context_.boot_id));
  BindTexts(&upsert_, row);
  BindNumbers(&upsert_, container, context_);
  return upsert_.Run();
}

absl::Status ContainerStore::EndUnseen(int64_t died_wall_ns) {
  end_unseen_.Bind(1, died_wall_ns);
  end_unseen_.Bind(2, context_.run);
  return end_unseen_.Run();
}

}  // namespace nsobs
