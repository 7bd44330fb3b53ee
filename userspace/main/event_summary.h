// One line for people about one stored event. Pure: works from the JSON that the timeline keeps, so
// that every view says the same. All text that comes out has been through ForTerminal().
#pragma once

#include <string>

#include "absl/time/time.h"
#include "userspace/main/json_field.h"

namespace nsobs {

struct SummaryOptions {
  absl::TimeZone zone;     // of clock times inside the line
  bool short_ids = false;  // 64-digit ids as their first 12 digits and "…"
  bool with_run = true;    // ", +499,999 more until 14:02:12" at the end of a run of equal events
};

// "curl[4711] tcp 10.0.0.7:5432 ECONNREFUSED after 0.2 ms, +499,999 more until 14:02:12"
std::string EventSummary(const Json& event, const SummaryOptions& options);

// ", +499,999 more" for a run of equal events, else "".
std::string MoreOfTheSame(const Json& event);

// Whose it is: "web", "shop/web" in a pod, "host"; with "?" behind a name that is only a guess.
std::string ContainerLabel(const Json& container);

// "host", "web" if its process came in from there; "" for an ordinary one.
std::string EnteredFrom(const Json& event);

// The namespace that explains it: "net:4026532846" of a connect, "pid:..." of a signal; "" if none.
std::string TellingNamespace(const Json& event);

// How much a row of a listing stands out.
enum class EventWeight { kQuiet, kGood, kNote, kWarning, kError };
EventWeight WeightOf(const Json& event);

}  // namespace nsobs
