#include "exporters/prometheus/page.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace nsobs {
namespace {

constexpr double kExactIntegers = 9007199254740992;  // 2^53

std::string_view TypeName(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter:
      return "counter";
    case MetricKind::kGauge:
      return "gauge";
  }
  return "untyped";
}

void AppendEscaped(std::string_view value, std::string& out) {
  for (char c : value) {
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '"':
        out += "\\\"";
        break;
      default:
        out += c;
    }
  }
}

void AppendNumber(double value, std::string& out) {
  char text[32];
  if (std::isnan(value)) {
    out += "NaN";
  } else if (std::isinf(value)) {
    out += value > 0 ? "+Inf" : "-Inf";
  } else if (std::trunc(value) == value && std::abs(value) <= kExactIntegers) {
    out.append(text, std::to_chars(text, text + sizeof(text), static_cast<int64_t>(value)).ptr);
  } else {
    out.append(text, std::to_chars(text, text + sizeof(text), value).ptr);
  }
}

}  // namespace

std::string LabelsText(std::span<const std::string_view> names, std::span<const LabelText> values) {
  std::string text;
  for (size_t i = 0; i < std::min(names.size(), values.size()); ++i) {
    if (i > 0) text += ',';
    text += names[i];
    text += "=\"";
    AppendEscaped(values[i].str(), text);
    text += '"';
  }
  return text;
}

std::string SeriesText(Family family, const std::vector<LabelText>& values) {
  const std::string labels = LabelsText(Info(family).labels(), values);
  std::string text(Info(family).name);
  if (labels.empty()) return text;
  text += '{';
  text += labels;
  text += '}';
  return text;
}

Page::Page(const Sizes& expected) {
  for (size_t i = 0; i < samples_.size(); ++i) samples_[i].reserve(expected[i] + expected[i] / 16);
}

Page::Sizes Page::sizes() const {
  Sizes out{};
  for (size_t i = 0; i < samples_.size(); ++i) out[i] = samples_[i].size();
  return out;
}

void Page::Add(Family family, const std::vector<LabelText>& values, double value) {
  AddText(family, {SeriesText(family, values)}, value);
}

void Page::AddText(Family family, std::initializer_list<std::string_view> parts, double value) {
  std::string& out = samples_[static_cast<size_t>(family)];
  for (const std::string_view part : parts) out += part;
  out += ' ';
  AppendNumber(value, out);
  out += '\n';
}

std::string Page::Text() const {
  std::string text;
  size_t size = 0;
  for (const std::string& samples : samples_) size += samples.size() + 512;
  text.reserve(size);
  for (const FamilyInfo& info : Catalog()) {
    const std::string& samples = samples_[static_cast<size_t>(info.family)];
    if (samples.empty()) continue;
    for (std::string_view part :
         {std::string_view("# HELP "), info.name, std::string_view(" "), info.help,
          std::string_view("\n# TYPE "), info.name, std::string_view(" "), TypeName(info.kind),
          std::string_view("\n"), std::string_view(samples)}) {
      text += part;
    }
  }
  return text;
}

}  // namespace nsobs
