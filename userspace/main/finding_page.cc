#include "userspace/main/finding_page.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "userspace/base/sanitize.h"
#include "userspace/main/event_summary.h"
#include "userspace/main/finding_listing.h"
#include "userspace/main/human_text.h"
#include "userspace/main/page.h"

namespace nsobs {
namespace {

constexpr size_t kEventsShown = 10;
constexpr size_t kValueShown = 400;  // bytes of a piece of evidence

void PrintTitle(const Json& finding, const Console& console, Page* page) {
  const std::optional<int64_t> id = Number(finding, "id");
  const std::optional<int64_t> time = ParseRfc3339(Text(finding, "time"));
  page->Heading(absl::StrCat(id ? absl::StrCat("Finding ", *id, ": ") : "",
                             ForTerminal(Text(finding, "case")), " in ",
                             ContainerLabel(Child(finding, "container"))));
  const std::string confidence = Text(finding, "confidence");
  page->Text(absl::StrCat(confidence, time ? ", " : "", time ? LocalTime(*time, console.zone) : ""),
             2, StyleOfConfidence(confidence));
}

std::string EventLine(const Json& event, const Console& console) {
  const std::optional<int64_t> time = ParseRfc3339(Text(event, "time"));
  const SummaryOptions options{console.zone, true, true};
  return absl::StrCat(time ? LocalTime(*time, console.zone) : "", "  ",
                      EventSummary(event, options));
}

void PrintHappened(const Json& record, const std::vector<Json>& events, const Console& console,
                   Page* page) {
  const Json& trigger = Child(record, "trigger");
  const std::string summary = Text(trigger, "summary");
  if (summary.empty() && events.empty()) return;
  page->Heading("What happened");
  if (!summary.empty()) page->Text(summary);
  for (size_t i = 0; i < std::min(events.size(), kEventsShown); ++i) {
    page->Text(EventLine(events[i], console), 2, Style::kDim);
  }
  if (events.size() > kEventsShown) {
    page->Text(absl::StrCat("and ", events.size() - kEventsShown, " more"), 2, Style::kDim);
  }
}

std::string ValueText(const Json& value) {
  std::string text = value.dump(-1, ' ', false, Json::error_handler_t::replace);
  if (text.size() <= kValueShown) return text;
  text.resize(kValueShown);
  return ToUtf8(text) + "…";
}

void PrintEvidence(const Json& finding, Page* page) {
  const Json& evidence = Child(finding, "evidence");
  if (!evidence.is_array() || evidence.empty()) return;
  page->Heading("Evidence");
  for (const Json& piece : evidence) {
    page->Text(absl::StrCat("- ", Text(piece, "claim")));
    page->Text(absl::StrCat(Text(piece, "source"), " = ", ValueText(Child(piece, "value"))), 4,
               Style::kDim);
  }
}

void PrintWays(const Json& finding, Page* page) {
  if (const std::string fix = Text(finding, "fix"); !fix.empty()) {
    page->Heading("Fix");
    page->Text(fix);
  }
  if (const std::string check = Text(finding, "check"); !check.empty()) {
    page->Heading("Check");
    page->Text("$ " + check);
  }
}

void PrintLinks(const Json& finding, Page* page) {
  const std::optional<int64_t> snapshot = Number(finding, "snapshot");
  const Json& events = Child(finding, "events");
  const bool has_events = events.is_array() && !events.empty();
  if (!snapshot && !has_events) return;
  page->Heading("More");
  if (snapshot) {
    page->Text(
        absl::StrCat("snapshot ", *snapshot, "  (nsobserver snapshots show ", *snapshot, ")"));
  }
  if (!has_events) return;
  std::vector<std::string> ids;
  for (const Json& id : events) ids.push_back(id.dump());
  page->Text(absl::StrCat("events ", absl::StrJoin(ids, ", ")));
}

}  // namespace

void PrintFinding(const Json& finding, const Json& record, const std::vector<Json>& events,
                  const Console& console) {
  Page page(console);
  PrintTitle(finding, console, &page);
  PrintHappened(record, events, console, &page);
  page.Heading("What is wrong");
  page.Text(Text(finding, "summary"));
  PrintEvidence(finding, &page);
  PrintWays(finding, &page);
  PrintLinks(finding, &page);
}

}  // namespace nsobs
