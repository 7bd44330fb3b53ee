// Reading JSON that others wrote, without exceptions: what is missing or of another type is "not
// there". The parser refuses text that isn't UTF-8.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace nsobs {

inline const nlohmann::json* JsonMember(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() ? nullptr : &*it;
}

// "" if it isn't a text.
inline std::string JsonText(const nlohmann::json& object, const char* key) {
  const nlohmann::json* member = JsonMember(object, key);
  return member != nullptr && member->is_string() ? member->get<std::string>() : "";
}

}  // namespace nsobs
