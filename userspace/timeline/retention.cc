#include "userspace/timeline/retention.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/event/event.h"

namespace nsobs {
namespace {

// A chunk holds the write lock for a few milliseconds.
constexpr int64_t kChunkRows = 500;
constexpr int64_t kWindowRows = 2000;
// 8 MiB a call: moving pages costs a read and a write each.
constexpr int64_t kVacuumPages = 2048;
// 1 MiB a transaction: its pages stand in the log together, and writers wait for it.
constexpr int64_t kVacuumStepPages = 256;

std::string WindowEnd(const char* table) {
  return absl::StrCat("SELECT max(ref) FROM (SELECT ref FROM ", table,
                      " WHERE ref > ? ORDER BY ref LIMIT ", kWindowRows, ")");
}

// The last row of the window after `cursor`; 0, which begins anew, when there is none.
absl::StatusOr<int64_t> NextWindow(Statement* window, int64_t cursor) {
  window->Bind(1, cursor);
  absl::StatusOr<bool> row = window->Step();
  const int64_t end = row.ok() && *row ? window->Int(0) : 0;
  window->Reset();
  if (!row.ok()) return row.status();
  return end;
}

}  // namespace

absl::StatusOr<Retention> Retention::Make(Database* database, const Clock* clock,
                                          RetentionLimits limits) {
  Retention r(database, clock, limits);
  const std::pair<Statement*, std::string> statements[] = {
      {&r.select_old_, absl::StrCat("SELECT id, kind FROM events WHERE last_time_ns < ? "
                                    "ORDER BY last_time_ns LIMIT ",
                                    kChunkRows)},
      {&r.select_oldest_,
       absl::StrCat("SELECT id, kind FROM events WHERE id > ? ORDER BY id LIMIT ", kChunkRows)},
      {&r.delete_event_, "DELETE FROM events WHERE id = ?"},
      {&r.delete_loss_, "DELETE FROM losses WHERE event_id = ?"},
      {&r.delete_gap_, "DELETE FROM gaps WHERE event_id = ?"},
      {&r.container_window_, WindowEnd("containers")},
      {&r.delete_containers_,
       "DELETE FROM containers WHERE ref > ?1 AND ref <= ?2 AND died_ns != 0 AND died_ns < ?3 "
       "AND NOT EXISTS (SELECT 1 FROM events WHERE container = containers.ref) "
       "AND NOT EXISTS (SELECT 1 FROM events WHERE entered_from = containers.ref) "
       "AND NOT EXISTS (SELECT 1 FROM snapshots WHERE container = containers.ref) "
       "AND NOT EXISTS (SELECT 1 FROM findings WHERE container = containers.ref)"},
      {&r.namespace_window_, WindowEnd("namespaces")},
      {&r.delete_namespaces_,
       "DELETE FROM namespaces WHERE ref > ?1 AND ref <= ?2 AND died_ns != 0 AND died_ns < ?3"}};
  for (const auto& [statement, sql] : statements) {
    NSOBS_ASSIGN_OR_RETURN(*statement, database->Prepare(sql));
  }
  return r;
}

absl::StatusOr<RetentionResult> Retention::Apply(absl::Duration budget,
                                                 absl::FunctionRef<bool(int64_t id)> keep) {
  const absl::Time deadline = absl::Now() + budget;
  const int64_t cutoff = clock_.NowNs() - absl::ToInt64Nanoseconds(limits_.age);
  RetentionResult result;
  NSOBS_ASSIGN_OR_RETURN(uint64_t old, RemoveOld(cutoff, deadline));
  NSOBS_ASSIGN_OR_RETURN(uint64_t oldest, RemoveOldest(deadline, keep));
  result.events = old + oldest;
  // Under pressure the dead go at once, however young: else their churn alone could fill the file.
  const int64_t owner_cutoff = oldest > 0 ? INT64_MAX : cutoff;
  NSOBS_ASSIGN_OR_RETURN(result.containers, RemoveDeadContainers(owner_cutoff));
  NSOBS_RETURN_IF_ERROR(RemoveDeadNamespaces(owner_cutoff));
  NSOBS_RETURN_IF_ERROR(GiveBackSpace());
  return result;
}

absl::StatusOr<uint64_t> Retention::RemoveOld(int64_t cutoff, absl::Time deadline) {
  uint64_t removed = 0;
  while (absl::Now() < deadline) {
    NSOBS_ASSIGN_OR_RETURN(Chunk chunk,
                           RemoveChunk(&select_old_, cutoff, [](int64_t) { return false; }));
    removed += chunk.removed;
    if (chunk.seen < kChunkRows) break;
  }
  return removed;
}

absl::StatusOr<uint64_t> Retention::RemoveOldest(absl::Time deadline,
                                                 absl::FunctionRef<bool(int64_t)> keep) {
  uint64_t removed = 0;
  int64_t cursor = 0;
  while (absl::Now() < deadline) {
    NSOBS_ASSIGN_OR_RETURN(int64_t bytes, LiveBytes());
    if (bytes <= limits_.file_bytes) break;
    NSOBS_ASSIGN_OR_RETURN(Chunk chunk, RemoveChunk(&select_oldest_, cursor, keep));
    removed += chunk.removed;
    cursor = chunk.last_id;
    if (chunk.seen == 0) break;
  }
  return removed;
}

absl::StatusOr<Retention::Chunk> Retention::RemoveChunk(Statement* select, int64_t parameter,
                                                        absl::FunctionRef<bool(int64_t)> keep) {
  std::vector<std::pair<int64_t, int64_t>> rows;  // id, kind
  select->Bind(1, parameter);
  absl::StatusOr<bool> row = select->Step();
  for (; row.ok() && *row; row = select->Step()) rows.emplace_back(select->Int(0), select->Int(1));
  select->Reset();
  if (!row.ok()) return row.status();
  Chunk chunk;
  chunk.seen = rows.size();
  if (rows.empty()) return chunk;
  NSOBS_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database_));
  for (const auto& [id, kind] : rows) {
    chunk.last_id = id;
    if (keep(id)) continue;
    NSOBS_RETURN_IF_ERROR(RemoveEvent(id, kind));
    ++chunk.removed;
  }
  NSOBS_RETURN_IF_ERROR(transaction.Commit());
  return chunk;
}

absl::Status Retention::RemoveEvent(int64_t id, int64_t kind) {
  delete_event_.Bind(1, id);
  NSOBS_RETURN_IF_ERROR(delete_event_.Run());
  if (kind == static_cast<int64_t>(EventKind::kLoss)) {
    delete_loss_.Bind(1, id);
    return delete_loss_.Run();
  }
  if (kind == static_cast<int64_t>(EventKind::kGap)) {
    delete_gap_.Bind(1, id);
    return delete_gap_.Run();
  }
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> Retention::RemoveDeadContainers(int64_t cutoff) {
  NSOBS_ASSIGN_OR_RETURN(int64_t end, NextWindow(&container_window_, container_cursor_));
  delete_containers_.Bind(1, container_cursor_);
  delete_containers_.Bind(2, end);
  delete_containers_.Bind(3, cutoff);
  NSOBS_RETURN_IF_ERROR(delete_containers_.Run());
  container_cursor_ = end;
  return static_cast<uint64_t>(database_->Changes());
}

absl::Status Retention::RemoveDeadNamespaces(int64_t cutoff) {
  NSOBS_ASSIGN_OR_RETURN(int64_t end, NextWindow(&namespace_window_, namespace_cursor_));
  delete_namespaces_.Bind(1, namespace_cursor_);
  delete_namespaces_.Bind(2, end);
  delete_namespaces_.Bind(3, cutoff);
  NSOBS_RETURN_IF_ERROR(delete_namespaces_.Run());
  namespace_cursor_ = end;
  return absl::OkStatus();
}

absl::Status Retention::GiveBackSpace() {
  NSOBS_ASSIGN_OR_RETURN(int64_t pages, database_->QueryInt("PRAGMA page_count"));
  NSOBS_ASSIGN_OR_RETURN(int64_t free, database_->QueryInt("PRAGMA freelist_count"));
  // New rows fill free pages first: an eighth stays for them, the rest goes to the filesystem.
  int64_t left = std::min(free - pages / 8, kVacuumPages);
  for (; left > 0; left -= kVacuumStepPages) {
    NSOBS_RETURN_IF_ERROR(database_->Exec(
        absl::StrCat("PRAGMA incremental_vacuum(", std::min(left, kVacuumStepPages), ")")));
  }
  return absl::OkStatus();
}

absl::StatusOr<int64_t> Retention::LiveBytes() {
  NSOBS_ASSIGN_OR_RETURN(int64_t pages, database_->QueryInt("PRAGMA page_count"));
  NSOBS_ASSIGN_OR_RETURN(int64_t free, database_->QueryInt("PRAGMA freelist_count"));
  NSOBS_ASSIGN_OR_RETURN(int64_t page_bytes, database_->QueryInt("PRAGMA page_size"));
  return (pages - free) * page_bytes;
}

}  // namespace nsobs
