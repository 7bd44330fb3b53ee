#include "tests/unit/exporters/exposition.h"

#include <cstdlib>
#include <sstream>

namespace nsobs::testing {
namespace {

bool HasAll(const std::string& series, const std::vector<std::string>& having) {
  for (const std::string& text : having) {
    if (series.find(text) == std::string::npos) return false;
  }
  return true;
}

// The length of the name and labels at the start of a sample; npos if they don't parse.
size_t SeriesEnd(std::string_view line) {
  size_t i = line.find_first_of(" {");
  if (i == std::string_view::npos || i == 0) return std::string_view::npos;
  if (line[i] == ' ') return i;
  bool quoted = false;
  for (++i; i < line.size(); ++i) {
    if (quoted && line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && line[i] == '}') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

void ReadComment(const std::string& line, Exposition& out) {
  std::istringstream words(line);
  std::string hash, what, family, rest;
  words >> hash >> what >> family;
  std::getline(words >> std::ws, rest);
  auto& map = what == "TYPE" ? out.types : out.helps;
  if (what != "TYPE" && what != "HELP") out.errors.push_back("odd comment: " + line);
  if (!map.emplace(family, rest).second) out.errors.push_back("family twice: " + line);
}

void ReadSample(const std::string& line, Exposition& out) {
  const size_t end = SeriesEnd(line);
  if (end == std::string_view::npos || end + 1 >= line.size() || line[end] != ' ') {
    out.errors.push_back("odd line: " + line);
    return;
  }
  const std::string series = line.substr(0, end);
  char* stop = nullptr;
  const double value = strtod(line.c_str() + end + 1, &stop);
  if (*stop != '\0') out.errors.push_back("odd value: " + line);
  if (!out.series.emplace(series, value).second) out.errors.push_back("duplicate: " + series);
  out.families.insert(FamilyOf(series));
  if (!out.types.contains(FamilyOf(series))) out.errors.push_back("no TYPE: " + series);
}

}  // namespace

bool IsUtf8(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  for (size_t i = 0; i < text.size();) {
    const unsigned lead = byte(i);
    const size_t length = lead < 0x80                   ? 1
                          : lead >= 0xC2 && lead < 0xE0 ? 2
                          : lead >= 0xE0 && lead < 0xF0 ? 3
                          : lead >= 0xF0 && lead < 0xF5 ? 4
                                                        : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (size_t k = 1; k < length; ++k) {
      if ((byte(i + k) & 0xC0) != 0x80) return false;
    }
    if (length > 2) {
      const unsigned next = byte(i + 1);
      if ((lead == 0xE0 && next < 0xA0) || (lead == 0xED && next > 0x9F) ||
          (lead == 0xF0 && next < 0x90) || (lead == 0xF4 && next > 0x8F)) {
        return false;
      }
    }
    i += length;
  }
  return true;
}

std::string FamilyOf(std::string_view series) {
  return std::string(series.substr(0, series.find('{')));
}

std::vector<std::pair<std::string, std::string>> LabelsOf(std::string_view series) {
  std::vector<std::pair<std::string, std::string>> labels;
  size_t i = series.find('{');
  if (i == std::string_view::npos) return labels;
  ++i;
  while (i < series.size() && series[i] != '}') {
    const size_t equals = series.find('=', i);
    std::string name(series.substr(i, equals - i));
    std::string value;
    for (i = equals + 2; series[i] != '"'; ++i) {
      if (series[i] == '\\') {
        ++i;
        value += series[i] == 'n' ? '\n' : series[i];
      } else {
        value += series[i];
      }
    }
    labels.emplace_back(std::move(name), std::move(value));
    i += series[i + 1] == ',' ? 2 : 1;
  }
  return labels;
}

double Exposition::Value(std::string_view family, std::string_view labels) const {
  std::string key(family);
  if (!labels.empty()) key += "{" + std::string(labels) + "}";
  const auto it = series.find(key);
  return it == series.end() ? -1 : it->second;
}

double Exposition::Sum(std::string_view family, const std::vector<std::string>& having) const {
  double sum = 0;
  for (const auto& [name, value] : series) {
    if (FamilyOf(name) == family && HasAll(name, having)) sum += value;
  }
  return sum;
}

size_t Exposition::Count(std::string_view family, const std::vector<std::string>& having) const {
  size_t count = 0;
  for (const auto& [name, value] : series) {
    if (FamilyOf(name) == family && HasAll(name, having)) ++count;
  }
  return count;
}

size_t Exposition::CountHaving(std::string_view text) const {
  size_t count = 0;
  for (const auto& [name, value] : series) {
    if (name.find(text) != std::string::npos) ++count;
  }
  return count;
}

Exposition Parse(const std::string& text) {
  Exposition out;
  if (!IsUtf8(text)) out.errors.push_back("not UTF-8");
  if (text.empty() || text.back() != '\n') out.errors.push_back("no line end at the end");
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty()) continue;
    if (line[0] == '#') {
      ReadComment(line, out);
    } else {
      ReadSample(line, out);
    }
  }
  return out;
}

}  // namespace nsobs::testing
