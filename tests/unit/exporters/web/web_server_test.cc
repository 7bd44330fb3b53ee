#include "exporters/web/web_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <atomic>
#include <stdexcept>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/unit/exporters/web/http_client.h"

namespace nsobs {
namespace {

using testing::Client;
using testing::Get;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::PlainHandlers;
using testing::Reply;
using testing::StartServer;

std::string Header(const Reply& reply, const std::string& name) {
  const auto it = reply.headers.find(name);
  return it == reply.headers.end() ? "(none)" : it->second;
}

void ExpectStrictHeaders(const Reply& reply) {
  EXPECT_EQ(Header(reply, "content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
  EXPECT_EQ(Header(reply, "x-content-type-options"), "nosniff");
  EXPECT_EQ(Header(reply, "cache-control"), "no-store");
}

TEST(WebServer, Pages) {
  const auto server = StartServer(PlainHandlers());
  const struct {
    const char* path;
    int status;
    const char* type;
    const char* body;
  } kCases[] = {
      {"/metrics", 200, "text/plain; version=0.0.4; charset=utf-8", "up 1\n"},
      {"/metrics?x=y", 200, "text/plain; version=0.0.4; charset=utf-8", "up 1\n"},
      {"/-/healthy", 200, "text/plain; charset=utf-8", "healthy\n"},
      {"/-/ready", 200, "text/plain; charset=utf-8", "ready\n"},
      {"/", 200, "text/html; charset=utf-8", "<h1>nsobserver 1.2&lt;3&gt;</h1>"},
      {"/metrics/", 404, "text/plain; charset=utf-8", "no such page\n"},
      {"/../etc/passwd", 404, "text/plain; charset=utf-8", "no such page\n"},
      {"/%00", 404, "text/plain; charset=utf-8", "no such page\n"},
      {"/favicon.ico", 404, "text/plain; charset=utf-8", "no such page\n"},
      {"//", 404, "text/plain; charset=utf-8", "no such page\n"},
  };
  for (const auto& c : kCases) {
    const Reply reply = Get(server->port(), c.path);
    EXPECT_EQ(reply.status, c.status) << c.path;
    EXPECT_EQ(Header(reply, "content-type"), c.type) << c.path;
    EXPECT_THAT(reply.body, HasSubstr(c.body)) << c.path;
    ExpectStrictHeaders(reply);
  }
}

TEST(WebServer, HeadIsNotAScrape) {
  std::atomic<int> scrapes = 0;
  WebHandlers handlers = PlainHandlers();
  handlers.metrics = [&] {
    ++scrapes;
    return std::string("up 1\n");
  };
  const auto server = StartServer(std::move(handlers));
  for (const char* path : {"/metrics", "/-/healthy", "/"}) {
    Client client(server->port());
    client.Send(absl::StrCat("HEAD ", path, " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    EXPECT_EQ(client.Receive(absl::Seconds(5), true).status, 200) << path;
    EXPECT_EQ(client.Receive(absl::Seconds(5), true).status, 0) << path << " has a body";
  }
  EXPECT_EQ(scrapes, 0);
}

TEST(WebServer, OtherMethodsAreRefused) {
  const auto server = StartServer(PlainHandlers());
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    Client client(server->port());
    client.Send(absl::StrCat(method, " /metrics HTTP/1.1\r\nHost: x\r\n\r\n"));
    const Reply reply = client.Receive();
    EXPECT_EQ(reply.status, 405) << method;
    EXPECT_EQ(Header(reply, "allow"), "GET, HEAD") << method;
    ExpectStrictHeaders(reply);
  }
}

TEST(WebServer, BadRequestsAreAnsweredAndClosed) {
  const auto server = StartServer(PlainHandlers());
  const struct {
    std::string request;
    int status;
  } kCases[] = {
      {"POST /metrics HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 413},
      {"GET /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 413},
      {"POST / HTTP/1.1\r\nContent-Length: 900000\r\n\r\n" + std::string(900000, 'x'), 413},
      {"nonsense\r\n\r\n", 400},
      {"BREW / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nA: " + std::string(10000, 'a') + "\r\n\r\n", 431},
      {"GET /" + std::string(100000, 'a'), 431},
      {std::string(9000, '\n'), 431},
  };
  for (const auto& c : kCases) {
    Client client(server->port());
    client.Send(c.request);
    EXPECT_EQ(client.Receive().status, c.status) << c.request.substr(0, 40);
    EXPECT_TRUE(client.ClosedWithin(absl::Seconds(3)) || c.status == 400)
        << c.request.substr(0, 40);
  }
  EXPECT_EQ(Get(server->port(), "/-/healthy").status, 200);
}

TEST(WebServer, RangesAndOddEncodingsChangeNothing) {
  const auto server = StartServer(PlainHandlers());
  const Reply reply =
      Get(server->port(), "/metrics",
          "Range: bytes=0-1,0-1\r\nAccept-Encoding: br\r\nExpect: 100-continue\r\n");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "up 1\n");
  EXPECT_EQ(Header(reply, "content-encoding"), "(none)");
}

std::string Gunzip(const std::string& in) {
  std::string out(1 << 20, '\0');
  z_stream z = {};
  EXPECT_EQ(inflateInit2(&z, 16 + MAX_WBITS), Z_OK);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  z.avail_in = static_cast<uInt>(in.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
  out.resize(z.total_out);
  inflateEnd(&z);
  return out;
}

TEST(WebServer, GzipIfAsked) {
  std::string page;
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&page, "some_metric{container=\"c", i, "\"} 1\n");
  WebHandlers handlers = PlainHandlers();
  handlers.metrics = [&] { return page; };
  const auto server = StartServer(std::move(handlers));
  const Reply plain = Get(server->port(), "/metrics");
  EXPECT_EQ(Header(plain, "content-encoding"), "(none)");
  EXPECT_EQ(plain.body, page);
  const Reply zipped = Get(server->port(), "/metrics", "Accept-Encoding: gzip\r\n");
  EXPECT_EQ(Header(zipped, "content-encoding"), "gzip");
  EXPECT_LT(zipped.body.size(), page.size() / 4);
  EXPECT_EQ(Gunzip(zipped.body), page);
}

TEST(WebServer, NotReadySaysWhy) {
  WebHandlers handlers = PlainHandlers();
  handlers.ready = [](std::string* why_not) {
    *why_not = "the first scan of the host is under way";
    return false;
  };
  const auto server = StartServer(std::move(handlers));
  const Reply reply = Get(server->port(), "/-/ready");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.body, "not ready: the first scan of the host is under way\n");
  EXPECT_EQ(Get(server->port(), "/-/healthy").status, 200);
}

TEST(WebServer, AHandlerThatThrowsIsAnError) {
  WebHandlers handlers = PlainHandlers();
  handlers.metrics = []() -> std::string { throw std::runtime_error("secret"); };
  const auto server = StartServer(std::move(handlers));
  const Reply reply = Get(server->port(), "/metrics");
  EXPECT_EQ(reply.status, 500);
  EXPECT_THAT(reply.body, Not(HasSubstr("secret")));
  for (const auto& [name, value] : reply.headers) EXPECT_THAT(value, Not(HasSubstr("secret")));
  EXPECT_EQ(Get(server->port(), "/-/healthy").status, 200);
}

TEST(WebServer, KeepsTheConnectionForAWhile) {
  const auto server = StartServer(PlainHandlers());
  Client client(server->port());
  int answered = 0;
  for (; answered < 1000; ++answered) {
    if (!client.Send("GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n")) break;
    const Reply reply = client.Receive();
    if (reply.status == 0) break;
    ASSERT_EQ(reply.status, 200);
  }
  EXPECT_EQ(answered, 100) << "and not for ever";
}

TEST(WebServer, RequestsThatComeTogetherAreAnsweredInOrder) {
  const auto server = StartServer(PlainHandlers());
  Client client(server->port());
  client.Send(
      "GET /-/healthy HTTP/1.1\r\n\r\nGET /metrics HTTP/1.1\r\n\r\nGET /no HTTP/1.1\r\n\r\n"
      "GET /-/ready HTTP/1.0\r\n\r\nGET /metrics HTTP/1.1\r\n\r\n");
  EXPECT_EQ(client.Receive().body, "healthy\n");
  EXPECT_EQ(client.Receive().body, "up 1\n");
  EXPECT_EQ(client.Receive().status, 404);
  const Reply last = client.Receive();
  EXPECT_EQ(last.body, "ready\n");
  EXPECT_EQ(Header(last, "connection"), "close");
  EXPECT_EQ(client.Receive().status, 0) << "nothing after the one that closes";
}

TEST(WebServer, ByteByByte) {
  const auto server = StartServer(PlainHandlers());
  Client client(server->port());
  for (char c : std::string("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")) {
    ASSERT_TRUE(client.Send(std::string_view(&c, 1)));
  }
  EXPECT_EQ(client.Receive().body, "up 1\n");
}

TEST(WebServer, RandomBytesDoNoHarm) {
  const auto server = StartServer(PlainHandlers());
  uint32_t state = 1;
  for (int round = 0; round < 200; ++round) {
    std::string bytes = round % 2 ? "GET / HTTP/1.1\r\n" : "";
    for (int i = 0; i < 300; ++i) {
      state = state * 1664525 + 1013904223;
      bytes.push_back(static_cast<char>(state >> 24));
    }
    Client client(server->port());
    client.Send(bytes + "\r\n\r\n");
  }
  EXPECT_EQ(Get(server->port(), "/metrics").body, "up 1\n");
}

TEST(WebServer, PortInUseIsOneClearLine) {
  const auto server = StartServer(PlainHandlers());
  const auto second = WebServer::Start(
      {.listen_address = absl::StrCat("127.0.0.1:", server->port())}, PlainHandlers());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kAlreadyExists);
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("the port is in use"));
}

TEST(WebServer, BadOptions) {
  for (const WebOptions& options :
       {WebOptions{.listen_address = "nowhere"}, WebOptions{.max_connections = 0},
        WebOptions{.timeout = absl::ZeroDuration()}}) {
    const auto server = WebServer::Start(options, PlainHandlers());
    ASSERT_FALSE(server.ok());
    EXPECT_EQ(server.status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(WebServer, ManyClientsAtOnce) {
  const auto server = StartServer(PlainHandlers());
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (int t = 0; t < 8; ++t) {
    clients.emplace_back([&] {
      for (int i = 0; i < 50; ++i) good += Get(server->port(), "/metrics").body == "up 1\n";
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 400);
}

}  // namespace
}  // namespace nsobs
