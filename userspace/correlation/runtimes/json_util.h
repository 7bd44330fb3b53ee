// Careful access to JSON that others wrote: the wrong type reads as missing; nothing throws.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace nsobs {

inline constexpr size_t kMaxLabels = 64;
inline constexpr size_t kMaxLabelBytes = 256;
inline constexpr size_t kMaxNameBytes = 256;

// The value if `text` is one JSON object and nothing else.
inline std::optional<nlohmann::json> ParseObject(std::string_view text) {
  auto json = nlohmann::json::parse(text.begin(), text.end(), nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded() || !json.is_object()) return std::nullopt;
  return json;
}

// An empty object for what is missing or no object.
inline const nlohmann::json& ObjectAt(const nlohmann::json& object, const char* key) {
  static const auto* const kEmpty = new nlohmann::json(nlohmann::json::object());
  const auto it = object.find(key);
  return it != object.end() && it->is_object() ? *it : *kEmpty;
}

// "" for what is missing, no string, or longer than `cap`.
inline std::string StringAt(const nlohmann::json& object, const char* key,
                            size_t cap = kMaxNameBytes) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_string()) return "";
  const auto& text = it->get_ref<const std::string&>();
  return text.size() <= cap ? text : "";
}

// 0 for what is missing or isn't a number that fits.
inline uint64_t UnsignedAt(const nlohmann::json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_number_unsigned()) return 0;
  return it->get<uint64_t>();
}

inline uint32_t PidAt(const nlohmann::json& object, const char* key) {
  const uint64_t pid = UnsignedAt(object, key);
  return pid <= UINT32_MAX ? static_cast<uint32_t>(pid) : 0;
}

}  // namespace nsobs
