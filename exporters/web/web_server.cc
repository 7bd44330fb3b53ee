#include "exporters/web/web_server.h"

#include <errno.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <string_view>

#include "absl/time/clock.h"
#include "exporters/web/connection_loop.h"
#include "exporters/web/front_keeper.h"
#include "exporters/web/http_service.h"
#include "exporters/web/listen_socket.h"
#include "exporters/web/security.h"
#include "userspace/base/status_util.h"

namespace nsobs {

namespace {

constexpr int kTries = 80;
constexpr absl::Duration kTryAgainAfter = absl::Milliseconds(25);

}  // namespace

class WebServer::Impl {
 public:
  Impl(const WebOptions& options, WebHandlers handlers, std::unique_ptr<WebSecurity> security,
       int port)
      : port_(port),
        replaced_(handlers.front_replaced),
        security_(std::move(security)),
        service_(options, std::move(handlers), security_.get()) {}

  absl::Status Listen(const WebOptions& options, UniqueFd listening) {
    const auto answer = [this](const RequestHead& head, bool last) {
      return service_.Answer(head, last);
    };
    if (options.front) {
      NSOBS_ASSIGN_OR_RETURN(front_, FrontKeeper::Start({.max_connections = options.max_connections,
                                                         .timeout = options.timeout,
                                                         .config_file = options.config_file},
                                                        std::move(listening), security_.get(),
                                                        {.answer = answer, .replaced = replaced_}));
      return absl::OkStatus();
    }
    UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake.ok()) return ErrnoStatus(errno, "eventfd");
    loop_ = std::make_unique<ConnectionLoop>(
        std::move(listening), std::move(wake),
        ConnectionLoop::Limits{.max_connections = options.max_connections,
                               .timeout = options.timeout},
        security_.get(), answer, IsForApi);
    return absl::OkStatus();
  }

  int port() const { return port_; }
  void Stop() {
    if (loop_ != nullptr) loop_->Stop();
    if (front_ != nullptr) front_->Stop();
  }

 private:
  const int port_;
  const HelperReplaced replaced_;
  const std::unique_ptr<WebSecurity> security_;
  HttpService service_;
  // Last: their threads use the others. One of the two.
  std::unique_ptr<ConnectionLoop> loop_;
  std::unique_ptr<FrontKeeper> front_;
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
  // A front whose daemon was killed holds the port for some milliseconds yet, on a busy host
  // longer.
  absl::StatusOr<ListenSocket> listening = nsobs::Listen(address);
  for (int i = 0; options.front && absl::IsAlreadyExists(listening.status()) && i < kTries; ++i) {
    absl::SleepFor(kTryAgainAfter);
    listening = nsobs::Listen(address);
  }
  NSOBS_ASSIGN_OR_RETURN(ListenSocket socket, std::move(listening));
  auto impl =
      std::make_unique<Impl>(options, std::move(handlers), std::move(security), socket.port);
  NSOBS_RETURN_IF_ERROR(impl->Listen(options, std::move(socket.fd)));
  return std::unique_ptr<WebServer>(new WebServer(std::move(impl)));
}

int WebServer::port() const { return impl_->port(); }

void WebServer::Stop() { impl_->Stop(); }

}  // namespace nsobs
