#include "userspace/timeline/record_retention.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

// Of snapshots of some 50 KB: a chunk holds the write lock for a few milliseconds.
constexpr int kRecordsOfChunk = 50;
constexpr int64_t kSnapshotShare = 4;  // a quarter of the file
constexpr int64_t kFindingShare = 16;

}  // namespace

absl::StatusOr<RecordRetention::Table> RecordRetention::MakeTable(Database* database,
                                                                  const char* name,
                                                                  int64_t most_bytes) {
  Table table;
  table.most_bytes = most_bytes;
  NSOBS_ASSIGN_OR_RETURN(table.sum, database->Prepare(absl::StrCat(
                                        "SELECT ifnull(sum(stored_bytes), 0) FROM ", name)));
  NSOBS_ASSIGN_OR_RETURN(
      table.oldest, database->Prepare(absl::StrCat("SELECT id, time_ns, stored_bytes FROM ", name,
                                                   " ORDER BY time_ns LIMIT ", kRecordsOfChunk)));
  NSOBS_ASSIGN_OR_RETURN(table.remove,
                         database->Prepare(absl::StrCat("DELETE FROM ", name, " WHERE id = ?")));
  return table;
}

absl::StatusOr<RecordRetention> RecordRetention::Make(Database* database, const Clock* clock,
                                                      RetentionLimits limits) {
  RecordRetention r;
  r.database_ = database;
  r.clock_.emplace(clock);
  r.age_ = limits.age;
  NSOBS_ASSIGN_OR_RETURN(r.snapshots_,
                         MakeTable(database, "snapshots", limits.file_bytes / kSnapshotShare));
  NSOBS_ASSIGN_OR_RETURN(r.findings_,
                         MakeTable(database, "findings", limits.file_bytes / kFindingShare));
  return r;
}

absl::StatusOr<int64_t> RecordRetention::Sum(Table* table) {
  const absl::StatusOr<bool> row = table->sum.Step();
  const int64_t bytes = row.ok() && *row ? table->sum.Int(0) : 0;
  table->sum.Reset();
  if (!row.ok()) return row.status();
  return bytes;
}

absl::Status RecordRetention::Apply(absl::Duration budget) {
  const absl::Time deadline = absl::Now() + budget;
  const int64_t cutoff = clock_->NowNs() - absl::ToInt64Nanoseconds(age_);
  for (Table* table : {&snapshots_, &findings_}) {
    NSOBS_ASSIGN_OR_RETURN(int64_t bytes, Sum(table));
    bool more = true;
    while (more && absl::Now() < deadline) {
      NSOBS_ASSIGN_OR_RETURN(more, RemoveChunk(table, cutoff, &bytes));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> RecordRetention::RemoveChunk(Table* table, int64_t cutoff, int64_t* bytes) {
  std::vector<int64_t> ids;
  int64_t left = *bytes;
  absl::StatusOr<bool> row = table->oldest.Step();
  for (; row.ok() && *row; row = table->oldest.Step()) {
    if (table->oldest.Int(1) >= cutoff && left <= table->most_bytes) break;
    ids.push_back(table->oldest.Int(0));
    left -= table->oldest.Int(2);
  }
  table->oldest.Reset();
  if (!row.ok()) return row.status();
  if (ids.empty()) return false;
  NSOBS_ASSIGN_OR_RETURN(Transaction transaction, Transaction::Begin(database_));
  for (const int64_t id : ids) {
    table->remove.Bind(1, id);
    NSOBS_RETURN_IF_ERROR(table->remove.Run());
  }
  NSOBS_RETURN_IF_ERROR(transaction.Commit());
  *bytes = left;
  return ids.size() == kRecordsOfChunk;
}

}  // namespace nsobs
