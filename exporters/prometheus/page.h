// One page of the text format under construction: families of the catalog and their samples.
#pragma once

#include <array>
#include <string>
#include <vector>

#include <prometheus/metric_family.h>

#include "exporters/prometheus/catalog.h"
#include "exporters/prometheus/label_text.h"

namespace nsobs {

class Page {
 public:
  Page();

  // `values` are those of Info(family).labels(), one each. The caller sees to it that no two
  // samples of a family have equal values.
  void Add(Family family, const std::vector<LabelText>& values, double value);

  // Families without samples are left out.
  std::string Text() const;

 private:
  std::vector<prometheus::MetricFamily> families_;  // by number of the family
};

}  // namespace nsobs
