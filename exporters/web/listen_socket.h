// "HOST:PORT" to a socket that listens.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "userspace/base/fd.h"

namespace nsobs {

struct ListenAddress {
  std::string host;  // an IP address without brackets; "" for all addresses of both families
  uint16_t port = 0;
};

// "127.0.0.1:9917", "[::1]:9917", ":9917", "localhost:9917". Names are not looked up: a resolver
// that hangs would hang the start. INVALID_ARGUMENT with one line otherwise.
absl::StatusOr<ListenAddress> ParseListenAddress(std::string_view text);

struct ListenSocket {
  UniqueFd fd;  // non-blocking, close-on-exec
  int port = 0;
};

// Never shares the port with another process. Errors as WebServer::Start().
absl::StatusOr<ListenSocket> Listen(const ListenAddress& address);

}  // namespace nsobs
