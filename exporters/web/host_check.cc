#include "exporters/web/host_check.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace nsobs {
namespace {

bool IsAddress(const std::string& text) {
  in6_addr address;
  return inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

std::string WithoutPort(std::string_view host) {
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    return std::string(host.substr(1, end == std::string_view::npos ? end : end - 1));
  }
  return std::string(host.substr(0, host.rfind(':')));
}

bool IsLocalhost(const std::string& name) {
  return absl::EqualsIgnoreCase(name, "localhost") || absl::EndsWithIgnoreCase(name, ".localhost");
}

}  // namespace

bool ListensOnLoopback(std::string_view listen_address) {
  const std::string host = WithoutPort(listen_address);
  if (IsLocalhost(host)) return true;
  in_addr v4;
  constexpr uint32_t kLoopbackNet = 127;
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) return ntohl(v4.s_addr) >> 24 == kLoopbackNet;
  in6_addr v6;
  return inet_pton(AF_INET6, host.c_str(), &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

bool IsAddressOrLocalhost(std::string_view host) {
  const std::string name = WithoutPort(host);
  return IsAddress(name) || IsLocalhost(name);
}

}  // namespace nsobs
