#include "exporters/web/api_query.h"

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "userspace/base/sanitize.h"
#include "userspace/event/event.h"
#include "userspace/event/namespace_kind.h"

namespace nsobs {
namespace {

constexpr size_t kMaxTextBytes = 256;
constexpr size_t kShownBytes = 60;
constexpr int64_t kMicrosecondNs = 1000;

std::string Shown(std::string_view text) {
  return absl::StrCat("\"", ForTerminal(text.substr(0, kShownBytes)), "\"");
}

void TakeKinds(ApiParameters* parameters, EventQuery* query) {
  const std::string text = parameters->Text("kind");
  for (const absl::string_view word : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const auto kind = EventKindFromName(std::string(word));
    if (kind) {
      query->kinds.push_back(*kind);
    } else {
      parameters->Refuse(absl::StrCat("kind: ", Shown(std::string(word)), " is no kind of event"));
    }
  }
}

void TakeNamespace(ApiParameters* parameters, EventQuery* query) {
  const std::string text = parameters->Text("ns");
  if (text.empty()) return;
  const auto link = ParseNamespaceLink(text);
  if (!link) {
    parameters->Refuse(
        absl::StrCat("ns: ", Shown(text), " is no namespace (allowed: net:[4026532846])"));
    return;
  }
  query->namespace_kind = link->first;
  query->namespace_inode = link->second;
}

// `newest_first` is the default, for people ask for what was last.
template <typename Query>
void TakeOrder(ApiParameters* parameters, Query* query) {
  query->after_id = parameters->Id("after");
  query->before_id = parameters->Id("before");
  query->newest_first = parameters->Choice("order", {"newest", "oldest"}) == "newest";
}

template <typename Query>
void TakeRange(ApiParameters* parameters, Query* query) {
  query->since_wall_ns = parameters->Time("since");
  query->until_wall_ns = parameters->Time("until");
  query->container = parameters->Text("container");
  if (query->since_wall_ns && query->until_wall_ns &&
      *query->since_wall_ns >= *query->until_wall_ns) {
    parameters->Refuse("since must be before until");
  }
}

}  // namespace

ApiParameters::ApiParameters(const std::multimap<std::string, std::string>& parameters)
    : left_(parameters) {}

void ApiParameters::Refuse(const std::string& why) {
  if (status_.ok()) status_ = absl::InvalidArgumentError(why);
}

std::string ApiParameters::Text(const char* name) {
  known_.insert(name);
  const auto range = left_.equal_range(name);
  if (range.first == range.second) return "";
  std::string text = range.first->second;
  if (std::next(range.first) != range.second) Refuse(absl::StrCat(name, ": given twice"));
  if (text.size() > kMaxTextBytes) {
    Refuse(absl::StrCat(name, ": longer than ", kMaxTextBytes, " bytes"));
    text.clear();
  }
  left_.erase(range.first, range.second);
  return text;
}

std::optional<int64_t> ApiParameters::Time(const char* name) {
  const std::string text = Text(name);
  if (text.empty()) return std::nullopt;
  int64_t microseconds = 0;
  if (absl::SimpleAtoi(text, &microseconds) && microseconds >= 0 &&
      microseconds < INT64_MAX / kMicrosecondNs) {
    return microseconds * kMicrosecondNs;
  }
  absl::Time time;
  std::string why;
  if (absl::ParseTime(absl::RFC3339_full, text, &time, &why)) return absl::ToUnixNanos(time);
  Refuse(absl::StrCat(name, ": ", Shown(text),
                      " is no time (allowed: 2026-11-23T14:02:11Z, or microseconds since 1970)"));
  return std::nullopt;
}

int64_t ApiParameters::Id(const char* name) {
  const std::string text = Text(name);
  int64_t id = 0;
  if (text.empty()) return 0;
  if (absl::SimpleAtoi(text, &id) && id >= 0) return id;
  Refuse(absl::StrCat(name, ": ", Shown(text), " is no id"));
  return 0;
}

size_t ApiParameters::Limit(size_t usual, size_t most) {
  const std::string text = Text("limit");
  size_t limit = usual;
  if (text.empty()) return limit;
  if (absl::SimpleAtoi(text, &limit) && limit >= 1 && limit <= most) return limit;
  Refuse(absl::StrCat("limit: ", Shown(text), " is not a number from 1 to ", most));
  return usual;
}

std::string ApiParameters::Choice(const char* name, std::initializer_list<const char*> allowed) {
  const std::string text = Text(name);
  if (text.empty()) return *allowed.begin();
  for (const char* word : allowed) {
    if (text == word) return text;
  }
  Refuse(absl::StrCat(name, ": ", Shown(text), " is not one of ", absl::StrJoin(allowed, ", ")));
  return *allowed.begin();
}

absl::Status ApiParameters::Finish() {
  if (!left_.empty()) {
    Refuse(absl::StrCat("unknown parameter ", Shown(left_.begin()->first),
                        " (allowed: ", absl::StrJoin(known_, ", "), ")"));
  }
  return status_;
}

EventQuery TakeEventQuery(ApiParameters* parameters, size_t usual_limit, size_t most) {
  EventQuery query;
  TakeRange(parameters, &query);
  TakeKinds(parameters, &query);
  TakeNamespace(parameters, &query);
  query.text = parameters->Text("q");
  TakeOrder(parameters, &query);
  query.limit = parameters->Limit(usual_limit, most);
  return query;
}

RecordQuery TakeRecordQuery(ApiParameters* parameters, bool findings) {
  constexpr size_t kUsual = 200;
  constexpr size_t kMost = 1000;
  RecordQuery query;
  TakeRange(parameters, &query);
  if (findings) query.case_id = parameters->Text("case");
  TakeOrder(parameters, &query);
  query.limit = parameters->Limit(kUsual, kMost);
  return query;
}

}  // namespace nsobs
