#include "exporters/web/web_server.h"

#include <errno.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <string_view>

#include "exporters/web/connection_loop.h"
#include "exporters/web/http_service.h"
#include "exporters/web/listen_socket.h"
#include "exporters/web/security.h"
#include "userspace/base/status_util.h"

namespace nsobs {

namespace {

bool IsForApi(const RequestHead& head) {
  const std::string_view line(head.text.data(), std::min(head.text.find('\r'), head.text.size()));
  return line.find(" /api/") != std::string_view::npos;
}

}  // namespace

class WebServer::Impl {
 public:
  Impl(const WebOptions& options, WebHandlers handlers, std::unique_ptr<WebSecurity> security,
       ListenSocket socket, UniqueFd wake)
      : port_(socket.port),
        security_(std::move(security)),
        service_(options, std::move(handlers), security_.get()),
        loop_(
            std::move(socket.fd), std::move(wake),
            {.max_connections = options.max_connections, .timeout = options.timeout},
            security_.get(),
            [this](const RequestHead& head, bool last) { return service_.Answer(head, last); },
            IsForApi) {}

  int port() const { return port_; }
  void Stop() { loop_.Stop(); }

 private:
  const int port_;
  const std::unique_ptr<WebSecurity> security_;
  HttpService service_;
  ConnectionLoop loop_;  // last: its threads use the others
};

WebServer::WebServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
WebServer::~WebServer() { Stop(); }

absl::StatusOr<std::unique_ptr<WebServer>> WebServer::Start(const WebOptions& options,
                                                            WebHandlers handlers) {
  if (options.max_connections == 0 || options.timeout <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("web: max_connections and timeout must be more than 0");
  }
  NSOBS_ASSIGN_OR_RETURN(std::unique_ptr<WebSecurity> security,
                         WebSecurity::Load(options.config_file));
  NSOBS_ASSIGN_OR_RETURN(const ListenAddress address, ParseListenAddress(options.listen_address));
  NSOBS_ASSIGN_OR_RETURN(ListenSocket socket, Listen(address));
  UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.ok()) return ErrnoStatus(errno, "eventfd");
  return std::unique_ptr<WebServer>(new WebServer(std::make_unique<Impl>(
      options, std::move(handlers), std::move(security), std::move(socket), std::move(wake))));
}

int WebServer::port() const { return impl_->port(); }

void WebServer::Stop() { impl_->Stop(); }

}  // namespace nsobs
