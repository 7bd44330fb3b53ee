#include "userspace/timeline/database.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

absl::Status ConnectionStatus(sqlite3* connection) {
  return SqliteStatus(sqlite3_extended_errcode(connection), sqlite3_errmsg(connection));
}

// As a URI, in which '?', '#' and '%' mean something.
std::string UriOf(const std::string& path, std::string_view query) {
  std::string uri = "file:";
  for (char c : path) {
    switch (c) {
      case '?':
        uri += "%3f";
        break;
      case '#':
        uri += "%23";
        break;
      case '%':
        uri += "%25";
        break;
      default:
        uri += c;
    }
  }
  return uri.append(query);
}

}  // namespace

absl::Status SqliteStatus(int code, std::string_view message) {
  const std::string text = absl::StrCat("database: ", std::string(message));
  switch (code & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
      return absl::OkStatus();
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_FORMAT:
    case SQLITE_CONSTRAINT:  // our statements break none unless what is stored is wrong
      return absl::DataLossError(text);
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_IOERR:
      return absl::UnavailableError(text);
    case SQLITE_INTERRUPT:
      return absl::CancelledError(text);
    case SQLITE_CANTOPEN:
      return absl::NotFoundError(text);
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_READONLY:
      return absl::PermissionDeniedError(text);
    case SQLITE_NOMEM:
      return absl::ResourceExhaustedError(text);
    default:
      return absl::InternalError(text);
  }
}

void Statement::Bind(int index, std::string_view text) {
  // A null pointer would bind NULL instead of the empty string.
  const char* data = text.data() != nullptr ? text.data() : "";
  Keep(sqlite3_bind_text64(get(), index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Statement::BindBlob(int index, std::string_view bytes) {
  const char* data = bytes.data() != nullptr ? bytes.data() : "";
  Keep(sqlite3_bind_blob64(get(), index, data, bytes.size(), SQLITE_STATIC));
}

void Statement::BindOrNull(int index, std::optional<int64_t> value) {
  if (value) {
    Bind(index, *value);
  } else {
    BindNull(index);
  }
}

absl::StatusOr<bool> Statement::Step() {
  if (bind_error_ != SQLITE_OK) return SqliteStatus(bind_error_, sqlite3_errstr(bind_error_));
  const int code = sqlite3_step(get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return ConnectionStatus(sqlite3_db_handle(get()));
}

absl::Status Statement::Run() {
  absl::StatusOr<bool> row = true;
  while (row.ok() && *row) row = Step();
  Reset();
  return row.status();
}

void Statement::Reset() {
  sqlite3_reset(get());
  sqlite3_clear_bindings(get());
  bind_error_ = SQLITE_OK;
}

std::string_view Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(get(), column));
  if (text == nullptr) return "";
  return std::string_view(text, static_cast<size_t>(sqlite3_column_bytes(get(), column)));
}

std::string_view Statement::Blob(int column) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(get(), column));
  if (bytes == nullptr) return "";
  return std::string_view(bytes, static_cast<size_t>(sqlite3_column_bytes(get(), column)));
}

absl::StatusOr<Database> Database::Open(const std::string& path, Mode mode,
                                        absl::Duration busy_timeout) {
  const int access = mode == Mode::kReadWrite ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  const std::string uri = UriOf(path, mode == Mode::kReadOnlyUnchanging ? "?immutable=1" : "");
  sqlite3* connection = nullptr;
  const int code = sqlite3_open_v2(uri.c_str(), &connection,
                                   access | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(connection);
  if (code != SQLITE_OK) return SqliteStatus(code, sqlite3_errstr(code));
  sqlite3_extended_result_codes(connection, 1);
  sqlite3_busy_timeout(connection, static_cast<int>(absl::ToInt64Milliseconds(busy_timeout)));
  // The file may have been tampered with: nothing in its schema may do more than hold data.
  sqlite3_db_config(connection, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(connection, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_limit(connection, SQLITE_LIMIT_ATTACHED, 0);
  NSOBS_RETURN_IF_ERROR(database.Exec("PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY"));
  return database;
}

absl::Status Database::Exec(const std::string& sql) {
  const int code = sqlite3_exec(get(), sql.c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : ConnectionStatus(get());
}

absl::StatusOr<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return ConnectionStatus(get());
  return Statement(statement);
}

absl::StatusOr<int64_t> Database::QueryInt(std::string_view sql) {
  NSOBS_ASSIGN_OR_RETURN(Statement statement, Prepare(sql));
  NSOBS_ASSIGN_OR_RETURN(bool row, statement.Step());
  if (!row) return absl::NotFoundError("database: no row");
  return statement.Int(0);
}

void Database::SetDeadline(absl::Time deadline) {
  constexpr int kStepsBetween = 10000;  // well below a millisecond
  if (deadline_ == nullptr) deadline_ = std::make_unique<absl::Time>();
  *deadline_ = deadline;
  const auto passed = [](void* until) -> int {
    return absl::Now() >= *static_cast<const absl::Time*>(until) ? 1 : 0;
  };
  sqlite3_progress_handler(get(), kStepsBetween, passed, deadline_.get());
}

void Database::LeaveLogOnClose() {
  sqlite3_db_config(get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

absl::StatusOr<Transaction> Transaction::Begin(Database* database) {
  // IMMEDIATE: a lock held by somebody else shows here and not in the middle.
  NSOBS_RETURN_IF_ERROR(database->Exec("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  // Some errors have rolled back already; a second ROLLBACK would only fail.
  if (database_ != nullptr && database_->InTransaction()) (void)database_->Exec("ROLLBACK");
}

absl::Status Transaction::Commit() {
  NSOBS_RETURN_IF_ERROR(database_->Exec("COMMIT"));
  database_ = nullptr;
  return absl::OkStatus();
}

}  // namespace nsobs
