// Requests to answers, by cpp-httplib's parser and formatter, without any socket.
#pragma once

#include <memory>
#include <string>

#include "exporters/web/request_head.h"
#include "exporters/web/security.h"
#include "exporters/web/web_server.h"

namespace nsobs {

// Requests on one connection before it closes, so that none lives for ever.
inline constexpr int kMaxRequestsPerConnection = 100;

// Thread-safe.
class HttpService {
 public:
  // `security` outlives the service.
  HttpService(const WebOptions& options, WebHandlers handlers, WebSecurity* security);
  ~HttpService();

  // The whole answer, ready to be sent. `last`: it says that the connection closes after it.
  std::string Answer(const RequestHead& head, bool last);

 private:
  class Router;
  WebSecurity* const security_;
  const std::unique_ptr<Router> router_;
};

// An answer without a body, e.g. 431. `last`: the connection closes after it; `headers` are whole
// lines.
std::string BareAnswer(int status, const char* reason, bool last = true, const char* headers = "");

}  // namespace nsobs
