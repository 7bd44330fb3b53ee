#include "userspace/diagnosis/address.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/numbers.h"

namespace nsobs {
namespace {

constexpr std::array<uint8_t, 12> kMappedV4 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

}  // namespace

std::optional<IpAddress> IpAddress::Parse(std::string_view text) {
  // "fe80::1%eth0": the zone says by which link, not who.
  const std::string plain(text.substr(0, text.find('%')));
  IpAddress out;
  if (inet_pton(AF_INET, plain.c_str(), out.bytes.data()) == 1) return out;
  if (inet_pton(AF_INET6, plain.c_str(), out.bytes.data()) != 1) return std::nullopt;
  if (std::equal(kMappedV4.begin(), kMappedV4.end(), out.bytes.begin())) {
    std::copy_n(out.bytes.begin() + 12, 4, out.bytes.begin());
    std::fill(out.bytes.begin() + 4, out.bytes.end(), 0);
    return out;
  }
  out.v6 = true;
  return out;
}

bool IpAddress::IsLoopback() const {
  if (!v6) return bytes[0] == 127;
  return std::all_of(bytes.begin(), bytes.end() - 1, [](uint8_t b) { return b == 0; }) &&
         bytes[15] == 1;
}

bool IpAddress::IsAny() const {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b == 0; });
}

bool InPrefix(const IpAddress& address, const IpAddress& network, int64_t length) {
  if (address.v6 != network.v6 || length < 0 || length > (address.v6 ? 128 : 32)) return false;
  for (int64_t bit = 0; bit < length; ++bit) {
    const int shift = static_cast<int>(7 - bit % 8);
    if (((address.bytes[bit / 8] ^ network.bytes[bit / 8]) >> shift & 1) != 0) return false;
  }
  return true;
}

bool InPrefix(const IpAddress& address, std::string_view prefix) {
  if (prefix == "default") return true;
  const std::optional<IpAddress> network = IpAddress::Parse(prefix.substr(0, prefix.find('/')));
  return network && InPrefix(address, *network, PrefixLength(prefix));
}

int64_t PrefixLength(std::string_view prefix) {
  if (prefix == "default") return 0;
  const size_t slash = prefix.find('/');
  if (slash == std::string_view::npos) {
    const std::optional<IpAddress> address = IpAddress::Parse(prefix);
    return !address ? -1 : address->v6 ? 128 : 32;
  }
  int length = -1;
  const std::string_view digits = prefix.substr(slash + 1);
  if (!absl::SimpleAtoi(absl::string_view(digits.data(), digits.size()), &length)) return -1;
  return length;
}

bool IsLoopback(std::string_view address) {
  const std::optional<IpAddress> parsed = IpAddress::Parse(address);
  return parsed && parsed->IsLoopback();
}

bool Accepts(std::string_view bound, bool v6only, std::string_view destination) {
  const std::optional<IpAddress> to = IpAddress::Parse(destination);
  if (!to) return false;
  if (bound == "*") return true;
  const std::optional<IpAddress> at = IpAddress::Parse(bound);
  if (!at) return false;
  if (at->IsAny()) return at->v6 == to->v6 || (at->v6 && !v6only);
  return *at == *to;
}

}  // namespace nsobs
