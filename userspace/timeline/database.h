// SQLite with owned handles and absl::Status. The only file that knows how SQLite tells its errors.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace nsobs {

// The status of an SQLite result code: DATA_LOSS for a corrupt or foreign file, RESOURCE_EXHAUSTED
// for a full disk, UNAVAILABLE for input/output errors and locks held by others.
absl::Status SqliteStatus(int code, std::string_view message);

// A prepared statement, to be reused. Errors of Bind are kept and come out of the next Step.
class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}

  // Parameters count from 1. Text is not copied: it must live until Reset().
  void Bind(int index, int64_t value) { Keep(sqlite3_bind_int64(get(), index, value)); }
  void Bind(int index, std::string_view text);
  void BindBlob(int index, std::string_view bytes);  // like text
  void BindOrNull(int index, std::optional<int64_t> value);
  void BindNull(int index) { Keep(sqlite3_bind_null(get(), index)); }

  absl::StatusOr<bool> Step();  // true: there is a row
  absl::Status Run();           // Step until done, then Reset
  void Reset();                 // ready for the next use; bound values are gone

  // Columns count from 0. Text is valid until the next Step or Reset.
  int64_t Int(int column) const { return sqlite3_column_int64(get(), column); }
  std::string_view Text(int column) const;
  std::string_view Blob(int column) const;
  bool IsNull(int column) const { return sqlite3_column_type(get(), column) == SQLITE_NULL; }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  sqlite3_stmt* get() const { return statement_.get(); }
  void Keep(int code) {
    if (bind_error_ == SQLITE_OK) bind_error_ = code;
  }

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_error_ = SQLITE_OK;
};

// A connection. Not thread-safe. Statements must be gone before it.
class Database {
 public:
  enum class Mode {
    kReadWrite,
    kReadOnly,
    kReadOnlyUnchanging,  // needs no shared memory file: for a directory that can't be written to
  };
  // The file must exist. Strings from the file are never run as SQL functions (trusted_schema off).
  static absl::StatusOr<Database> Open(const std::string& path, Mode mode,
                                       absl::Duration busy_timeout);

  absl::Status Exec(const std::string& sql);  // one or more statements without results
  absl::StatusOr<Statement> Prepare(std::string_view sql);
  absl::StatusOr<int64_t> QueryInt(std::string_view sql);  // the first column of the only row

  int64_t LastInsertId() const { return sqlite3_last_insert_rowid(get()); }
  int64_t Changes() const { return sqlite3_changes64(get()); }
  bool InTransaction() const { return sqlite3_get_autocommit(get()) == 0; }

  // Statements that are still at work then end with CANCELLED.
  void SetDeadline(absl::Time deadline);

  // Gives back what the page cache holds and no statement is at work on.
  void FreeCache() { sqlite3_db_release_memory(get()); }

  // Closing neither copies the write-ahead log into the file nor deletes it.
  void LeaveLogOnClose();
  sqlite3* get() const { return connection_.get(); }

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  explicit Database(sqlite3* connection) : connection_(connection) {}

  // Read by SQLite while a statement runs, so it stands before what runs them.
  std::unique_ptr<absl::Time> deadline_;
  std::unique_ptr<sqlite3, Close> connection_;
};

// A write transaction that is undone unless Commit() succeeds.
class Transaction {
 public:
  static absl::StatusOr<Transaction> Begin(Database* database);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  absl::Status Commit();

 private:
  explicit Transaction(Database* database) : database_(database) {}
  Database* database_;  // nullptr: nothing to undo
};

}  // namespace nsobs
