// A client of raw sockets on loopback, so that the tests can be as slow and as rude as they like.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "exporters/web/web_server.h"
#include "userspace/base/fd.h"

namespace nsobs::testing {

struct Reply {
  int status = 0;                              // 0: none came
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class Client {
 public:
  // Connects to 127.0.0.1; `receive_buffer` bytes if not 0, to be slow at reading.
  explicit Client(int port, int receive_buffer = 0);

  bool Send(std::string_view bytes);
  // Reads one reply; a HEAD's has no body.
  Reply Receive(absl::Duration timeout = absl::Seconds(5), bool head = false);
  // True if the server closes within `timeout`; what it sends before is read away.
  bool ClosedWithin(absl::Duration timeout);

  int fd() const { return fd_.get(); }

 private:
  bool More(absl::Time until);  // false: end, error or timeout

  UniqueFd fd_;
  std::string in_;
  bool ended_ = false;
};

// One request on a connection of its own.
Reply Get(int port, std::string_view path, std::string_view more_headers = "");

// Handlers that say little, and always ready.
WebHandlers PlainHandlers();
// On a free port of 127.0.0.1, with `timeout`.
std::unique_ptr<WebServer> StartServer(WebHandlers handlers,
                                       absl::Duration timeout = absl::Seconds(5),
                                       size_t max_connections = 64);

}  // namespace nsobs::testing
