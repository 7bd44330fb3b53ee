// Clients that are slow on purpose (slowloris) take nothing from the others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <memory>
#include <vector>

#include "absl/time/clock.h"
#include "tests/unit/exporters/web/http_client.h"

namespace nsobs {
namespace {

using testing::Client;
using testing::Get;
using testing::PlainHandlers;
using testing::StartServer;

constexpr absl::Duration kSoon = absl::Seconds(1);

std::vector<std::unique_ptr<Client>> SlowClients(int port, int count, std::string_view sent) {
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < count; ++i) {
    clients.push_back(std::make_unique<Client>(port));
    clients.back()->Send(sent);
  }
  return clients;
}

absl::Duration TimeOfScrape(int port) {
  const absl::Time start = absl::Now();
  EXPECT_EQ(Get(port, "/metrics").body, "up 1\n");
  return absl::Now() - start;
}

TEST(SlowClient, ScrapesGoOn) {
  for (const int slow : {32, 64, 200}) {
    for (const char* sent : {"", "GET /metrics HTTP/1.1\r\nHost: x\r\nA: "}) {
      const auto server = StartServer(PlainHandlers(), absl::Seconds(60));
      const auto clients = SlowClients(server->port(), slow, sent);
      EXPECT_LT(TimeOfScrape(server->port()), kSoon) << slow << " of \"" << sent << "\"";
      EXPECT_LT(TimeOfScrape(server->port()), kSoon) << slow << " of \"" << sent << "\"";
    }
  }
}

TEST(SlowClient, WhoReadsNothingHoldsNobody) {
  const std::string large(4 << 20, 'x');
  WebHandlers handlers = PlainHandlers();
  std::atomic<bool> answer_large = true;
  handlers.metrics = [&] { return answer_large ? large : std::string("up 1\n"); };
  const auto server = StartServer(std::move(handlers), absl::Seconds(60));
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 40; ++i) {
    clients.push_back(std::make_unique<Client>(server->port(), 4096));
    clients.back()->Send("GET /metrics HTTP/1.1\r\n\r\n");
  }
  answer_large = false;
  EXPECT_LT(TimeOfScrape(server->port()), absl::Seconds(5));
}

TEST(SlowClient, TheOldestGiveWayWhenAnswersPileUp) {
  const std::string large(4 << 20, 'x');
  std::atomic<int> answered = 0;
  WebHandlers handlers = PlainHandlers();
  handlers.metrics = [&] {
    ++answered;
    return large;
  };
  const auto server = StartServer(std::move(handlers), absl::Seconds(60));
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 1; i <= 9; ++i) {
    clients.push_back(std::make_unique<Client>(server->port(), 4096));
    clients.back()->Send("GET /metrics HTTP/1.1\r\n\r\n");
    // One after the other: the answer before is in the loop's hands.
    while (answered < i) EXPECT_EQ(Get(server->port(), "/-/healthy").status, 200);
  }
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Get(server->port(), "/-/healthy").status, 200);
  // 36 MiB were asked for, 16 are kept, and what the sockets hold.
  EXPECT_EQ(clients.front()->Receive(absl::Seconds(20)).status, 0) << "cut in the middle";
  EXPECT_EQ(clients.back()->Receive(absl::Seconds(20)).body.size(), large.size());
}

TEST(SlowClient, ATimeoutEndsEachState) {
  WebHandlers handlers = PlainHandlers();
  const std::string large(8 << 20, 'x');
  handlers.metrics = [&] { return large; };
  const auto server = StartServer(std::move(handlers), absl::Milliseconds(300));
  Client silent(server->port());
  Client half(server->port());
  half.Send("GET / HT");
  Client idle(server->port());
  idle.Send("GET /-/healthy HTTP/1.1\r\n\r\n");
  EXPECT_EQ(idle.Receive().status, 200);
  Client deaf(server->port(), 4096);
  deaf.Send("GET /metrics HTTP/1.1\r\n\r\n");
  for (Client* client : {&silent, &half, &idle}) {
    EXPECT_TRUE(client->ClosedWithin(absl::Seconds(5)));
  }
  absl::SleepFor(absl::Milliseconds(600));  // is deaf: its time passes
  EXPECT_TRUE(deaf.ClosedWithin(absl::Seconds(5))) << "the answer was cut";
}

TEST(SlowClient, DripsDoNotExtendTheTime) {
  const auto server = StartServer(PlainHandlers(), absl::Milliseconds(300));
  Client client(server->port());
  const absl::Time start = absl::Now();
  while (client.Send("G") && absl::Now() - start < absl::Seconds(10)) {
    if (client.ClosedWithin(absl::Milliseconds(50))) break;
  }
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
}

TEST(SlowClient, StopWaitsForNone) {
  for (const char* sent : {"", "GET /metrics HTTP/1.1\r\nHost"}) {
    const auto server = StartServer(PlainHandlers(), absl::Seconds(60));
    const auto clients = SlowClients(server->port(), 64, sent);
    const absl::Time start = absl::Now();
    server->Stop();
    EXPECT_LT(absl::Now() - start, kSoon);
    EXPECT_TRUE(clients.front()->ClosedWithin(kSoon));
    server->Stop();  // again: nothing
  }
}

TEST(SlowClient, StopDuringAnAnswer) {
  WebHandlers handlers = PlainHandlers();
  std::latch begun(1), go_on(1);
  handlers.metrics = [&] {
    begun.count_down();
    go_on.wait();
    return std::string("up 1\n");
  };
  const auto server = StartServer(std::move(handlers));
  Client client(server->port());
  client.Send("GET /metrics HTTP/1.1\r\n\r\n");
  begun.wait();
  go_on.count_down();
  server->Stop();
  EXPECT_TRUE(client.ClosedWithin(kSoon));
}

TEST(SlowClient, ASlowHandlerDoesNotStopOthers) {
  WebHandlers handlers = PlainHandlers();
  std::latch begun(1), go_on(1);
  handlers.metrics = [&] {
    begun.count_down();
    go_on.wait();
    return std::string("up 1\n");
  };
  const auto server = StartServer(std::move(handlers));
  Client client(server->port());
  client.Send("GET /metrics HTTP/1.1\r\n\r\n");
  begun.wait();
  EXPECT_EQ(Get(server->port(), "/-/healthy").status, 200);
  go_on.count_down();
  EXPECT_EQ(client.Receive().body, "up 1\n");
}

}  // namespace
}  // namespace nsobs
