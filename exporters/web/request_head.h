// What is let through of a request's head: pure, and all that touches a client's bytes before the
// HTTP library does.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace nsobs {

inline constexpr size_t kMaxHeadBytes = 8192;
inline constexpr size_t kMaxRequestLineBytes = 2048;
inline constexpr size_t kMaxHeaderLines = 64;

struct RequestHead {
  std::string text;       // request line, the headers we know, blank line
  bool close = false;     // the client wants, or HTTP/1.0 means, no further request
  bool has_body = false;  // none is accepted
  bool accepts_gzip = false;
  std::string authorization;  // that header, "" for none; not in `text`
};

// The length of the head with its blank line; npos if that has not come yet.
size_t FindHeadEnd(std::string_view bytes);

// Keeps the headers of a short list and drops the rest: the library parses Range by a recursive
// regular expression, answers a hundred ranges with a hundred copies, and compresses by brotli at
// its slowest if asked. nullopt for what isn't a head of HTTP/1.x or breaks a limit above.
std::optional<RequestHead> ReadHead(std::string_view head);

}  // namespace nsobs
