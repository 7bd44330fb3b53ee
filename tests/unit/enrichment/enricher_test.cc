#include "userspace/enrichment/enricher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr int64_t kSecond = 1'000'000'000;
const EngineSocket kRoots = {EngineKind::kDocker, "/run/docker.sock", 0};
const EngineSocket kUsers = {EngineKind::kDocker, "/run/user/1000/docker.sock", 1000};

ContainerRef Named(const std::string& id, uint32_t pid, const std::string& runtime = "docker") {
  auto out = std::make_shared<Container>();
  out->runtime = runtime;
  out->id = id;
  out->name = id;
  out->init = {pid, 1};
  return out;
}

// Pids from 1000 on are of user 1000.
class EnricherTest : public ::testing::Test {
 protected:
  EnricherTest()
      : enricher_({"auto", absl::Milliseconds(500), absl::Seconds(30)}, Access(), &clock_) {}

  EngineAccess Access() {
    EngineAccess access;
    access.find_sockets = [this] {
      ++searches_;
      return sockets_;
    };
    access.user_of = [](const ProcessKey& init) -> absl::StatusOr<uint32_t> {
      return init.pid >= 1000 ? 1000 : 0;
    };
    access.ask = [this](const EngineSocket& socket, const Container& container) {
      asked_.push_back(socket.path + " " + container.id);
      return Answer(container);
    };
    return access;
  }

  absl::StatusOr<EngineAnswer> Answer(const Container& container) {
    if (!status_.ok()) return status_;
    EngineAnswer answer;
    answer.id = lie_.empty() ? container.id : lie_;
    answer.labels = {{"app", container.id}};
    answer.health = health_;
    return answer;
  }

  // As the thread would: passes until `seconds` are over.
  void Run(int64_t seconds) {
    const int64_t end = clock_.BootNs() + seconds * kSecond;
    while (clock_.BootNs() < end) {
      const int64_t wait = enricher_.Pass();
      EXPECT_GT(wait, 0);
      clock_.AdvanceNs(std::min(wait, end - clock_.BootNs()));
    }
  }

  uint64_t Counted(const std::string& result) const {
    uint64_t sum = 0;
    for (const EngineRequestCount& c : enricher_.Counts().requests) {
      if (c.result == result) sum += c.value;
    }
    return sum;
  }

  FakeClock clock_{1000 * kSecond, 0};
  std::vector<EngineSocket> sockets_ = {kRoots, kUsers};
  absl::Status status_;
  std::string lie_, health_;
  std::vector<std::string> asked_;
  int searches_ = 0;
  Enricher enricher_;
};

TEST_F(EnricherTest, WithoutContainersNobodyIsLookedForOrAsked) {
  Run(600);
  EXPECT_EQ(searches_, 0);
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(EnricherTest, AnswersComeBackWithTheContainerTheyAreAbout) {
  enricher_.Tell(Named("web", 7));
  Run(1);
  const std::vector<Enrichment> answers = enricher_.Take();
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].id, "web");
  EXPECT_EQ(answers[0].init.pid, 7u);
  EXPECT_EQ(answers[0].engine, "docker");
  EXPECT_THAT(enricher_.Take(), IsEmpty());
  EXPECT_EQ(Counted("ok"), 1u);
}

TEST_F(EnricherTest, OnlyTheEngineOfItsUserAndKindIsAsked) {
  enricher_.Tell(Named("roots", 7));
  enricher_.Tell(Named("users", 1007));
  enricher_.Tell(Named("pods", 8, "podman"));
  Run(1);
  EXPECT_THAT(asked_, ::testing::UnorderedElementsAre("/run/docker.sock roots",
                                                      "/run/user/1000/docker.sock users"));
}

TEST_F(EnricherTest, HealthIsAskedForAgainTheRestSeldom) {
  enricher_.Tell(Named("web", 7));
  Run(299);
  EXPECT_THAT(asked_, SizeIs(1));
  health_ = "healthy";
  Run(10);
  EXPECT_THAT(asked_, SizeIs(2));
  Run(60);
  EXPECT_THAT(asked_, SizeIs(4));
}

TEST_F(EnricherTest, ARestartIsAskedAboutAtOnceAndTheDeadNever) {
  enricher_.Tell(Named("web", 7));
  Run(1);
  enricher_.Tell(Named("web", 8));
  Run(1);
  EXPECT_THAT(asked_, SizeIs(2));
  auto dead = std::make_shared<Container>(*Named("web", 8));
  dead->died_boot_ns = 1;
  enricher_.Tell(dead);
  Run(3600);
  EXPECT_THAT(asked_, SizeIs(2));
}

TEST_F(EnricherTest, WhoHangsIsLeftAloneAndFoundAgain) {
  status_ = absl::DeadlineExceededError("hangs");
  for (int i = 0; i < 20; ++i) enricher_.Tell(Named("web" + std::to_string(i), 7));
  Run(5);
  EXPECT_EQ(Counted("timeout"), 3u) << "one a pass, three until it is left alone";
  ASSERT_FALSE(enricher_.Counts().engines.empty());
  EXPECT_TRUE(enricher_.Counts().engines[0].breaker_open);
  Run(300);
  EXPECT_LE(Counted("timeout"), 9u) << "5, 10, 20, 40, 80, 160 s";
  status_ = absl::OkStatus();
  Run(310);
  EXPECT_EQ(Counted("ok"), 20u + (Counted("ok") > 20 ? Counted("ok") - 20 : 0));
  EXPECT_FALSE(enricher_.Counts().engines[0].breaker_open);
  EXPECT_GE(enricher_.Take().size(), 20u);
}

TEST_F(EnricherTest, HealthThatNobodyConfirmsIsTakenBack) {
  health_ = "healthy";
  enricher_.Tell(Named("web", 7));
  Run(1);
  auto healthy = std::make_shared<Container>(*Named("web", 7));
  AddEnrichment(enricher_.Take().at(0), healthy.get());
  enricher_.Tell(healthy);
  status_ = absl::DeadlineExceededError("hangs");
  Run(60);
  const std::vector<Enrichment> answers = enricher_.Take();
  ASSERT_FALSE(answers.empty());
  EXPECT_TRUE(answers.back().silent);
}

TEST_F(EnricherTest, AnAnswerAboutSomebodyElseIsNoAnswer) {
  lie_ = "other";
  enricher_.Tell(Named("web", 7));
  Run(1);
  EXPECT_THAT(enricher_.Take(), IsEmpty());
  EXPECT_GE(Counted("bad_answer"), 1u);
  EXPECT_EQ(Counted("ok"), 0u);
}

TEST_F(EnricherTest, AContainerThatTheEngineDoesNotKnowIsNoFailure) {
  status_ = absl::NotFoundError("404");
  enricher_.Tell(Named("web", 7));
  Run(600);
  EXPECT_EQ(Counted("not_found"), 2u);
  EXPECT_FALSE(enricher_.Counts().engines[0].breaker_open);
}

TEST_F(EnricherTest, AnEngineThatComesLaterIsFound) {
  sockets_ = {};
  enricher_.Tell(Named("web", 7));
  Run(8);
  EXPECT_THAT(asked_, IsEmpty());
  sockets_ = {kRoots};
  Run(12);
  EXPECT_THAT(asked_, ElementsAre("/run/docker.sock web"));
  EXPECT_LE(searches_, 5) << "one pass over /proc in five seconds at most";
}

TEST_F(EnricherTest, NewsAreBounded) {
  for (uint32_t i = 0; i < 3 * Enricher::kMaxContainers; ++i) {
    enricher_.Tell(Named("c" + std::to_string(i), 7));
  }
  for (int i = 0; i < 1000; ++i) {
    enricher_.Pass();
    clock_.AdvanceNs(kSecond / 10);
  }
  EXPECT_LE(asked_.size(), Enricher::kMaxContainers);
}

TEST(EnricherThreadTest, StopsWhileNothingIsToDo) {
  const SystemClock clock;
  EngineAccess access;
  access.find_sockets = [] { return std::vector<EngineSocket>(); };
  access.user_of = [](const ProcessKey&) -> absl::StatusOr<uint32_t> { return 0; };
  access.ask = [](const EngineSocket&, const Container&) -> absl::StatusOr<EngineAnswer> {
    return absl::NotFoundError("");
  };
  Enricher enricher({"auto", absl::Milliseconds(500), absl::Seconds(30)}, access, &clock);
  enricher.Start();
  enricher.Tell(Named("web", 7));
  enricher.Stop();
}

}  // namespace
}  // namespace nsobs
