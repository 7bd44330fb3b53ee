// The few shapes that files of cgroupfs and of /proc/pressure have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "userspace/snapshot/section_reader.h"

namespace nsobs {

// The content of a file of cgroupfs; "" if it isn't there or can't be read.
std::string ReadCgroupFile(const std::string& directory, const char* name);

// A file with one number; nullopt for "max", "-1" and a v1 limit that means "none".
std::optional<uint64_t> ReadCgroupNumber(const std::string& directory, const char* name);

// The number behind `key` in a file of "key number" lines.
std::optional<uint64_t> KeyedNumber(std::string_view text, std::string_view key);

// PSI: {"some_avg10", "some_total_us", "full_avg10", "full_total_us"}; null if `text` is none.
SectionJson ParsePressure(std::string_view text);

// "some ... total=" in microseconds.
std::optional<uint64_t> StalledUs(std::string_view pressure);

// {"cpu", "memory", "io"} of the files <directory>/<kind><suffix>; null if there is none of them.
SectionJson ReadPressure(const std::string& directory, const char* suffix);

}  // namespace nsobs
