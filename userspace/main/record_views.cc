#include "userspace/main/record_views.h"

#include <sys/utsname.h>

#include "userspace/base/file.h"
#include "userspace/event/namespace_kind.h"
#include "userspace/main/event_summary.h"
#include "userspace/main/stages.h"
#include "userspace/main/version.h"

namespace nsobs {
namespace {

const char* NameOf(EventWeight weight) {
  switch (weight) {
    case EventWeight::kQuiet:
      return "quiet";
    case EventWeight::kGood:
      return "good";
    case EventWeight::kNote:
      return "note";
    case EventWeight::kWarning:
      return "warning";
    case EventWeight::kError:
      return "error";
  }
  return "note";
}

}  // namespace

RecordViews RealViews() {
  RecordViews views;
  views.event = [](const Json& event) -> Json {
    const SummaryOptions options{absl::UTCTimeZone(), /*short_ids=*/true, /*with_run=*/true};
    return {{"summary", EventSummary(event, options)},
            {"weight", NameOf(WeightOf(event))},
            {"namespace", TellingNamespace(event)}};
  };
  views.diff = RealStages().diff;
  return views;
}

IncidentFacts HostIncidentFacts() {
  IncidentFacts facts;
  facts.version = kVersion;
  utsname name{};
  uname(&name);
  facts.host_name = name.nodename;
  for (const NamespaceKind kind : kNamespaceKinds) {
    const auto link = ReadLink("/proc/1/ns/" + std::string(Name(kind)));
    const auto parsed = link.ok() ? ParseNamespaceLink(*link) : std::nullopt;
    if (parsed) facts.host_namespaces[kind].inode = parsed->second;
  }
  return facts;
}

}  // namespace nsobs
