// One page of the text format (0.0.4) under construction: families of the catalog and their
// samples.
//
// Written here and not by prometheus-cpp, whose serializer puts every character through an ostream:
// 15-20 ms for 10,000 series. A test holds that the text is the same.
#pragma once

#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporters/prometheus/catalog.h"
#include "exporters/prometheus/label_text.h"

namespace nsobs {

// `name{label="value",...}`. `values` are those of Info(family).labels(), one each.
std::string SeriesText(Family family, const std::vector<LabelText>& values);

// The same without name and braces: `label="value",...`. "" without values.
std::string LabelsText(std::span<const std::string_view> names, std::span<const LabelText> values);

class Page {
 public:
  // Bytes of each family.
  using Sizes = std::array<size_t, kFamilyCount>;

  Page() = default;
  // With room for as much, of the page before this one: what grows is copied again and again.
  explicit Page(const Sizes& expected);
  Sizes sizes() const;

  // The caller sees to it that no series comes twice.
  void Add(Family family, const std::vector<LabelText>& values, double value);
  // The same with a SeriesText(), whole or in parts.
  void AddText(Family family, std::initializer_list<std::string_view> parts, double value);

  // In the catalog's order; families without samples are left out.
  std::string Text() const;

 private:
  std::array<std::string, kFamilyCount> samples_;
};

}  // namespace nsobs
