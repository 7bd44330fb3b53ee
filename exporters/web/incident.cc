#include "exporters/web/incident.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "exporters/web/api_json.h"
#include "exporters/web/page_asset.h"
#include "userspace/base/clock.h"
#include "userspace/base/status_util.h"
#include "userspace/event/event_json.h"
#include "userspace/timeline/snapshot_row.h"

namespace nsobs {
namespace {

// The page looks for it where its data would stand.
constexpr char kDataPlace[] = "<!--incident-->";

Json Parsed(const std::string& text) {
  return Json::parse(text, nullptr, /*allow_exceptions=*/false);
}

Json TimeOrNull(const std::optional<int64_t>& wall_ns) {
  return wall_ns ? Json(FormatRfc3339(*wall_ns)) : Json(nullptr);
}

// "" for a snapshot of the host.
std::string ContainerIdOf(const StoredSnapshot& snapshot) {
  const Json json = Parsed(snapshot.json);
  const auto container = json.find("container");
  const bool there = container != json.end() && container->is_object();
  return there ? container->value("id", "") : "";
}

// Rows as text, newest first until something runs out, then turned round.
class Rows {
 public:
  Rows(size_t max_rows, size_t* bytes_left) : max_rows_(max_rows), bytes_left_(bytes_left) {}

  // false: it did not fit, and nothing more does.
  bool Add(std::string row) {
    if (rows_.size() >= max_rows_ || row.size() > *bytes_left_) {
      cut_ = true;
      return false;
    }
    *bytes_left_ -= row.size();
    rows_.push_back(std::move(row));
    return true;
  }
  bool cut() const { return cut_; }
  std::string Array() const {
    std::string out = "[";
    for (auto row = rows_.rbegin(); row != rows_.rend(); ++row) {
      absl::StrAppend(&out, row == rows_.rbegin() ? "" : ",", *row);
    }
    return out + "]";
  }

 private:
  const size_t max_rows_;
  size_t* const bytes_left_;
  std::vector<std::string> rows_;
  bool cut_ = false;
};

class Builder {
 public:
  Builder(const IncidentQuery& query, const RecordViews& views, TimelineReader* reader)
      : query_(query), views_(views), reader_(reader), bytes_left_(query.max_bytes) {
    records_.since_wall_ns = query.since_wall_ns;
    records_.until_wall_ns = query.until_wall_ns;
    records_.container = query.container;
    records_.newest_first = true;
  }

  absl::StatusOr<std::string> Build(const IncidentFacts& facts) {
    // Findings say most for their bytes, then what they point to, then the rest of the story.
    NSOBS_ASSIGN_OR_RETURN(const std::string findings, Findings());
    NSOBS_ASSIGN_OR_RETURN(const std::string snapshots, Snapshots());
    NSOBS_ASSIGN_OR_RETURN(const std::string containers, Containers());
    NSOBS_ASSIGN_OR_RETURN(const std::string events, Events());
    Json head = {{"format", "nsobserver-incident"},
                 {"version", 1},
                 {"nsobserver", facts.version},
                 {"host", facts.host_name},
                 {"host_namespaces", ToJson(facts.host_namespaces)},
                 {"exported", FormatRfc3339(facts.now_wall_ns)},
                 {"since", TimeOrNull(query_.since_wall_ns)},
                 {"until", TimeOrNull(query_.until_wall_ns)},
                 {"container", query_.container.empty() ? Json(nullptr) : Json(query_.container)},
                 {"truncated", truncated_}};
    std::string out = Dump(head);
    out.pop_back();
    return absl::StrCat(out, ",\"containers\":", containers, ",\"findings\":", findings,
                        ",\"snapshots\":", snapshots, ",\"events\":", events, "}");
  }

 private:
  absl::StatusOr<std::string> Findings() {
    Rows rows(query_.max_findings, &bytes_left_);
    NSOBS_RETURN_IF_ERROR(reader_->Findings(
        records_, [&](const StoredFinding& finding) { return rows.Add(finding.json); }));
    Note(rows, "findings");
    return rows.Array();
  }

  absl::StatusOr<std::string> Snapshots() {
    std::vector<int64_t> ids;
    bool cut = false;
    NSOBS_RETURN_IF_ERROR(reader_->Snapshots(records_, [&](const StoredSnapshot& snapshot) {
      cut = ids.size() == query_.max_snapshots;
      if (!cut) ids.push_back(snapshot.id);
      return !cut;
    }));
    Rows rows(ids.size(), &bytes_left_);
    for (const int64_t id : ids) {
      NSOBS_ASSIGN_OR_RETURN(std::string row, SnapshotText(id));
      if (!rows.Add(std::move(row))) break;
    }
    if (cut || rows.cut()) truncated_.push_back("snapshots");
    return rows.Array();
  }

  // The listing's row with the record and what had changed since the container was well.
  absl::StatusOr<std::string> SnapshotText(int64_t id) {
    NSOBS_ASSIGN_OR_RETURN(const StoredSnapshot snapshot, reader_->Snapshot(id));
    Json json = Parsed(snapshot.json);
    NSOBS_ASSIGN_OR_RETURN(const int64_t baseline, KnownBaselineOf(snapshot));
    if (baseline != 0 && snapshot.rule != kBaselineRule) {
      NSOBS_ASSIGN_OR_RETURN(const StoredSnapshot before, reader_->Snapshot(baseline));
      json["baseline"] = {{"from", baseline},
                          {"to", id},
                          {"rows", views_.diff(Parsed(before.record), Parsed(snapshot.record))}};
    } else {
      json["baseline"] = nullptr;
    }
    json["record"] = Parsed(snapshot.record);
    return Dump(json);
  }

  // As BaselineOf(), with one look at each container's snapshots for all of them.
  absl::StatusOr<int64_t> KnownBaselineOf(const StoredSnapshot& snapshot) {
    const std::string id = ContainerIdOf(snapshot);
    if (id.empty()) return 0;
    auto known = baselines_.find(id);
    if (known == baselines_.end()) {
      RecordQuery query;
      query.container = id;
      std::vector<int64_t> ids;
      const absl::Status status = reader_->Snapshots(query, [&](const StoredSnapshot& s) {
        if (s.rule == kBaselineRule) ids.push_back(s.id);
        return true;
      });
      if (!status.ok() && !absl::IsNotFound(status) && !absl::IsDataLoss(status)) return status;
      known = baselines_.emplace(id, std::move(ids)).first;
    }
    const std::vector<int64_t>& ids = known->second;
    const auto after = std::lower_bound(ids.begin(), ids.end(), snapshot.id);
    return after == ids.begin() ? 0 : *std::prev(after);
  }

  // Those that lived in the range; with a container given all the same, for events name others.
  absl::StatusOr<std::string> Containers() {
    NSOBS_ASSIGN_OR_RETURN(std::vector<StoredContainer> all, reader_->Containers());
    std::reverse(all.begin(), all.end());
    Rows rows(query_.max_events, &bytes_left_);
    for (const StoredContainer& stored : all) {
      const bool over =
          stored.died_wall_ns != 0 && stored.died_wall_ns < query_.since_wall_ns.value_or(0);
      const bool later = stored.first_seen_wall_ns >= query_.until_wall_ns.value_or(INT64_MAX);
      if (over || later) continue;
      if (!rows.Add(Dump(ContainerJson(stored)))) break;
    }
    Note(rows, "containers");
    return rows.Array();
  }

  absl::StatusOr<std::string> Events() {
    EventQuery query;
    query.since_wall_ns = query_.since_wall_ns;
    query.until_wall_ns = query_.until_wall_ns;
    query.container = query_.container;
    query.newest_first = true;
    Rows rows(query_.max_events, &bytes_left_);
    NSOBS_RETURN_IF_ERROR(reader_->Events(query, [&](const StoredEvent& event) {
      std::string row = WithView(event.json, views_);
      row.pop_back();
      absl::StrAppend(&row, ",\"container_ref\":", event.container,
                      ",\"entered_ref\":", event.entered_from.value_or(-1), "}");
      return rows.Add(std::move(row));
    }));
    Note(rows, "events");
    return rows.Array();
  }

  void Note(const Rows& rows, const char* what) {
    if (rows.cut()) truncated_.push_back(what);
  }

  const IncidentQuery& query_;
  const RecordViews& views_;
  TimelineReader* const reader_;
  RecordQuery records_;
  size_t bytes_left_;
  std::map<std::string, std::vector<int64_t>> baselines_;  // by container's id, ascending
  std::vector<std::string> truncated_;
};

}  // namespace

std::string WithView(const std::string& event_json, const RecordViews& views) {
  Json event = Parsed(event_json);
  if (!event.is_object()) return "{}";
  event["view"] = views.event(event);
  return Dump(event);
}

absl::StatusOr<int64_t> BaselineOf(const StoredSnapshot& snapshot, TimelineReader* reader) {
  RecordQuery query;
  query.container = ContainerIdOf(snapshot);
  query.before_id = snapshot.id;
  query.newest_first = true;
  if (query.container.empty()) return 0;
  int64_t id = 0;
  absl::Status status = reader->Snapshots(query, [&](const StoredSnapshot& s) {
    if (s.rule == kBaselineRule) id = s.id;
    return id == 0;
  });
  if (absl::IsNotFound(status)) return 0;  // the container's row went with age
  NSOBS_RETURN_IF_ERROR(status);
  return id;
}

absl::StatusOr<std::string> BuildIncident(const IncidentQuery& query, const IncidentFacts& facts,
                                          const RecordViews& views, TimelineReader* reader) {
  return Builder(query, views, reader).Build(facts);
}

absl::StatusOr<std::string> IncidentPage(const std::string& incident) {
  const std::string_view page = PageHtml();
  const size_t place = page.find(kDataPlace);
  if (page.empty() || place == std::string_view::npos) {
    return absl::FailedPreconditionError(
        "the page is not in this build of nsobserver (it needs npm); -o json has the same data");
  }
  // In a script of a type that is no program the only thing that means anything is its end tag, and
  // "<!--". JSON has "<" in strings alone, where it may be written so.
  const std::string inert = absl::StrReplaceAll(incident, {{"<", "\\u003c"}});
  std::string out(page.substr(0, place));
  absl::StrAppend(&out, "<script type=\"application/json\" id=\"incident\">", inert, "</script>");
  out.append(page.substr(place + sizeof(kDataPlace) - 1));
  return out;
}

}  // namespace nsobs
