// IP addresses and prefixes as they stand in a record, as text.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nsobs {

// IPv4 is kept as IPv4, also when it was written ::ffff:10.0.0.1.
struct IpAddress {
  bool v6 = false;
  std::array<uint8_t, 16> bytes{};  // IPv4: the first four

  static std::optional<IpAddress> Parse(std::string_view text);
  bool IsLoopback() const;
  bool IsAny() const;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

// Same family and the first `length` bits equal.
bool InPrefix(const IpAddress& address, const IpAddress& network, int64_t length);
// `prefix` is "10.0.0.0/8", an address, or "default" (which holds every address).
bool InPrefix(const IpAddress& address, std::string_view prefix);
// Length of "10.0.0.0/8", 0 of "default", all bits of an address.
int64_t PrefixLength(std::string_view prefix);

bool IsLoopback(std::string_view address);

// Would a socket bound to `bound` get what is sent to `destination`? An IPv6 wildcard takes IPv4,
// unless it is for IPv6 only.
bool Accepts(std::string_view bound, bool v6only, std::string_view destination);

}  // namespace nsobs
