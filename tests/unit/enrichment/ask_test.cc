// Answers as real engines gave them (recorded/), and such as none should give.
#include "userspace/enrichment/ask.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "userspace/enrichment/bounded_json.h"
#include "userspace/enrichment/wire.h"

namespace nsobs {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Pair;
using ::testing::SizeIs;

std::string Recorded(const std::string& name) {
  std::ifstream file(std::string(NSOBS_RECORDED) + "/" + name);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(DockerTest, Recorded) {
  const auto answer = ParseDockerInspect(Recorded("docker_inspect.json"));
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->id, "dafe5f3bc6a47bd8a575b67d6b44586772d99e929f28ff4a2f704baecd7a86af");
  EXPECT_EQ(answer->pid, 8132u);
  EXPECT_EQ(answer->health, "healthy");
  EXPECT_EQ(answer->restart_count, 0u);
  EXPECT_THAT(answer->labels, AllOf(Contains(Pair("app", "web")),
                                    Contains(Pair("com.docker.compose.project", "shop"))));
}

TEST(PodmanTest, Recorded) {
  std::string pod_id;
  const auto answer = ParsePodmanInspect(Recorded("podman_inspect.json"), &pod_id);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->id, "f57d8d37d5afc7993d8b4c675d383d1ae1cebf0dc86fad59000ecf0c2760b98a");
  EXPECT_EQ(answer->pid, 8549u);
  EXPECT_THAT(answer->labels, Contains(Pair("app", "web")));
  EXPECT_EQ(pod_id, "b5e49b974f745148615df7668bd5f408d2c6bc92eb99506c8d78a4f5300536a3");
  const auto pod = ParsePodmanPod(Recorded("podman_pod.json"), pod_id);
  ASSERT_TRUE(pod.ok()) << pod.status();
  EXPECT_EQ(*pod, "rec-pod");
  EXPECT_FALSE(ParsePodmanPod(Recorded("podman_pod.json"), std::string(64, 'a')).ok());
}

TEST(DockerTest, WhatHasNoSenseIsNoAnswer) {
  const std::string deep =
      "{\"Id\":\"a\",\"x\":" + std::string(100'000, '[') + std::string(100'000, ']') + "}";
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), std::string("{}"),
        std::string("{\"Id\":7}"), std::string("{\"Id\":\"a\""), std::string("\xff\xfe"), deep}) {
    EXPECT_TRUE(absl::IsDataLoss(ParseDockerInspect(text).status())) << text.substr(0, 40);
  }
}

TEST(DockerTest, FieldsOfAnotherTypeAreNotThere) {
  const auto answer = ParseDockerInspect(
      R"({"Id":"a","State":{"Pid":-1,"Health":[1]},"RestartCount":99999999999,
          "Config":{"Labels":{"a":1,"b":"c","d":{"e":"f"}},"Image":null}})");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->pid, 0u);
  EXPECT_EQ(answer->health, "");
  EXPECT_EQ(answer->restart_count, std::nullopt);
  EXPECT_THAT(answer->labels, ElementsAre(Pair("b", "c")));
  EXPECT_TRUE(ParseDockerInspect(R"({"Id":"a","State":"x","Config":[]})").ok());
}

// Each cut and each changed byte of a real answer is read without harm.
TEST(DockerTest, DamagedAnswersDoNoHarm) {
  const std::string whole = Recorded("docker_inspect.json");
  for (size_t i = 0; i < whole.size(); i += 7) {
    (void)ParseDockerInspect(std::string_view(whole).substr(0, i));
    std::string damaged = whole;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    (void)ParseDockerInspect(damaged);
  }
}

TEST(BoundedJsonTest, KeepsOnlyWhatIsWanted) {
  const auto json = ParseObject(R"({"a":{"b":1,"c":2},"d":[[[3]]],"e":"]]]]"})", {"a", "e"}, {"b"});
  ASSERT_TRUE(json);
  EXPECT_EQ(*json, nlohmann::json::parse(R"({"a":{"b":1},"e":"]]]]"})"));
}

std::string MapEntry(const std::string& key, const std::string& value) {
  std::string out;
  AppendBytes(1, key, &out);
  AppendBytes(2, value, &out);
  return out;
}

TEST(ContainerdTest, AContainer) {
  std::string container, message;
  AppendBytes(1, "web", &container);
  AppendBytes(2, MapEntry("app", "web"), &container);
  AppendBytes(2, MapEntry("long", std::string(300, 'v')), &container);
  AppendBytes(3, "docker.io/library/web:1", &container);
  container += std::string("\x58\x07", 2);  // field 11, a number that we don't know
  AppendBytes(1, container, &message);
  const auto answer = ParseContainerdContainer(message);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->id, "web");
  EXPECT_EQ(answer->image, "docker.io/library/web:1");
  EXPECT_THAT(answer->labels, ElementsAre(Pair("app", "web"), Pair("long", std::string(300, 'v'))));
}

TEST(ContainerdTest, NamespacesThatCouldBreakAHeaderAreLeftOut) {
  std::string message;
  for (const char* name : {"k8s.io", "moby", "bad\r\nx: y", "", "default"}) {
    std::string ns;
    AppendBytes(1, name, &ns);
    AppendBytes(1, ns, &message);
  }
  const auto names = ParseContainerdNamespaces(message);
  ASSERT_TRUE(names.ok());
  EXPECT_THAT(*names, ElementsAre("k8s.io", "moby", "default"));
}

TEST(ContainerdTest, DamagedMessages) {
  for (const std::string& message :
       {std::string("\x0a\xff"), std::string("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        std::string("\x0b"), std::string("\x02x"), std::string("\xff\xff\xff\xff")}) {
    EXPECT_FALSE(ParseContainerdContainer(message).ok());
    EXPECT_FALSE(ParseContainerdTask(message).ok());
    EXPECT_FALSE(ParseContainerdNamespaces(message).ok());
    std::string sandbox;
    EXPECT_FALSE(ParseCriContainers(message, &sandbox).ok());
    EXPECT_FALSE(ParseCriSandboxes(message).ok());
  }
}

TEST(CriTest, AContainerAndItsPod) {
  std::string metadata, image, container, list;
  AppendBytes(1, "web", &metadata);
  metadata += std::string("\x10\x03", 2);  // attempt: 3
  AppendBytes(1, "localhost/web:1", &image);
  AppendBytes(1, std::string(64, 'a'), &container);
  AppendBytes(2, std::string(64, 'b'), &container);
  AppendBytes(3, metadata, &container);
  AppendBytes(4, image, &container);
  AppendBytes(8, MapEntry("io.kubernetes.container.name", "web"), &container);
  AppendBytes(1, container, &list);
  std::string sandbox_id;
  const auto answer = ParseCriContainers(list, &sandbox_id);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->id, std::string(64, 'a'));
  EXPECT_EQ(sandbox_id, std::string(64, 'b'));
  EXPECT_EQ(answer->restart_count, 3u);
  EXPECT_EQ(answer->image, "localhost/web:1");
  EXPECT_THAT(answer->labels, SizeIs(1));
  EXPECT_TRUE(absl::IsNotFound(ParseCriContainers("", &sandbox_id).status()));
}

TEST(WireTest, MapsAreBounded) {
  std::map<std::string, std::string> map;
  for (int i = 0; i < 10'000; ++i) TakeMapEntry(MapEntry(std::to_string(i), "v"), &map);
  EXPECT_THAT(map, SizeIs(256));
}

}  // namespace
}  // namespace nsobs
