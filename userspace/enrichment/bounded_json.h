// JSON of an engine: bounded in depth, and only what is wanted of it is kept.
#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace nsobs {

// The object in `text` with those of its members that `wanted` names, and of these only what
// `wanted_within` names where they are objects themselves. nullopt: not one JSON object, or more
// than 32 levels deep. Costs memory for what is kept, not for what is left out.
std::optional<nlohmann::json> ParseObject(std::string_view text,
                                          std::initializer_list<std::string_view> wanted,
                                          std::initializer_list<std::string_view> wanted_within);

// "" if it isn't there or isn't a string.
std::string TextAt(const nlohmann::json& object, const char* key);

}  // namespace nsobs
