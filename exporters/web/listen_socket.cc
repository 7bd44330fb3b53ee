#include "exporters/web/listen_socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "userspace/base/sanitize.h"

namespace nsobs {
namespace {

constexpr int kBacklog = 128;
// What the kernel keeps for a client that doesn't read; by itself it goes up to megabytes.
constexpr int kSendBuffer = 256 * 1024;
constexpr int kReceiveBuffer = 16 * 1024;

using AddressList = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

AddressList Resolve(const std::string& host, uint16_t port) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  addrinfo* list = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list) != 0) list = nullptr;
  return AddressList(list, &freeaddrinfo);
}

std::string Text(const ListenAddress& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return absl::StrCat(v6 ? "[" : "", address.host, v6 ? "]" : "", ":", address.port);
}

absl::Status ListenError(int error, const ListenAddress& address) {
  const std::string what = absl::StrCat("cannot listen on ", Text(address), ": ");
  const char* other = "choose another with --web.listen-address";
  switch (error) {
    case EADDRINUSE:
      return absl::AlreadyExistsError(absl::StrCat(
          what, "the port is in use; see who has it with \"ss -ltnp sport = :", address.port,
          "\", or ", other));
    case EADDRNOTAVAIL:
      return absl::FailedPreconditionError(
          absl::StrCat(what, "no interface of this host has that address; ", other));
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(absl::StrCat(
          what, "not permitted (ports below 1024 need CAP_NET_BIND_SERVICE); ", other));
    default:
      return absl::FailedPreconditionError(absl::StrCat(what, strerror(error), "; ", other));
  }
}

int PortOf(int fd) {
  sockaddr_storage storage = {};
  socklen_t length = sizeof(storage);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return 0;
  const in_port_t port = storage.ss_family == AF_INET6
                             ? reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port
                             : reinterpret_cast<sockaddr_in*>(&storage)->sin_port;
  return ntohs(port);
}

// 0 or an errno.
int TryListen(const addrinfo& address, ListenSocket& out) {
  UniqueFd fd(socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.ok()) return errno;
  // Not SO_REUSEPORT: a second observer on the port has to be an error.
  const int on = 1, off = 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (address.ai_family == AF_INET6) {
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  }
  // Connections inherit these.
  setsockopt(fd.get(), SOL_SOCKET, SO_SNDBUF, &kSendBuffer, sizeof(kSendBuffer));
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBuffer, sizeof(kReceiveBuffer));
  if (bind(fd.get(), address.ai_addr, address.ai_addrlen) != 0) return errno;
  if (listen(fd.get(), kBacklog) != 0) return errno;
  out.port = PortOf(fd.get());
  out.fd = std::move(fd);
  return 0;
}

}  // namespace

absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("web.listen-address \"", ForTerminal(text), "\": ", std::string(why),
                     " (as in 127.0.0.1:9917, [::1]:9917, or :9917 for all addresses)"));
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("has no port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  uint32_t number = 0;
  const bool digits = port.find_first_not_of("0123456789") == std::string_view::npos;
  if (!digits || !absl::SimpleAtoi(absl::string_view(port.data(), port.size()), &number) ||
      number > 65535) {
    return bad("the port is not a number from 0 to 65535");
  }
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
    if (host.find(':') == std::string_view::npos) return bad("brackets are for IPv6 addresses");
  } else if (host.find(':') != std::string_view::npos) {
    return bad("an IPv6 address stands in brackets");
  }
  ListenAddress address{std::string(host), static_cast<uint16_t>(number)};
  if (address.host == "localhost") address.host = "127.0.0.1";
  const bool numeric = address.host.find('\0') == std::string::npos &&
                       (address.host.empty() || Resolve(address.host, address.port) != nullptr);
  if (!numeric) return bad("the host is not an IP address");
  return address;
}

absl::StatusOr<ListenSocket> Listen(const ListenAddress& address) {
  ListenSocket out;
  int error = EADDRNOTAVAIL;
  // The unspecified IPv6 address takes IPv4 as well; hosts without IPv6 fall back.
  const bool all = address.host.empty();
  for (const char* host : {all ? "::" : address.host.c_str(), all ? "0.0.0.0" : ""}) {
    if (*host == '\0') break;
    const AddressList list = Resolve(host, address.port);
    if (list == nullptr) continue;
    error = TryListen(*list, out);
    if (error == 0) return out;
    if (error != EAFNOSUPPORT && error != EADDRNOTAVAIL) break;
  }
  return ListenError(error, address);
}

}  // namespace nsobs
