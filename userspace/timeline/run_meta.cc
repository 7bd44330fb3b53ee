#include "userspace/timeline/run_meta.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr std::string_view kFacts = "next.";  // before their keys; the queries below say it again

absl::StatusOr<int64_t> GetInt(Database* database, std::string_view key) {
  NSOBS_ASSIGN_OR_RETURN(Statement get, database->Prepare("SELECT value FROM meta WHERE key = ?"));
  get.Bind(1, key);
  NSOBS_ASSIGN_OR_RETURN(bool row, get.Step());
  return row ? get.Int(0) : 0;
}

absl::StatusOr<std::string> GetText(Database* database, std::string_view key) {
  NSOBS_ASSIGN_OR_RETURN(Statement get, database->Prepare("SELECT value FROM meta WHERE key = ?"));
  get.Bind(1, key);
  NSOBS_ASSIGN_OR_RETURN(bool row, get.Step());
  return row ? std::string(get.Text(0)) : std::string();
}

}  // namespace

absl::StatusOr<std::optional<TimelineRunState>> ReadRunState(Database* database) {
  TimelineRunState state;
  NSOBS_ASSIGN_OR_RETURN(state.heartbeat_wall_ns, GetInt(database, "heartbeat_ns"));
  if (state.heartbeat_wall_ns == 0) return std::optional<TimelineRunState>();
  NSOBS_ASSIGN_OR_RETURN(state.started_wall_ns, GetInt(database, "run_started_ns"));
  NSOBS_ASSIGN_OR_RETURN(int64_t clean_stop, GetInt(database, "clean_stop"));
  state.clean_stop = clean_stop != 0;
  NSOBS_ASSIGN_OR_RETURN(state.boot_id, GetText(database, "boot_id"));
  return std::make_optional(std::move(state));
}

Gap GapSince(const TimelineRunState& previous, const std::string& boot_id, int64_t now_ns) {
  Gap gap;
  if (previous.boot_id != boot_id) {
    gap.cause = "host_reboot";
  } else {
    gap.cause = previous.clean_stop ? "stopped" : "crashed";
  }
  gap.from_wall_ns = std::min(previous.heartbeat_wall_ns, now_ns);
  gap.to_wall_ns = now_ns;
  return gap;
}

RunMeta::RunMeta(const Clock* clock, std::string boot_id)
    : clock_(clock), boot_id_(std::move(boot_id)), started_ns_(clock->WallNs()) {}

absl::StatusOr<RunMeta> RunMeta::Make(Database* database, const Clock* clock, std::string boot_id) {
  RunMeta meta(clock, std::move(boot_id));
  NSOBS_ASSIGN_OR_RETURN(meta.previous_, ReadRunState(database));
  NSOBS_ASSIGN_OR_RETURN(int64_t last_run, GetInt(database, "run"));
  meta.run_ = last_run + 1;
  NSOBS_ASSIGN_OR_RETURN(meta.set_, database->Prepare("INSERT OR REPLACE INTO meta VALUES (?, ?)"));
  NSOBS_ASSIGN_OR_RETURN(meta.remove_, database->Prepare("DELETE FROM meta WHERE key = ?"));
  NSOBS_RETURN_IF_ERROR(meta.Set("run", meta.run_));
  return meta;
}

absl::Status RunMeta::Set(std::string_view key, int64_t value) {
  set_.Bind(1, key);
  set_.Bind(2, value);
  return set_.Run();
}

absl::Status RunMeta::Set(std::string_view key, std::string_view value) {
  set_.Bind(1, key);
  set_.Bind(2, value);
  return set_.Run();
}

absl::Status RunMeta::Beat() {
  NSOBS_RETURN_IF_ERROR(Set("heartbeat_ns", clock_->WallNs()));
  if (begun_) return absl::OkStatus();
  NSOBS_RETURN_IF_ERROR(Set("run_started_ns", started_ns_));
  NSOBS_RETURN_IF_ERROR(Set("boot_id", boot_id_));
  NSOBS_RETURN_IF_ERROR(Set("clean_stop", 0));
  begun_ = true;
  return absl::OkStatus();
}

absl::Status RunMeta::SetFact(std::string_view key, std::string_view value) {
  const std::string name = absl::StrCat(std::string(kFacts), std::string(key));
  if (!value.empty()) return Set(name, value);
  remove_.Bind(1, name);
  return remove_.Run();
}

absl::StatusOr<std::map<std::string, std::string>> RunMeta::Facts(Database* database) const {
  NSOBS_ASSIGN_OR_RETURN(
      Statement all,
      database->Prepare("SELECT key, value FROM meta WHERE key >= 'next.' AND key < 'next/'"));
  std::map<std::string, std::string> out;
  while (true) {
    NSOBS_ASSIGN_OR_RETURN(const bool more, all.Step());
    if (!more) return out;
    out[std::string(all.Text(0)).substr(kFacts.size())] = std::string(all.Text(1));
  }
}

absl::Status RunMeta::ForgetFacts(Database* database) {
  return database->Exec("DELETE FROM meta WHERE key >= 'next.' AND key < 'next/'");
}

absl::Status RunMeta::MarkCleanStop() { return Set("clean_stop", 1); }

}  // namespace nsobs
