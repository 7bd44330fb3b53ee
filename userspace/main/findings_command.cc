#include "userspace/main/findings_command.h"
#include "userspace/main/next_step.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/main/finding_listing.h"
#include "userspace/main/finding_page.h"
#include "userspace/main/follow.h"

namespace nsobs {
namespace {

// Adds what the options ask for, oldest first.
absl::Status List(const FindingsOptions& options, TimelineReader& reader, const Console& console,
                  FindingListing* listing, int64_t* last_id) {
  RecordQuery query = options.query;
  query.newest_first = options.limit != 0;
  query.limit = options.limit == 0 ? 0 : options.limit + 1;
  std::vector<StoredFinding> findings;
  const absl::Status status = reader.Findings(query, [&](const StoredFinding& finding) {
    findings.push_back(finding);
    return true;
  });
  const bool more = options.limit != 0 && findings.size() > options.limit;
  if (more) findings.pop_back();
  if (query.newest_first) std::reverse(findings.begin(), findings.end());
  for (const StoredFinding& finding : findings) {
    listing->Add(finding);
    *last_id = std::max(*last_id, finding.id);
  }
  if (more && options.limit_is_default) {
    console.Complain(absl::StrCat("there are more: these are the newest ", options.limit,
                                  " (--limit N, --since 1h)"));
  }
  return status;
}

// Damaged rows are no reason to hide the others.
bool OnlySomeLost(const absl::Status& status, const FindingListing& listing) {
  return absl::IsDataLoss(status) && listing.count() > 0;
}

// What came after `*last_id`. A timeline that was set aside begins again at 1.
absl::Status Catch(const FindingsOptions& options, TimelineReader& reader, FindingListing* listing,
                   int64_t* last_id) {
  NSOBS_ASSIGN_OR_RETURN(const int64_t newest, reader.LastFindingId());
  if (newest < *last_id) *last_id = 0;
  if (newest == *last_id) return absl::OkStatus();
  RecordQuery query = options.query;
  query.after_id = *last_id;
  int64_t seen = newest;
  const absl::Status status = reader.Findings(query, [&](const StoredFinding& finding) {
    listing->Add(finding);
    seen = std::max(seen, finding.id);
    return true;
  });
  *last_id = seen;
  return status;
}

// Those that the finding names and the timeline still has.
std::vector<Json> EventsOf(const Json& finding, TimelineReader& reader) {
  constexpr size_t kMost = 50;
  std::vector<Json> out;
  const Json& ids = Child(finding, "events");
  for (size_t i = 0; ids.is_array() && i < std::min(ids.size(), kMost); ++i) {
    if (!ids[i].is_number_integer()) continue;
    const int64_t id = ids[i].get<int64_t>();
    EventQuery query;
    query.after_id = id - 1;
    query.limit = 1;
    (void)reader.Events(query, [&](const StoredEvent& event) {
      if (event.id == id) out.push_back(Json::parse(event.json, nullptr, false));
      return false;
    });
  }
  return out;
}

}  // namespace

int ListFindings(const FindingsOptions& options, TimelineReader& reader, const Console& console) {
  FindingListing listing(options.format, console);
  int64_t last_id = 0;
  const absl::Status status = List(options, reader, console, &listing, &last_id);
  if (!status.ok() && !OnlySomeLost(status, listing)) {
    return console.Fail(WithNearContainer(status, options.query.container, reader));
  }
  listing.Finish();
  if (!status.ok()) console.Fail(status);
  if (listing.count() == 0) console.Complain("no findings match");
  return listing.count() == 0 ? kExitNothing : kExitDone;
}

int FollowFindings(const FindingsOptions& options, TimelineReader& reader, const Console& console,
                   absl::FunctionRef<bool()> wait) {
  FindingListing listing(options.format, console);
  // Before the query: what is recorded meanwhile has a larger id and is caught later.
  const absl::StatusOr<int64_t> newest = reader.LastFindingId();
  if (!newest.ok()) return console.Fail(newest.status());
  int64_t last_id = *newest;
  const absl::Status listed = List(options, reader, console, &listing, &last_id);
  if (!listed.ok() && !OnlySomeLost(listed, listing)) {
    return console.Fail(WithNearContainer(listed, options.query.container, reader));
  }
  listing.Flush();
  while (!console.out.fail() && wait()) {
    const absl::Status status = Catch(options, reader, &listing, &last_id);
    if (!status.ok() && !absl::IsUnavailable(status)) return console.Fail(status);
    listing.Flush();
  }
  return kExitDone;
}

int ShowFinding(const FindingsOptions& options, TimelineReader& reader, const Console& console) {
  const absl::StatusOr<StoredFinding> stored = reader.Finding(options.id);
  if (!stored.ok()) return console.Fail(stored.status());
  if (options.format != OutputFormat::kTable) {
    JsonWriter writer(options.format, console.out);
    writer.AddLine(stored->json);
    writer.Finish();
    return kExitDone;
  }
  const Json finding = Json::parse(stored->json, nullptr, /*allow_exceptions=*/false);
  Json record;  // the finding outlives it
  if (const auto id = Number(finding, "snapshot")) {
    const absl::StatusOr<StoredSnapshot> snapshot = reader.Snapshot(*id);
    if (snapshot.ok()) record = Json::parse(snapshot->record, nullptr, false);
  }
  PrintFinding(finding, record, EventsOf(finding, reader), console);
  return kExitDone;
}

int FindingsCommand(const FindingsOptions& options, const Stages& stages, const Console& console) {
  absl::StatusOr<std::unique_ptr<TimelineReader>> reader =
      TimelineReader::Open(options.storage_path);
  if (!reader.ok()) return console.Fail(WithSudo(reader.status()));
  switch (options.action) {
    case FindingsOptions::Action::kShow:
      return ShowFinding(options, **reader, console);
    case FindingsOptions::Action::kReplay:
      return ReplayFinding(options, **reader, stages, console);
    case FindingsOptions::Action::kList:
      break;
  }
  if (!options.follow) return ListFindings(options, **reader, console);
  return FollowUntilSignal([&](absl::FunctionRef<bool()> wait) {
    return FollowFindings(options, **reader, console, wait);
  });
}

}  // namespace nsobs
