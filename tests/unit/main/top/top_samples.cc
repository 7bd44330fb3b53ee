#include "tests/unit/main/top/top_samples.h"

#include "absl/strings/str_cat.h"
#include "tests/unit/main/samples.h"
#include "userspace/base/clock.h"
#include "userspace/event/event_json.h"
#include "userspace/event/finding.h"
#include "userspace/main/human_text.h"
#include "userspace/main/json_field.h"

namespace nsobs {
namespace {

StoredFinding Stored(int64_t id, const Finding& finding, const ContainerRef& container) {
  Json json = ToJson(finding, kSampleWallNs, ToJson(container));
  json["id"] = id;
  return {id,
          kSampleWallNs,
          finding.case_id,
          std::string(Name(finding.confidence)),
          finding.summary,
          json.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

}  // namespace

std::vector<StoredEvent> TopSampleEvents() {
  std::vector<StoredEvent> stored;
  int64_t id = 0;
  for (const ObservedEvent& event : SampleEvents()) {
    ++id;
    stored.push_back({id, StoredJson(event, id)});
  }
  return stored;
}

std::vector<StoredFinding> TopSampleFindings() {
  Finding loopback;
  loopback.case_id = "net-loopback";
  loopback.summary = "web cannot reach 127.0.0.1:5432: nothing listens there";
  loopback.confidence = Confidence::kCertain;
  loopback.evidence = {{"none listens on port 5432", "/net/listeners", Json::array()},
                       {"the host has one", "/host_net/listeners/3", Json{{"port", 5432}}}};
  loopback.fix = "connect to the host's address";
  loopback.check = "nsobserver enter web -- ss -ltn";
  Finding hostile;
  hostile.case_id = "pid-crash";
  hostile.summary = "x\x1b[2J\x07";
  hostile.confidence = Confidence::kLikely;
  return {Stored(11, loopback, WebContainer()), Stored(12, hostile, GuessedContainer())};
}

std::vector<StoredContainer> TopSampleContainers() {
  std::vector<StoredContainer> stored;
  for (const ContainerRef& container : SampleContainers()) {
    StoredContainer one;
    one.ref = static_cast<int64_t>(stored.size()) + 1;
    one.container = *container;
    one.first_seen_wall_ns = kSampleWallNs - 60 * kTopSecond;
    if (container->name == "db") one.died_wall_ns = kSampleWallNs + 2 * kTopSecond;
    stored.push_back(one);
  }
  return stored;
}

TopStore TopSampleStore(int64_t heartbeat_wall_ns) {
  TopStore store;
  for (const StoredEvent& stored : TopSampleEvents()) {
    if (auto event = TopEventOf(stored)) store.Put(*event);
  }
  for (const StoredFinding& stored : TopSampleFindings()) {
    if (auto finding = TopFindingOf(stored)) store.Put(*finding);
  }
  store.SetContainers(TopSampleContainers(), 0);
  store.run.started_wall_ns = kSampleWallNs - 3600 * kTopSecond;
  store.run.heartbeat_wall_ns = heartbeat_wall_ns;
  return store;
}

absl::Status TopReader::Events(const EventQuery& query,
                               absl::FunctionRef<bool(const StoredEvent&)> visit) {
  return FakeReader::Events(query, [&](const StoredEvent& event) {
    const Json json = Json::parse(event.json);
    const int64_t end = ParseRfc3339(Text(json, "last_time")).value_or(0);
    return end < query.since_wall_ns.value_or(0) || visit(event);
  });
}

StoredEvent ConnectFailureOf(const std::string& id, int64_t event_id, int64_t second,
                             int64_t count) {
  const std::string time = FormatRfc3339(kSampleWallNs + second * kTopSecond);
  const Json json = {
      {"id", event_id},
      {"time", time},
      {"kind", "connect_failure"},
      {"count", count},
      {"last_time", time},
      {"container", {{"name", id}, {"id", id}, {"runtime", "runc"}, {"certain", true}}},
      {"namespaces", {{"net", 4026532846}}},
      {"process", {{"pid", 7}, {"comm", "nc"}}},
      {"connect_failure",
       {{"protocol", "tcp"}, {"destination", "10.0.0.7"}, {"port", 80}, {"errno_name", "EPERM"}}}};
  return {event_id, json.dump()};
}

}  // namespace nsobs
