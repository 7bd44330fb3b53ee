// A strict reader of the Prometheus text format, written apart from what writes it.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace nsobs::testing {

struct Exposition {
  std::map<std::string, std::string> types;  // by family
  std::map<std::string, std::string> helps;
  std::map<std::string, double> series;  // by what stands before the value, as it stands
  std::set<std::string> families;        // with at least one series
  std::vector<std::string> errors;       // duplicates, bad UTF-8, bad lines, samples without TYPE

  // Of one series; -1 if there is none. `labels` as rendered: `container="web",...`.
  double Value(std::string_view family, std::string_view labels = "") const;
  // Over all series of a family that contain each of `having`, e.g. `container="web"`.
  double Sum(std::string_view family, const std::vector<std::string>& having = {}) const;
  size_t Count(std::string_view family, const std::vector<std::string>& having = {}) const;
  size_t CountHaving(std::string_view text) const;
};

Exposition Parse(const std::string& text);

// By the table of well-formed sequences, byte by byte.
bool IsUtf8(std::string_view text);

std::string FamilyOf(std::string_view series);
// Label names and unescaped values of a series, in order.
std::vector<std::pair<std::string, std::string>> LabelsOf(std::string_view series);

}  // namespace nsobs::testing
