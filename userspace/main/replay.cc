// nsobserver findings replay: does today's diagnosis say the same of the same record?
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/base/file.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/main/findings_command.h"
#include "userspace/main/json_out.h"
#include "userspace/main/page.h"
#include "userspace/timeline/snapshot_row.h"

namespace nsobs {
namespace {

// What a diagnosis says; the rest (ids, times) the timeline gives.
constexpr const char* kSaid[] = {"case", "summary", "confidence", "evidence", "fix", "check"};

absl::StatusOr<Json> LoadRecord(const FindingsOptions& options, const Json& finding,
                                TimelineReader& reader) {
  std::string text;
  if (!options.record_file.empty()) {
    NSOBS_ASSIGN_OR_RETURN(text, ReadSmallFile(options.record_file, kMaxRecordBytes));
  } else {
    const std::optional<int64_t> id = Number(finding, "snapshot");
    if (!id) return absl::NotFoundError("the finding names no snapshot");
    absl::StatusOr<StoredSnapshot> snapshot = reader.Snapshot(*id);
    if (!snapshot.ok()) return Annotate(snapshot.status(), "the record of the finding");
    text = std::move(snapshot->record);
  }
  Json record = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (record.is_object()) return record;
  return absl::InvalidArgumentError(
      absl::StrCat(options.record_file, ": not the JSON object of a record"));
}

// The one of the same case, and of several the one with the same summary.
Json Counterpart(const Json& stored, const std::vector<Finding>& findings) {
  Json best = nullptr;
  for (const Finding& finding : findings) {
    if (finding.case_id != Text(stored, "case")) continue;
    Json json = ToJson(finding, 0, Child(stored, "container"));
    json.erase("time");
    if (Text(json, "summary") == Text(stored, "summary")) return json;
    if (best.is_null()) best = std::move(json);
  }
  return best;
}

std::vector<std::string> Differences(const Json& stored, const Json& replayed) {
  std::vector<std::string> out;
  for (const char* field : kSaid) {
    if (Child(stored, field) != Child(replayed, field)) out.emplace_back(field);
  }
  return out;
}

std::string Shown(const Json& finding, const std::string& field) {
  if (finding.is_null()) return "(not found)";
  const Json& value = Child(finding, field.c_str());
  return value.is_string() ? value.get<std::string>()
                           : value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void PrintReplay(const Json& stored, const Json& replayed,
                 const std::vector<std::string>& differences, const Console& console) {
  Page page(console);
  page.Heading("Stored");
  for (const char* field : {"case", "confidence", "summary"})
    page.Fact(field, Shown(stored, field));
  page.Heading("Replayed");
  if (replayed.is_null()) page.Text("no finding of this case");
  if (!replayed.is_null()) {
    for (const char* field : {"case", "confidence", "summary"}) {
      page.Fact(field, Shown(replayed, field));
    }
  }
  page.Heading(differences.empty() ? "They agree" : "They differ");
  for (const std::string& field : differences) {
    if (replayed.is_null()) break;
    page.Text(absl::StrCat(field, ":"));
    page.Text(absl::StrCat("stored    ", Shown(stored, field)), 4, Style::kDim);
    page.Text(absl::StrCat("replayed  ", Shown(replayed, field)), 4, Style::kDim);
  }
}

}  // namespace

int ReplayFinding(const FindingsOptions& options, TimelineReader& reader, const Stages& stages,
                  const Console& console) {
  const absl::StatusOr<StoredFinding> found = reader.Finding(options.id);
  if (!found.ok()) return console.Fail(found.status());
  const Json stored = Json::parse(found->json, nullptr, /*allow_exceptions=*/false);
  const absl::StatusOr<Json> record = LoadRecord(options, stored, reader);
  if (!record.ok()) return console.Fail(record.status());
  const Json replayed = Counterpart(stored, stages.diagnose(*record));
  const std::vector<std::string> differences = Differences(stored, replayed);
  if (options.format == OutputFormat::kTable) {
    PrintReplay(stored, replayed, differences, console);
  } else {
    JsonWriter writer(options.format, console.out);
    writer.Add({{"stored", stored},
                {"replayed", replayed},
                {"agree", differences.empty()},
                {"differences", differences}});
    writer.Finish();
  }
  return differences.empty() ? kExitDone : kExitNothing;
}

}  // namespace nsobs
