#include "userspace/enrichment/bounded_json.h"

#include <algorithm>

namespace nsobs {
namespace {

constexpr int kMaxDepth = 32;

// Before the parser, which keeps something of every level. Brackets within strings don't count.
bool IsShallow(std::string_view text) {
  int depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if ((c == '{' || c == '[') && ++depth > kMaxDepth) return false;
    if (c == '}' || c == ']') --depth;
  }
  return true;
}

bool Contains(std::initializer_list<std::string_view> list, const nlohmann::json& key) {
  const auto* text = key.get_ptr<const std::string*>();
  return text != nullptr && std::find(list.begin(), list.end(), *text) != list.end();
}

}  // namespace

std::optional<nlohmann::json> ParseObject(std::string_view text,
                                          std::initializer_list<std::string_view> wanted,
                                          std::initializer_list<std::string_view> wanted_within) {
  if (!IsShallow(text)) return std::nullopt;
  using Event = nlohmann::json::parse_event_t;
  const auto keep = [&](int depth, Event event, nlohmann::json& value) {
    if (event != Event::key) return true;
    if (depth == 1) return Contains(wanted, value);
    return depth != 2 || Contains(wanted_within, value);
  };
  nlohmann::json json = nlohmann::json::parse(text, keep, /*allow_exceptions=*/false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

std::string TextAt(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) return "";
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

}  // namespace nsobs
