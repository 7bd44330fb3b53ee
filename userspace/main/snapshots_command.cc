#include "userspace/main/snapshots_command.h"

#include <algorithm>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/main/event_summary.h"
#include "userspace/main/human_text.h"
#include "userspace/main/json_out.h"
#include "userspace/main/next_step.h"
#include "userspace/main/record_page.h"
#include "userspace/timeline/snapshot_row.h"

namespace nsobs {
namespace {

constexpr std::string_view kBaselinePrefix = "baseline:";

Style StyleOfSeverity(std::string_view severity) {
  if (severity == "critical") return Style::kRed;
  if (severity == "warning") return Style::kYellow;
  return Style::kPlain;
}

std::vector<Cell> Row(const StoredSnapshot& s, const Console& console) {
  const Json json = Json::parse(s.json, nullptr, /*allow_exceptions=*/false);
  const std::string time = console.screen.terminal ? ShortLocalTime(s.wall_ns, console.zone)
                                                   : LocalTime(s.wall_ns, console.zone);
  const size_t findings = List(json, "findings").size();
  return {{absl::StrCat(s.id)},
          {time, Style::kDim},
          {ForTerminal(s.target), Style::kBold},
          {s.rule.empty() ? "by hand" : ForTerminal(s.rule), StyleOfSeverity(s.severity)},
          {findings == 0 ? "-" : absl::StrCat(findings)},
          {HumanBytes(static_cast<uint64_t>(std::max<int64_t>(s.raw_bytes, 0))), Style::kDim},
          {ForTerminal(Text(json, "summary"))}};
}

absl::StatusOr<int64_t> Baseline(const std::string& name, TimelineReader& reader) {
  RecordQuery query;
  query.container = name;
  query.newest_first = true;
  int64_t id = 0;
  NSOBS_RETURN_IF_ERROR(reader.Snapshots(query, [&](const StoredSnapshot& s) {
    if (s.rule == kBaselineRule) id = s.id;
    return id == 0;
  }));
  if (id != 0) return id;
  return absl::NotFoundError(absl::StrCat("there is no baseline of ", ForTerminal(name),
                                          " (nsobserver snapshot --baseline makes one)"));
}

absl::StatusOr<Json> Load(const std::string& text, TimelineReader& reader) {
  int64_t id = 0;
  if (absl::StartsWith(text, "baseline:")) {
    NSOBS_ASSIGN_OR_RETURN(id, Baseline(text.substr(kBaselinePrefix.size()), reader));
  } else if (!absl::SimpleAtoi(text, &id) || id <= 0) {
    return absl::InvalidArgumentError(absl::StrCat("\"", ForTerminal(text),
                                                   "\" is not a snapshot (allowed: an id as "
                                                   "snapshots list shows it, baseline:NAME)"));
  }
  NSOBS_ASSIGN_OR_RETURN(const StoredSnapshot snapshot, reader.Snapshot(id));
  return Json::parse(snapshot.record, nullptr, /*allow_exceptions=*/false);
}

Style StyleOfChange(std::string_view what) {
  if (what == "added") return Style::kGreen;
  return what == "removed" ? Style::kRed : Style::kYellow;
}

void PrintDifference(const Json& difference, const Console& console) {
  Table table({{"SECTION", 2, 7}, {"CHANGE", 1, 7}, {"WHAT", 0, 20}}, console.screen);
  for (const Json& row : difference) {
    const std::string what = Text(row, "what");
    table.AddRow({{ForTerminal(Text(row, "section")), Style::kBold},
                  {ForTerminal(what), StyleOfChange(what)},
                  {ForTerminal(Text(row, "text"))}});
  }
  table.Print(console.out);
}

}  // namespace

int ListSnapshots(const SnapshotsOptions& options, TimelineReader& reader, const Console& console) {
  Table table({{.title = "ID", .rank = 8, .least = 3, .right = true},
               {.title = "TIME", .rank = 9, .least = 18},
               {.title = "TARGET", .rank = 3, .least = 12},
               {.title = "WHY", .rank = 2, .least = 10},
               {.title = "FINDINGS", .rank = 1, .least = 8, .optional = true, .right = true},
               {.title = "SIZE", .rank = 1, .least = 8, .optional = true, .right = true},
               {.title = "SUMMARY", .rank = 0, .least = 30}},
              console.screen);
  JsonWriter writer(options.format, console.out);
  RecordQuery query = options.query;
  query.newest_first = true;  // so that a limit keeps the newest
  std::vector<StoredSnapshot> snapshots;
  const absl::Status status = reader.Snapshots(query, [&](const StoredSnapshot& s) {
    snapshots.push_back(s);
    return true;
  });
  if (!status.ok() && !(absl::IsDataLoss(status) && !snapshots.empty()))
    return console.Fail(WithNearContainer(status, options.query.container, reader));
  std::reverse(snapshots.begin(), snapshots.end());
  for (const StoredSnapshot& s : snapshots) {
    if (options.format == OutputFormat::kTable) {
      table.AddRow(Row(s, console));
    } else {
      writer.AddLine(s.json);
    }
  }
  if (options.format == OutputFormat::kTable && !snapshots.empty()) table.Print(console.out);
  if (options.format != OutputFormat::kTable) writer.Finish();
  if (!status.ok()) console.Fail(status);
  if (snapshots.empty()) console.Complain("no snapshots match");
  return snapshots.empty() ? kExitNothing : kExitDone;
}

int ShowSnapshot(const SnapshotsOptions& options, TimelineReader& reader, const Console& console) {
  const absl::StatusOr<Json> record = Load(options.a, reader);
  if (!record.ok()) return console.Fail(record.status());
  if (options.format == OutputFormat::kTable) {
    PrintRecord(*record, console);
    return kExitDone;
  }
  JsonWriter writer(options.format, console.out);
  writer.Add(*record);
  writer.Finish();
  return kExitDone;
}

int DiffSnapshots(const SnapshotsOptions& options, TimelineReader& reader, const Stages& stages,
                  const Console& console) {
  const absl::StatusOr<Json> before = Load(options.a, reader);
  if (!before.ok()) return console.Fail(before.status());
  const absl::StatusOr<Json> after = Load(options.b, reader);
  if (!after.ok()) return console.Fail(after.status());
  const Json difference = stages.diff(*before, *after);
  if (options.format != OutputFormat::kTable) {
    JsonWriter writer(options.format, console.out);
    if (difference.is_array()) {
      for (const Json& entry : difference) writer.Add(entry);
    } else {
      writer.Add(difference);
    }
    writer.Finish();
  } else if (!difference.empty()) {
    PrintDifference(difference, console);
  }
  if (!difference.empty()) return kExitDone;
  console.Complain("they don't differ");
  return kExitNothing;
}

int SnapshotsCommand(const SnapshotsOptions& options, const Stages& stages,
                     const Console& console) {
  absl::StatusOr<std::unique_ptr<TimelineReader>> reader =
      TimelineReader::Open(options.storage_path);
  if (!reader.ok()) return console.Fail(WithSudo(reader.status()));
  switch (options.action) {
    case SnapshotsOptions::Action::kShow:
      return ShowSnapshot(options, **reader, console);
    case SnapshotsOptions::Action::kDiff:
      return DiffSnapshots(options, **reader, stages, console);
    case SnapshotsOptions::Action::kList:
      break;
  }
  return ListSnapshots(options, **reader, console);
}

}  // namespace nsobs
