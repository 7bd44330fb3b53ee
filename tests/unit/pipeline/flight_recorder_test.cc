#include "userspace/pipeline/flight_recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ContainerRef MakeContainer(const std::string& id) {
  auto container = std::make_shared<Container>();
  container->id = container->name = id;
  container->runtime = "podman";
  return container;
}

ObservedEvent MakeEvent(uint64_t serial, int64_t boot_ns, ContainerRef container) {
  ObservedEvent event;
  event.serial = serial;
  event.event.boot_ns = boot_ns;
  event.container = std::move(container);
  return event;
}

Anomaly MakeAnomaly(int64_t boot_ns, ContainerRef container) {
  Anomaly anomaly;
  anomaly.boot_ns = boot_ns;
  anomaly.container = std::move(container);
  return anomaly;
}

std::vector<uint64_t> Serials(const std::vector<ObservedEvent>& events) {
  std::vector<uint64_t> out;
  for (const ObservedEvent& event : events) out.push_back(event.serial);
  return out;
}

constexpr int64_t kSecond = 1'000'000'000;

TEST(FlightRecorderTest, GivesTheSecondsBeforeOfTheSameContainer) {
  FlightRecorder recorder;
  recorder.Add(MakeEvent(1, 10 * kSecond, MakeContainer("web")));  // too long ago
  recorder.Add(MakeEvent(2, 50 * kSecond, MakeContainer("web")));
  recorder.Add(MakeEvent(3, 51 * kSecond, MakeContainer("db")));
  recorder.Add(MakeEvent(4, 52 * kSecond, nullptr));
  recorder.Add(MakeEvent(5, 53 * kSecond, MakeContainer("web")));
  recorder.Add(MakeEvent(6, 70 * kSecond, MakeContainer("web")));  // after it
  EXPECT_THAT(Serials(recorder.Before(MakeAnomaly(60 * kSecond, MakeContainer("web")))),
              ElementsAre(2, 5));
  EXPECT_THAT(Serials(recorder.Before(MakeAnomaly(60 * kSecond, nullptr))), ElementsAre(4));
}

TEST(FlightRecorderTest, WhatWentInOrCameOutConcernsItToo) {
  FlightRecorder recorder;
  ObservedEvent sent = MakeEvent(1, kSecond, MakeContainer("db"));
  sent.peer = MakeContainer("web");
  ObservedEvent entered = MakeEvent(2, kSecond, MakeContainer("db"));
  entered.entered = true;
  entered.entered_from = MakeContainer("web");
  recorder.Add(sent);
  recorder.Add(entered);
  EXPECT_THAT(Serials(recorder.Before(MakeAnomaly(2 * kSecond, MakeContainer("web")))),
              ElementsAre(1, 2));
}

TEST(FlightRecorderTest, WhatMadeTheRuleFireIsLeftOut) {
  FlightRecorder recorder;
  recorder.Add(MakeEvent(1, kSecond, MakeContainer("web")));
  recorder.Add(MakeEvent(2, kSecond, MakeContainer("web")));
  Anomaly anomaly = MakeAnomaly(kSecond, MakeContainer("web"));
  anomaly.events = {MakeEvent(2, kSecond, MakeContainer("web"))};
  EXPECT_THAT(Serials(recorder.Before(anomaly)), ElementsAre(1));
}

TEST(FlightRecorderTest, IsBoundedByCapacityAndLimit) {
  FlightRecorder recorder(/*capacity=*/10);
  for (uint64_t i = 1; i <= 100; ++i) recorder.Add(MakeEvent(i, kSecond, MakeContainer("web")));
  const Anomaly anomaly = MakeAnomaly(kSecond, MakeContainer("web"));
  EXPECT_EQ(recorder.Before(anomaly, absl::Seconds(30), 48).size(), 10u);
  EXPECT_THAT(Serials(recorder.Before(anomaly, absl::Seconds(30), 2)), ElementsAre(99, 100));
  EXPECT_THAT(recorder.Before(anomaly, absl::Seconds(30), 0), IsEmpty());
}

}  // namespace
}  // namespace nsobs
