#include "exporters/web/api.h"

#include <algorithm>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "exporters/web/api_json.h"
#include "exporters/web/api_query.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"
#include "userspace/event/event_json.h"

namespace nsobs {
namespace {

constexpr char kRoot[] = "/api/v1/";
constexpr size_t kMaxBytes = size_t{2} << 20;  // of the rows of one answer
constexpr size_t kUsualEvents = 100;
constexpr size_t kMaxEvents = 1000;
constexpr size_t kUsualMarks = 20000;
constexpr size_t kMaxMarks = 50000;
constexpr size_t kMaxOwners = 5000;

using Answer = Api::Answer;
using Parameters = Api::Parameters;

// Rows up to a number and a size; what is left is told by `next`, the id to go on from.
class Listing {
 public:
  explicit Listing(size_t limit) : limit_(limit) {}

  bool Add(int64_t id, const std::string& row) {
    if (count_ == limit_ || (count_ > 0 && rows_.size() + row.size() > kMaxBytes)) {
      next_ = last_;
      return false;
    }
    absl::StrAppend(&rows_, count_ == 0 ? "" : ",", row);
    last_ = id;
    ++count_;
    return true;
  }
  Answer Finish(const char* name) const {
    return {.body = absl::StrCat("{\"", name, "\":[", rows_,
                                 "],\"next\":", next_ == 0 ? "null" : absl::StrCat(next_), "}")};
  }

 private:
  const size_t limit_;
  size_t count_ = 0;
  std::string rows_;
  int64_t last_ = 0;
  int64_t next_ = 0;
};

// Damaged rows were left out, the others are there.
absl::Status Whole(const absl::Status& status) {
  return absl::IsDataLoss(status) ? absl::OkStatus() : status;
}

absl::StatusOr<Answer> Events(ApiParameters parameters, const RecordViews& views,
                              TimelineReader* reader) {
  EventQuery query = TakeEventQuery(&parameters, kUsualEvents, kMaxEvents);
  NSOBS_RETURN_IF_ERROR(parameters.Finish());
  Listing listing(std::exchange(query.limit, 0));
  NSOBS_RETURN_IF_ERROR(Whole(reader->Events(query, [&](const StoredEvent& event) {
    return listing.Add(event.id, WithView(event.json, views));
  })));
  return listing.Finish("events");
}

absl::StatusOr<Answer> OneEvent(int64_t id, const RecordViews& views, TimelineReader* reader) {
  EventQuery query;
  query.after_id = id - 1;
  query.before_id = id + 1;
  Answer answer;
  NSOBS_RETURN_IF_ERROR(reader->Events(query, [&](const StoredEvent& event) {
    answer.body = WithView(event.json, views);
    return false;
  }));
  if (!answer.body.empty()) return answer;
  return absl::NotFoundError(absl::StrCat("the timeline has no event ", id));
}

absl::StatusOr<Answer> Marks(ApiParameters parameters, TimelineReader* reader) {
  EventQuery query = TakeEventQuery(&parameters, kUsualMarks, kMaxMarks);
  NSOBS_RETURN_IF_ERROR(parameters.Finish());
  query.heads_only = true;
  const size_t limit = std::exchange(query.limit, 0);
  MarkColumns columns;
  int64_t last = 0;
  int64_t next = 0;
  NSOBS_RETURN_IF_ERROR(Whole(reader->Events(query, [&](const StoredEvent& event) {
    if (columns.size() == limit) {
      next = last;
      return false;
    }
    columns.Add(event);
    last = event.id;
    return true;
  })));
  return Answer{.body = columns.Finish(next)};
}

absl::StatusOr<Answer> Findings(ApiParameters parameters, TimelineReader* reader) {
  RecordQuery query = TakeRecordQuery(&parameters, /*findings=*/true);
  NSOBS_RETURN_IF_ERROR(parameters.Finish());
  Listing listing(std::exchange(query.limit, 0));
  NSOBS_RETURN_IF_ERROR(Whole(reader->Findings(
      query, [&](const StoredFinding& finding) { return listing.Add(finding.id, finding.json); })));
  return listing.Finish("findings");
}

absl::StatusOr<Answer> Snapshots(ApiParameters parameters, TimelineReader* reader) {
  RecordQuery query = TakeRecordQuery(&parameters, /*findings=*/false);
  NSOBS_RETURN_IF_ERROR(parameters.Finish());
  Listing listing(std::exchange(query.limit, 0));
  NSOBS_RETURN_IF_ERROR(Whole(reader->Snapshots(query, [&](const StoredSnapshot& snapshot) {
    return listing.Add(snapshot.id, snapshot.json);
  })));
  return listing.Finish("snapshots");
}

absl::StatusOr<Answer> Snapshot(int64_t id, TimelineReader* reader) {
  NSOBS_ASSIGN_OR_RETURN(const StoredSnapshot snapshot, reader->Snapshot(id));
  std::string body = snapshot.json;
  body.pop_back();
  return Answer{.body = absl::StrCat(body, ",\"record\":", snapshot.record, "}")};
}

absl::StatusOr<Answer> Diff(ApiParameters parameters, const RecordViews& views,
                            TimelineReader* reader) {
  const std::string from = parameters.Text("from");
  const int64_t to = parameters.Id("to");
  int64_t from_id = 0;
  if (from != "baseline" && (!absl::SimpleAtoi(from, &from_id) || from_id <= 0)) {
    parameters.Refuse("from: the id of a snapshot, or baseline");
  }
  if (to == 0) parameters.Refuse("to: the id of a snapshot");
  NSOBS_RETURN_IF_ERROR(parameters.Finish());
  NSOBS_ASSIGN_OR_RETURN(const StoredSnapshot after, reader->Snapshot(to));
  if (from_id == 0) {
    NSOBS_ASSIGN_OR_RETURN(from_id, BaselineOf(after, reader));
  }
  if (from_id == 0) {
    return absl::NotFoundError(absl::StrCat("there is no baseline before snapshot ", to));
  }
  NSOBS_ASSIGN_OR_RETURN(const StoredSnapshot before, reader->Snapshot(from_id));
  const auto parsed = [](const std::string& text) { return Json::parse(text, nullptr, false); };
  const Json rows = views.diff(parsed(before.record), parsed(after.record));
  return Answer{.body = Dump({{"from", from_id}, {"to", to}, {"rows", rows}})};
}

absl::StatusOr<Answer> Containers(ApiParameters parameters, TimelineReader* reader) {
  const int64_t since = parameters.Time("since").value_or(0);
  const int64_t before = parameters.Id("before");
  Listing listing(parameters.Limit(kMaxOwners, kMaxOwners));
  NSOBS_RETURN_IF_ERROR(parameters.Finish());
  NSOBS_ASSIGN_OR_RETURN(std::vector<StoredContainer> all, reader->Containers());
  for (auto c = all.rbegin(); c != all.rend(); ++c) {
    if (c->died_wall_ns != 0 && c->died_wall_ns < since) continue;
    if (before != 0 && c->ref >= before) continue;
    if (!listing.Add(c->ref, Dump(ContainerJson(*c)))) break;
  }
  return listing.Finish("containers");
}

// Namespaces have no id of their own: the cursor is the place in the list, oldest first.
absl::StatusOr<Answer> Namespaces(ApiParameters parameters, TimelineReader* reader) {
  const int64_t since = parameters.Time("since").value_or(0);
  const int64_t before = parameters.Id("before");
  Listing listing(parameters.Limit(kMaxOwners, kMaxOwners));
  NSOBS_RETURN_IF_ERROR(parameters.Finish());
  NSOBS_ASSIGN_OR_RETURN(std::vector<StoredNamespace> all, reader->Namespaces());
  for (auto place = static_cast<int64_t>(all.size()); place > 0; --place) {
    const StoredNamespace& n = all[static_cast<size_t>(place - 1)];
    if (n.died_wall_ns != 0 && n.died_wall_ns < since) continue;
    if (before != 0 && place >= before) continue;
    if (!listing.Add(place, Dump(NamespaceJson(n)))) break;
  }
  return listing.Finish("namespaces");
}

absl::StatusOr<Answer> StatusOf(ApiParameters parameters, const IncidentFacts& facts,
                                TimelineReader* reader) {
  NSOBS_RETURN_IF_ERROR(parameters.Finish());
  NSOBS_ASSIGN_OR_RETURN(const TimelineRunState run, reader->RunState());
  NSOBS_ASSIGN_OR_RETURN(const int64_t event, reader->LastEventId());
  NSOBS_ASSIGN_OR_RETURN(const int64_t finding, reader->LastFindingId());
  int64_t snapshot = 0;
  RecordQuery newest;
  newest.newest_first = true;
  newest.limit = 1;
  NSOBS_RETURN_IF_ERROR(Whole(reader->Snapshots(newest, [&](const StoredSnapshot& s) {
    snapshot = s.id;
    return false;
  })));
  return Answer{
      .body = Dump({{"version", facts.version},
                    {"host", facts.host_name},
                    {"host_namespaces", ToJson(facts.host_namespaces)},
                    {"now", FormatRfc3339(facts.now_wall_ns)},
                    {"run_started", FormatRfc3339(run.started_wall_ns)},
                    {"heartbeat", FormatRfc3339(run.heartbeat_wall_ns)},
                    {"last", {{"event", event}, {"finding", finding}, {"snapshot", snapshot}}}})};
}

absl::StatusOr<Answer> Export(ApiParameters parameters, const IncidentFacts& facts,
                              const RecordViews& views, TimelineReader* reader) {
  IncidentQuery query;
  query.since_wall_ns = parameters.Time("since");
  query.until_wall_ns = parameters.Time("until");
  query.container = parameters.Text("container");
  const bool html = parameters.Choice("format", {"html", "json"}) == "html";
  NSOBS_RETURN_IF_ERROR(parameters.Finish());
  NSOBS_ASSIGN_OR_RETURN(std::string incident, BuildIncident(query, facts, views, reader));
  if (!html) return Answer{.body = std::move(incident), .file_name = "nsobserver-incident.json"};
  NSOBS_ASSIGN_OR_RETURN(std::string page, IncidentPage(incident));
  return Answer{.type = "text/html; charset=utf-8",
                .body = std::move(page),
                .file_name = "nsobserver-incident.html"};
}

int HttpStatusOf(const absl::Status& status) {
  if (absl::IsInvalidArgument(status)) return 400;
  if (absl::IsNotFound(status)) return 404;
  return absl::IsFailedPrecondition(status) ? 501 : 503;
}

Answer Refusal(const absl::Status& status) {
  std::string why(status.message());
  if (absl::IsCancelled(status)) why = "it took too long: ask for less time, or for one container";
  return {.status = HttpStatusOf(status), .body = Dump({{"error", ToUtf8(why)}})};
}

// "events/12" -> 12; nullopt unless `path` is a number below `name`.
std::optional<int64_t> IdBelow(std::string_view path, std::string_view name) {
  int64_t id = 0;
  if (!path.starts_with(name)) return std::nullopt;
  if (!absl::SimpleAtoi(std::string(path.substr(name.size())), &id) || id <= 0) return std::nullopt;
  return id;
}

}  // namespace

Api::Api(ApiOptions options, RecordViews views, const Clock* clock)
    : options_(std::move(options)), views_(std::move(views)), clock_(clock) {}
Api::~Api() = default;

absl::StatusOr<Api::Reader> Api::Take() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      Reader reader = std::move(idle_.back());
      idle_.pop_back();
      return reader;
    }
  }
  return TimelineReader::Open(options_.storage_path);
}

void Api::GiveBack(Reader reader) {
  reader->SetDeadline(absl::InfiniteFuture());
  std::lock_guard<std::mutex> lock(mutex_);
  idle_.push_back(std::move(reader));
}

Api::Answer Api::Get(const std::string& path, const Parameters& parameters) {
  if (!path.starts_with(kRoot)) {
    return Refusal(absl::NotFoundError("the API begins with /api/v1/"));
  }
  absl::StatusOr<Reader> reader = Take();
  if (!reader.ok()) return Refusal(absl::UnavailableError(reader.status().message()));
  (*reader)->SetDeadline(absl::Now() + options_.time_limit);
  absl::StatusOr<Answer> answer = Route(path.substr(sizeof(kRoot) - 1), parameters, reader->get());
  GiveBack(*std::move(reader));
  return answer.ok() ? *std::move(answer) : Refusal(answer.status());
}

absl::StatusOr<Api::Answer> Api::Route(const std::string& path, const Parameters& given,
                                       TimelineReader* reader) {
  const ApiParameters parameters(given);
  IncidentFacts facts = options_.facts;
  facts.now_wall_ns = clock_->WallNs();
  if (path == "status") return StatusOf(parameters, facts, reader);
  if (path == "events") return Events(parameters, views_, reader);
  if (path == "marks") return Marks(parameters, reader);
  if (path == "findings") return Findings(parameters, reader);
  if (path == "snapshots") return Snapshots(parameters, reader);
  if (path == "containers") return Containers(parameters, reader);
  if (path == "namespaces") return Namespaces(parameters, reader);
  if (path == "diff") return Diff(parameters, views_, reader);
  if (path == "export") return Export(parameters, facts, views_, reader);
  NSOBS_RETURN_IF_ERROR(ApiParameters(given).Finish());
  if (const auto id = IdBelow(path, "events/")) return OneEvent(*id, views_, reader);
  if (const auto id = IdBelow(path, "snapshots/")) return Snapshot(*id, reader);
  if (const auto id = IdBelow(path, "findings/")) {
    NSOBS_ASSIGN_OR_RETURN(const StoredFinding finding, reader->Finding(*id));
    return Answer{.body = finding.json};
  }
  return absl::NotFoundError(absl::StrCat("there is no ", kRoot, ForTerminal(path.substr(0, 60))));
}

}  // namespace nsobs
