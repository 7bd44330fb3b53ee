// Which lists of a record are compared by which key, and how a row is named in a sentence.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

namespace nsobs {

// What is compared. `pointer` ends in a list of objects, or an object or value if `keys` is empty.
struct DiffRule {
  std::string_view pointer;
  std::string_view noun;  // "route"
  std::span<const std::string_view> keys;
  std::span<const std::string_view> ignored;  // fields of a row, or of the object
  bool on_request = false;  // of what triggered the look: null says that nobody asked
};

// Of all sections, in the record's order.
std::span<const DiffRule> DiffRules();

// "default via 10.88.0.1 dev eth0": what people call the row.
std::string NameOfRow(const DiffRule& rule, const nlohmann::ordered_json& row);

// The row as it is compared: states that come and go are made equal.
nlohmann::ordered_json Normalized(const DiffRule& rule, const nlohmann::ordered_json& row);

// A value in a sentence: texts bare, lists joined by commas, null as "none".
std::string InWords(const nlohmann::ordered_json& value);

}  // namespace nsobs
