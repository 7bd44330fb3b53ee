// Which names a client may call this port by. Pure.
#pragma once

#include <string_view>

namespace nsobs {

// Of "HOST:PORT" as the port listens on it: reached from this host alone.
bool ListensOnLoopback(std::string_view listen_address);

// A Host header that names no site: "127.0.0.1:9917", "[::1]:9917", "localhost", "x.localhost:80".
bool IsAddressOrLocalhost(std::string_view host);

}  // namespace nsobs
