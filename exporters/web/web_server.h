// The daemon's HTTP port: /metrics, /-/healthy, /-/ready, the timeline page and its API.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "userspace/event/helper_end.h"

namespace nsobs {

class Api;

struct WebOptions {
  // "127.0.0.1:9917", "[::1]:9917", ":9917" (all addresses), "0.0.0.0:9917"; port 0: any free one.
  std::string listen_address = "127.0.0.1:9917";
  size_t max_connections = 64;
  // For each of: a request's head, its answer, the silence between two requests.
  absl::Duration timeout = absl::Seconds(5);
  std::string version = "";  // for the landing page
  // TLS, client certificates and users (web_config.h); "": plain HTTP for everybody.
  std::string config_file = "";
  // The port is served by a process of its own, without privilege (front.h): this program, started
  // with kFrontCommand. Off: by a thread of this process.
  bool front = false;
};

// Called from several threads at once. They must return within the time that Stop() may take.
struct WebHandlers {
  std::function<std::string()> metrics;  // text format 0.0.4
  std::function<bool(std::string* why_not)> ready;
  // Must outlive Stop(). nullptr: neither API nor timeline page, "/" is a list of links.
  Api* api = nullptr;
  // With WebOptions::front: another process has taken the place of one that ended or hung.
  HelperReplaced front_replaced = [](const HelperEnd&) {};
};

// No client can hold a thread: one thread moves the bytes of all connections, and only complete
// requests reach the few workers.
class WebServer {
 public:
  // Listens before it returns. INVALID_ARGUMENT for an address that can't be read,
  // ALREADY_EXISTS for a port in use, FAILED_PRECONDITION or PERMISSION_DENIED for one that can't
  // be had; each message is one line that names the address and what to do. A config_file that is
  // wrong: INVALID_ARGUMENT with file and line.
  static absl::StatusOr<std::unique_ptr<WebServer>> Start(const WebOptions& options,
                                                          WebHandlers handlers);
  ~WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  int port() const;

  // Closes every connection and joins all threads; idempotent. Waits for no client, only for
  // handlers that are running.
  void Stop();

 private:
  class Impl;
  explicit WebServer(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace nsobs
