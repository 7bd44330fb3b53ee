#include "tests/unit/exporters/web/http_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace nsobs::testing {
namespace {

void ReadHeaders(const std::string& head, Reply& reply) {
  std::istringstream lines(head);
  std::string line, version;
  std::getline(lines, line);
  std::istringstream(line) >> version >> reply.status;
  while (std::getline(lines, line)) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::string name = absl::AsciiStrToLower(line.substr(0, colon));
    EXPECT_FALSE(reply.headers.contains(name)) << "header twice: " << name;
    reply.headers[name] = std::string(absl::StripAsciiWhitespace(line.substr(colon + 1)));
  }
}

}  // namespace

Client::Client(int port, int receive_buffer) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer > 0) {
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
  }
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
}

bool Client::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

bool Client::More(absl::Time until) {
  pollfd p = {fd_.get(), POLLIN, 0};
  const int64_t left = std::max<int64_t>(0, absl::ToInt64Milliseconds(until - absl::Now()));
  if (poll(&p, 1, static_cast<int>(left)) <= 0) return false;
  char buffer[65536];
  const ssize_t n = recv(fd_.get(), buffer, sizeof(buffer), 0);
  if (n <= 0) {
    ended_ = true;
    return false;
  }
  in_.append(buffer, static_cast<size_t>(n));
  return true;
}

Reply Client::Receive(absl::Duration timeout, bool head) {
  const absl::Time until = absl::Now() + timeout;
  Reply reply;
  size_t end;
  while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
    if (!More(until)) return reply;
  }
  ReadHeaders(in_.substr(0, end), reply);
  in_.erase(0, end + 4);
  if (head) return reply;
  const size_t length = strtoul(reply.headers["content-length"].c_str(), nullptr, 10);
  while (in_.size() < length) {
    if (!More(until)) return Reply{};
  }
  reply.body = in_.substr(0, length);
  in_.erase(0, length);
  return reply;
}

bool Client::ClosedWithin(absl::Duration timeout) {
  const absl::Time until = absl::Now() + timeout;
  while (More(until)) {
  }
  return ended_;
}

Reply Get(int port, std::string_view path, std::string_view more_headers) {
  Client client(port);
  client.Send("GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + std::string(more_headers) +
              "\r\n");
  return client.Receive();
}

WebHandlers PlainHandlers() {
  return {.metrics = [] { return std::string("up 1\n"); },
          .ready = [](std::string*) { return true; }};
}

std::unique_ptr<WebServer> StartServer(WebHandlers handlers, absl::Duration timeout,
                                       size_t max_connections) {
  auto server = WebServer::Start({.listen_address = "127.0.0.1:0",
                                  .max_connections = max_connections,
                                  .timeout = timeout,
                                  .version = "1.2<3>"},
                                 std::move(handlers));
  EXPECT_TRUE(server.ok()) << server.status();
  return server.ok() ? std::move(*server) : nullptr;
}

}  // namespace nsobs::testing
