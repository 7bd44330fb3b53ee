#include "exporters/prometheus/page.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <cmath>

namespace nsobs {
namespace {

// The same page by prometheus-cpp.
class Reference {
 public:
  void Add(Family family, const std::vector<LabelText>& values, double value) {
    const FamilyInfo& info = Info(family);
    if (families_.empty() || families_.back().name != info.name) {
      const bool counter = info.kind == MetricKind::kCounter;
      families_.push_back(
          {std::string(info.name),
           std::string(info.help),
           counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge,
           {}});
    }
    prometheus::ClientMetric metric;
    for (size_t i = 0; i < values.size(); ++i) {
      metric.label.push_back({std::string(info.labels()[i]), values[i].str()});
    }
    metric.counter.value = metric.gauge.value = value;
    families_.back().metric.push_back(metric);
  }
  std::string Text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::vector<prometheus::MetricFamily> families_;
};

TEST(Page, ReadsLikeTheReference) {
  Page page;
  Reference reference;
  const auto add = [&](Family family, const std::vector<std::string>& values, double value) {
    const std::vector<LabelText> labels(values.begin(), values.end());
    page.Add(family, labels, value);
    reference.Add(family, labels, value);
  };
  for (double value : {0.0, 1.0, 100000.0, 123456789.0, 9007199254740991.0, 9007199254740992.0}) {
    add(Family::kOomKills, {"web", "", "", "cgroup"}, value);
  }
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  add(Family::kProbeInfo, {"back\\slash \"quoted\" {a=\"b\",}", "line\nend"}, 1);
  add(Family::kProbeInfo, {all, "caf\xC3\xA9"}, 0);
  for (double value : {0.5, 0.1, 1795442531.25, 1e-9, -3.0, 1.25e300}) {
    add(Family::kLastCommitAge, {}, value);
  }
  for (double value : {double{INFINITY}, -double{INFINITY}}) {
    add(Family::kDatabaseBytes, {}, value);
  }
  EXPECT_EQ(page.Text(), reference.Text());
}

TEST(Page, NotANumber) {
  Page page;
  page.AddText(Family::kStorageUp, {"x"}, NAN);
  EXPECT_NE(page.Text().find("\nx NaN\n"), std::string::npos) << "the reference writes Nan";
}

TEST(Page, EmptyFamiliesAreLeftOut) { EXPECT_EQ(Page().Text(), ""); }

TEST(Page, SeriesText) {
  EXPECT_EQ(SeriesText(Family::kStorageUp, {}), "nsobserver_storage_up");
  EXPECT_EQ(SeriesText(Family::kEventsLost, {LabelText("signal"), LabelText("a\"b\\c")}),
            "nsobserver_events_lost_total{kind=\"signal\",cause=\"a\\\"b\\\\c\"}");
}

}  // namespace
}  // namespace nsobs
