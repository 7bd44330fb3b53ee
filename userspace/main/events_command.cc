#include "userspace/main/events_command.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "userspace/base/status_util.h"
#include "userspace/main/event_growth.h"
#include "userspace/main/event_listing.h"
#include "userspace/main/follow.h"
#include "userspace/main/next_step.h"

namespace nsobs {
namespace {

constexpr int kLooksPerGrowth = 10;  // the observer writes down once a second what grew

// The newest options.limit events, oldest first. `more`: there were others.
absl::Status Newest(const EventsOptions& options, TimelineReader& reader,
                    std::vector<StoredEvent>* events, bool* more) {
  EventQuery query = options.query;
  query.newest_first = true;
  query.limit = options.limit + 1;
  const absl::Status status = reader.Events(query, [&](const StoredEvent& event) {
    events->push_back(event);
    return true;
  });
  *more = events->size() > options.limit;
  if (*more) events->resize(options.limit);
  std::reverse(events->begin(), events->end());
  return status;
}

// Adds what the options ask for to the listing; returns the largest id that was seen.
absl::StatusOr<int64_t> List(const EventsOptions& options, TimelineReader& reader,
                             const Console& console, EventListing* listing, EventGrowth* growth) {
  int64_t last_id = 0;
  const auto add = [&](const StoredEvent& event) {
    listing->Add(event.json);
    if (options.follow) growth->Note(event);
    last_id = std::max(last_id, event.id);
    return !console.out.fail();
  };
  if (options.limit == 0) {
    NSOBS_RETURN_IF_ERROR(reader.Events(options.query, add));
    return last_id;
  }
  std::vector<StoredEvent> events;
  bool more = false;
  const absl::Status status = Newest(options, reader, &events, &more);
  for (const StoredEvent& event : events) add(event);
  if (more && options.limit_is_default) {
    console.Complain(absl::StrCat("there are more: these are the newest ", options.limit,
                                  " (--limit N, --since 1h)"));
  }
  NSOBS_RETURN_IF_ERROR(status);
  return last_id;
}

// Damaged rows are no reason to hide the others.
bool OnlySomeLost(const absl::Status& status, const EventListing& listing) {
  return absl::IsDataLoss(status) && listing.count() > 0;
}

// What came after `*last_id`. A timeline that was set aside begins again at 1.
absl::Status Catch(const EventsOptions& options, TimelineReader& reader, EventListing* listing,
                   EventGrowth* growth, int64_t* last_id) {
  NSOBS_ASSIGN_OR_RETURN(const int64_t newest, reader.LastEventId());
  if (newest < *last_id) {
    *last_id = 0;
    growth->Clear();
  }
  if (newest == *last_id) return absl::OkStatus();
  EventQuery query = options.query;
  query.after_id = *last_id;
  int64_t seen = newest;
  const absl::Status status = reader.Events(query, [&](const StoredEvent& event) {
    listing->Add(event.json);
    growth->Note(event);
    seen = std::max(seen, event.id);
    return true;
  });
  *last_id = seen;
  return status;
}

// Shows again what grew since it was shown.
absl::Status CatchGrowth(const EventsOptions& options, TimelineReader& reader,
                         EventListing* listing, EventGrowth* growth) {
  EventQuery query = options.query;
  if (!growth->Narrow(&query)) return absl::OkStatus();
  return reader.Events(query, [&](const StoredEvent& event) {
    if (growth->Grew(event)) listing->AddGrown(event.json);
    return true;
  });
}

}  // namespace

int ShowEvents(const EventsOptions& options, TimelineReader& reader, const Console& console) {
  EventListing listing(options.format, console);
  EventGrowth growth;
  const absl::StatusOr<int64_t> last_id = List(options, reader, console, &listing, &growth);
  if (last_id.ok() || OnlySomeLost(last_id.status(), listing)) {
    listing.Finish();
    if (!last_id.ok()) console.Fail(last_id.status());
    if (listing.count() == 0) console.Complain("no events match");
    return listing.count() == 0 ? kExitNothing : kExitDone;
  }
  listing.Flush();
  return console.Fail(WithNearContainer(last_id.status(), options.query.container, reader));
}

int FollowEvents(const EventsOptions& options, TimelineReader& reader, const Console& console,
                 absl::FunctionRef<bool()> wait) {
  EventListing listing(options.format, console);
  // Before the query: what is recorded meanwhile has a larger id and is caught later.
  const absl::StatusOr<int64_t> newest = reader.LastEventId();
  if (!newest.ok()) return console.Fail(newest.status());
  EventGrowth growth;
  const absl::StatusOr<int64_t> listed = List(options, reader, console, &listing, &growth);
  if (!listed.ok() && !OnlySomeLost(listed.status(), listing)) {
    return console.Fail(WithNearContainer(listed.status(), options.query.container, reader));
  }
  int64_t last_id = std::max(*newest, listed.value_or(0));
  listing.Flush();
  for (int look = 1; !console.out.fail() && wait(); ++look) {
    absl::Status status = Catch(options, reader, &listing, &growth, &last_id);
    if (status.ok() && look % kLooksPerGrowth == 0) {
      status = CatchGrowth(options, reader, &listing, &growth);
    }
    if (!status.ok() && !absl::IsUnavailable(status)) return console.Fail(status);
    listing.Flush();
  }
  return kExitDone;
}

int EventsCommand(const EventsOptions& options, const Console& console) {
  absl::StatusOr<std::unique_ptr<TimelineReader>> reader =
      TimelineReader::Open(options.storage_path);
  if (!reader.ok()) return console.Fail(WithSudo(reader.status()));
  if (options.follow) {
    return FollowUntilSignal([&](absl::FunctionRef<bool()> wait) {
      return FollowEvents(options, **reader, console, wait);
    });
  }
  return ShowEvents(options, **reader, console);
}

}  // namespace nsobs
