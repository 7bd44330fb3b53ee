// Reading fields of stored JSON that may be absent, null or of another type: never throws.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace nsobs {

using Json = nlohmann::ordered_json;

// The member, or a null value.
const Json& Child(const Json& object, const char* key);

// "" unless it is text. Raw: not yet ForTerminal().
std::string Text(const Json& object, const char* key);

// The same, ForTerminal().
std::string CleanText(const Json& object, const char* key);

std::optional<int64_t> Number(const Json& object, const char* key);

// False unless it is true.
bool Flag(const Json& object, const char* key);

}  // namespace nsobs
