// How values are written in the file and in flags. Pure; nullopt is "not one of these".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "userspace/config/config.h"

namespace nsobs {

// "250ms", "10s", "5m", "12h", "14d", "1h30m", "0". Whole numbers only; at most 100 years.
std::optional<absl::Duration> ParseDuration(std::string_view text);
std::string DurationText(absl::Duration value);

// "4096", "64KiB", "16MiB", "2GiB", "1TiB", and the decimal kB, MB, GB, TB.
std::optional<uint64_t> ParseBytes(std::string_view text);
std::string BytesText(uint64_t value);

// Digits only.
std::optional<uint64_t> ParseCount(std::string_view text);

// on, off, true, false, yes, no.
std::optional<bool> ParseSwitch(std::string_view text);

// "127.0.0.1:9917", "[::1]:9917", "localhost:0", ":9917" (every IPv4 address).
std::optional<HostPort> ParseHostPort(std::string_view text);
std::string HostPortText(const HostPort& value);

// "SIGTERM", "term", "15", "RTMIN+2".
std::optional<int> ParseSignal(std::string_view text);

}  // namespace nsobs
