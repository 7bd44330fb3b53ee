#include "userspace/timeline/namespace_store.h"

#include <cstdlib>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr int64_t kSameBirthNs = 1'000'000'000;
// So often is it looked whether there are too many; then twice as many may go.
constexpr int kInsertsBetween = 256;

// The kernel's ids use all 64 bits; SQLite's integers hold them as they are.
int64_t Bits(uint64_t id) { return static_cast<int64_t>(id); }

}  // namespace

absl::StatusOr<NamespaceStore> NamespaceStore::Make(Database* database, RunContext context,
                                                    int64_t max_rows) {
  NamespaceStore store;
  store.context_ = std::move(context);
  store.max_rows_ = max_rows;
  NSOBS_ASSIGN_OR_RETURN(
      store.find_, database->Prepare("SELECT ref, born_ns, died_ns FROM namespaces WHERE inode = ? "
                                     "AND kind = ? AND ns_id = ? AND boot_id = ? "
                                     "ORDER BY ref DESC LIMIT 1"));
  NSOBS_ASSIGN_OR_RETURN(
      store.insert_,
      database->Prepare("INSERT INTO namespaces (boot_id, kind, inode, ns_id, owner_name, "
                        "owner_id, owner_runtime, run, born_ns, last_seen_ns, died_ns) "
                        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  NSOBS_ASSIGN_OR_RETURN(
      store.update_,
      database->Prepare("UPDATE namespaces SET owner_name = ?1, owner_id = ?2, owner_runtime = ?3, "
                        "run = ?4, born_ns = iif(?5 = 0, born_ns, ?5), last_seen_ns = ?6, "
                        "died_ns = ?7 WHERE ref = ?8"));
  NSOBS_ASSIGN_OR_RETURN(store.end_,
                         database->Prepare("UPDATE namespaces SET died_ns = ? WHERE ref = ?"));
  NSOBS_ASSIGN_OR_RETURN(store.end_unseen_, database->Prepare("UPDATE namespaces SET died_ns = ? "
                                                              "WHERE died_ns = 0 AND run < ?"));
  NSOBS_ASSIGN_OR_RETURN(
      store.remove_surplus_,
      database->Prepare(
          absl::StrCat("DELETE FROM namespaces WHERE ref IN (SELECT ref FROM namespaces WHERE "
                       "died_ns != 0 AND ref <= (SELECT max(ref) FROM namespaces) - ? ORDER BY ref "
                       "LIMIT ",
                       2 * kInsertsBetween, ")")));
  return store;
}

absl::StatusOr<NamespaceStore::Existing> NamespaceStore::FindLatest(
    const Timeline::NamespaceRow& row) {
  find_.Bind(1, int64_t{row.identity.inode});
  find_.Bind(2, static_cast<int64_t>(row.kind));
  find_.Bind(3, Bits(row.identity.id));
  find_.Bind(4, context_.boot_id);
  absl::StatusOr<bool> found = find_.Step();
  Existing existing;
  if (found.ok() && *found) existing = {find_.Int(0), find_.Int(1), find_.Int(2) == 0};
  find_.Reset();
  if (!found.ok()) return found.status();
  return existing;
}

absl::Status NamespaceStore::Upsert(const Timeline::NamespaceRow& row) {
  NSOBS_ASSIGN_OR_RETURN(Existing existing, FindLatest(row));
  if (existing.ref == 0) return Insert(row);
  const bool births_known = row.born_wall_ns != 0 && existing.born_ns != 0;
  const bool same = row.identity.id != 0 ||
                    (births_known ? std::abs(row.born_wall_ns - existing.born_ns) < kSameBirthNs
                                  : existing.alive);
  if (same) return Update(existing.ref, row);
  if (existing.alive) NSOBS_RETURN_IF_ERROR(End(existing.ref, row.born_wall_ns));
  return Insert(row);
}

absl::Status NamespaceStore::Insert(const Timeline::NamespaceRow& row) {
  const std::string name = ToUtf8(row.owner_name);
  const std::string id = ToUtf8(row.owner_id);
  const std::string runtime = ToUtf8(row.owner_runtime);
  insert_.Bind(1, context_.boot_id);
  insert_.Bind(2, static_cast<int64_t>(row.kind));
  insert_.Bind(3, int64_t{row.identity.inode});
  insert_.Bind(4, Bits(row.identity.id));
  insert_.Bind(5, name);
  insert_.Bind(6, id);
  insert_.Bind(7, runtime);
  insert_.Bind(8, context_.run);
  insert_.Bind(9, row.born_wall_ns);
  insert_.Bind(10, context_.clock->WallNs());
  insert_.Bind(11, row.died_wall_ns);
  NSOBS_RETURN_IF_ERROR(insert_.Run());
  return ++inserted_ < kInsertsBetween ? absl::OkStatus() : RemoveSurplus();
}

absl::Status NamespaceStore::RemoveSurplus() {
  inserted_ = 0;
  remove_surplus_.Bind(1, max_rows_);
  return remove_surplus_.Run();
}

absl::Status NamespaceStore::Update(int64_t ref, const Timeline::NamespaceRow& row) {
  const std::string name = ToUtf8(row.owner_name);
  const std::string id = ToUtf8(row.owner_id);
  const std::string runtime = ToUtf8(row.owner_runtime);
  update_.Bind(1, name);
  update_.Bind(2, id);
  update_.Bind(3, runtime);
  update_.Bind(4, context_.run);
  update_.Bind(5, row.born_wall_ns);
  update_.Bind(6, context_.clock->WallNs());
  update_.Bind(7, row.died_wall_ns);
  update_.Bind(8, ref);
  return update_.Run();
}

absl::Status NamespaceStore::End(int64_t ref, int64_t died_wall_ns) {
  end_.Bind(1, died_wall_ns);
  end_.Bind(2, ref);
  return end_.Run();
}

absl::Status NamespaceStore::EndUnseen(int64_t died_wall_ns) {
  end_unseen_.Bind(1, died_wall_ns);
  end_unseen_.Bind(2, context_.run);
  return end_unseen_.Run();
}

}  // namespace nsobs
