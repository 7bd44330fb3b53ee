#include "exporters/web/web_server.h"

namespace nsobs {

class WebServer::Impl {};

WebServer::WebServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WebServer::~WebServer() = default;
absl::StatusOr<std::unique_ptr<WebServer>> WebServer::Start(const WebOptions&, WebHandlers) {
  return absl::UnimplementedError("web server");
}
int WebServer::port() const { return 0; }
void WebServer::Stop() {}

}  // namespace nsobs
