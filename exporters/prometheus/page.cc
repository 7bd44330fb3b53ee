#include "exporters/prometheus/page.h"

#include <prometheus/text_serializer.h>

#include <algorithm>
#include <sstream>

namespace nsobs {
namespace {

prometheus::MetricType TypeOf(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter:
      return prometheus::MetricType::Counter;
    case MetricKind::kGauge:
      return prometheus::MetricType::Gauge;
  }
  return prometheus::MetricType::Untyped;
}

}  // namespace

Page::Page() {
  families_.reserve(kFamilyCount);
  for (const FamilyInfo& info : Catalog()) {
    families_.push_back({std::string(info.name), std::string(info.help), TypeOf(info.kind), {}});
  }
}

void Page::Add(Family family, const std::vector<LabelText>& values, double value) {
  prometheus::ClientMetric& metric = families_[static_cast<size_t>(family)].metric.emplace_back();
  const auto names = Info(family).labels();
  const size_t count = std::min(names.size(), values.size());
  metric.label.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    metric.label.push_back({std::string(names[i]), values[i].str()});
  }
  metric.counter.value = value;  // the serializer takes the one that fits the type
  metric.gauge.value = value;
}

std::string Page::Text() const {
  std::vector<prometheus::MetricFamily> shown;
  std::copy_if(families_.begin(), families_.end(), std::back_inserter(shown),
               [](const prometheus::MetricFamily& family) { return !family.metric.empty(); });
  return prometheus::TextSerializer().Serialize(shown);
}

}  // namespace nsobs
