// What the series of a container cost while nobody scrapes.
#include <gtest/gtest.h>

#include <string>

#include "exporters/prometheus/prometheus_exporter.h"
#include "tests/unit/exporters/prometheus/snapshots.h"
#include "tests/unit/live_bytes.h"

namespace nsobs {
namespace {

// Of an exporter that shows `count` containers, the containers themselves left out.
size_t BytesWith(size_t count) {
  MetricsSnapshot snapshot;
  for (size_t i = 0; i < count; ++i) {
    snapshot.containers.push_back(testing::MakeContainer("container-" + std::to_string(i)));
  }
  const size_t before = testing::LiveBytes();
  PrometheusExporter exporter({.max_series = 60000});
  const std::string page = exporter.Render(snapshot);
  EXPECT_NE(page.find("container=\"container-" + std::to_string(count - 1) + "\""),
            std::string::npos);
  return testing::LiveBytes() - before - page.capacity();
}

TEST(PrometheusMemoryTest, AContainersSeriesAreSmall) {
  constexpr size_t kFew = 200;
  constexpr size_t kMany = 1200;
  const size_t few = BytesWith(kFew);
  const size_t many = BytesWith(kMany);
  // 21 series of 16 bytes, who they are of, and the tables to find it. With a text for each series
  // it was 4,500.
  EXPECT_LT((many - few) / (kMany - kFew), 1500u);
}

}  // namespace
}  // namespace nsobs
