#include "userspace/enrichment/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;

const char kId[] = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

Container Web() {
  Container container;
  container.runtime = "podman";
  container.id = kId;
  container.name = "web";
  container.init = {4711, 99};
  return container;
}

EngineAnswer About(const Container& container) {
  EngineAnswer answer;
  answer.id = container.id;
  answer.pid = container.init.pid;
  return answer;
}

TEST(AcceptTest, TakesWhatIsAboutTheContainer) {
  EngineAnswer answer = About(Web());
  answer.pod = "shop";
  answer.health = "healthy";
  answer.restart_count = 3;
  answer.labels = {{"app", "web"}};
  const auto accepted = Accept(answer, Web(), "podman");
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->id, kId);
  EXPECT_EQ(accepted->init, Web().init);
  EXPECT_EQ(accepted->engine, "podman");
  EXPECT_EQ(accepted->pod, "shop");
  EXPECT_EQ(accepted->image, std::nullopt) << "nothing said is nothing known";
  EXPECT_EQ(accepted->health, "healthy");
  EXPECT_EQ(accepted->restart_count, 3u);
  EXPECT_THAT(accepted->labels, ElementsAre(Pair("app", "web")));
}

TEST(AcceptTest, AnotherIdOrAnotherInitIsAnotherContainer) {
  EngineAnswer other_id = About(Web());
  other_id.id[0] = 'f';
  EXPECT_FALSE(Accept(other_id, Web(), "podman"));
  EngineAnswer prefix = About(Web());
  prefix.id.resize(12);
  EXPECT_FALSE(Accept(prefix, Web(), "podman"));
  EngineAnswer other_init = About(Web());
  other_init.pid = 1;
  EXPECT_FALSE(Accept(other_init, Web(), "podman"));
}

TEST(AcceptTest, TextsAreCleanAndShort) {
  EngineAnswer answer = About(Web());
  answer.image = "\x1b[31mred\n\xff";
  answer.pod = std::string(100'000, 'x');
  answer.health = "\x1b[2Jhealthy";
  answer.labels = {{"bad\nkey", "a\tb\x1b[0m"}, {std::string(300, 'k'), "too long a key"}};
  const auto accepted = Accept(answer, Web(), "podman");
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->image->find_first_of("\x1b\n"), std::string::npos);
  EXPECT_THAT(*accepted->pod, SizeIs(512));
  EXPECT_EQ(accepted->health, std::nullopt) << "only what health is called";
  ASSERT_THAT(accepted->labels, SizeIs(1));
  EXPECT_EQ(accepted->labels.begin()->first.find('\n'), std::string::npos);
  EXPECT_EQ(accepted->labels.begin()->second.find_first_of("\x1b\t"), std::string::npos);
}

TEST(AcceptTest, LabelsAreFewAndTogetherNotLarge) {
  EngineAnswer many = About(Web());
  for (int i = 0; i < 5000; ++i) many.labels["key" + std::to_string(i)] = "v";
  EXPECT_THAT(Accept(many, Web(), "podman")->labels, SizeIs(64));
  EngineAnswer large = About(Web());
  for (int i = 0; i < 60; ++i) large.labels["key" + std::to_string(i)] = std::string(1 << 20, 'v');
  size_t bytes = 0;
  const auto accepted = Accept(large, Web(), "podman");
  for (const auto& [key, value] : accepted->labels) bytes += key.size() + value.size();
  EXPECT_GT(bytes, 8u << 10);
  EXPECT_LE(bytes, 16u << 10);
}

TEST(AddEnrichmentTest, FillsWhatIsMissingAndMarksIt) {
  Container container = Web();
  container.image = "from-file";
  container.labels = {{"app", "file"}};
  Enrichment said;
  said.engine = "podman";
  said.image = "from-engine";
  said.pod = "shop";
  said.labels = {{"app", "engine"}, {"tier", "front"}};
  AddEnrichment(said, &container);
  EXPECT_EQ(container.image, "from-file") << "files are believed first";
  EXPECT_EQ(container.pod, "shop");
  EXPECT_THAT(container.labels, ElementsAre(Pair("app", "file"), Pair("tier", "front")));
  EXPECT_THAT(container.enriched, ElementsAre(Pair("labels", "podman"), Pair("pod", "podman")));
  EXPECT_EQ(container.name, "web");
}

}  // namespace
}  // namespace nsobs
