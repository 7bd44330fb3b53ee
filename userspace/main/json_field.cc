#include "userspace/main/json_field.h"

#include "userspace/base/sanitize.h"

namespace nsobs {

const Json& Child(const Json& object, const char* key) {
  static const Json null;
  if (!object.is_object()) return null;
  const auto it = object.find(key);
  return it == object.end() ? null : *it;
}

std::string Text(const Json& object, const char* key) {
  const Json& value = Child(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::string CleanText(const Json& object, const char* key) {
  return ForTerminal(Text(object, key));
}

std::optional<int64_t> Number(const Json& object, const char* key) {
  const Json& value = Child(object, key);
  if (!value.is_number_integer()) return std::nullopt;
  return value.get<int64_t>();
}

bool Flag(const Json& object, const char* key) {
  const Json& value = Child(object, key);
  return value.is_boolean() && value.get<bool>();
}

}  // namespace nsobs
