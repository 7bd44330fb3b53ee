#include "userspace/correlation/runtimes/oci_state.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/correlation/fake_host.h"

namespace nsobs {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

constexpr char kDockerId[] = "7c754181407041f17d2d9045aa029d90fffdc025346bf53f8e663012dcf2cc29";
constexpr char kPodmanId[] = "d84c214d49999c108e02d5b9f53f4dfc7472669efabb1df0de26a6fc403895c7";
constexpr char kPodId[] = "3795fb8537e865a504df0ebabd5f920ae9ac093022892cc70c65c0c1c8020862";

TEST(OciStateTest, RuncState) {
  const auto state = ParseRuncState(Fixture("docker_runc_state.json"));
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(state->id, kDockerId);
  EXPECT_EQ(state->init_pid, 32572u);
  EXPECT_EQ(state->init_start_ticks, 338590u);
  EXPECT_EQ(state->cgroup_paths.at(""), std::string("/sys/fs/cgroup/unified/docker/") + kDockerId);
  EXPECT_EQ(state->cgroup_paths.at("memory"),
            std::string("/sys/fs/cgroup/memory/docker/") + kDockerId);
  EXPECT_THAT(state->annotations, IsEmpty());
  EXPECT_TRUE(state->bundle.ends_with(kDockerId));
}

TEST(OciStateTest, RuncStateKeepsAnnotations) {
  const auto state = ParseRuncState(Fixture("runc_state.json"));
  ASSERT_TRUE(state.has_value());
  EXPECT_THAT(state->annotations, Contains(Pair("com.example.app", "raw-runc")));
  EXPECT_THAT(state->annotations, Contains(Pair("org.opencontainers.image.ref.name", "bb:1")));
  EXPECT_EQ(state->annotations.count("bundle"), 0u);
  const auto podman = ParseRuncState(Fixture("podman_runc_state.json"));
  EXPECT_THAT(podman->annotations, Contains(Pair("io.container.manager", "libpod")));
}

TEST(OciStateTest, CrunStatus) {
  const auto state = ParseCrunStatus(
      R"({"pid": 15537, "process-start-time": 378399, "cgroup-path": "/raw-crun-1",
          "bundle": "/b"})");
  ASSERT_TRUE(state.has_value());
  EXPECT_EQ(state->init_pid, 15537u);
  EXPECT_EQ(state->init_start_ticks, 378399u);
  EXPECT_THAT(state->cgroup_paths,
              ElementsAre(Pair("", "/raw-crun-1"), Pair("memory", "/raw-crun-1")));
  // Rootless: it has none of its own.
  EXPECT_THAT(ParseCrunStatus(R"({"pid": 1, "cgroup-path": ""})")->cgroup_paths, IsEmpty());
}

TEST(OciStateTest, Spec) {
  const auto spec = ParseOciSpec(Fixture("cri_container_config.json"));
  ASSERT_TRUE(spec.has_value());
  EXPECT_THAT(spec->annotations, Contains(Pair("io.kubernetes.cri.container-name", "nginx")));
  EXPECT_TRUE(spec->cgroups_path.starts_with("/kubepods/burstable/pod3f1f8c7e-"));
  const auto docker = ParseOciSpec(Fixture("docker_bundle_config.json"));
  ASSERT_TRUE(docker.has_value());
  EXPECT_THAT(docker->annotations, IsEmpty());  // null
  EXPECT_EQ(docker->hostname, "7c7541814070");
  EXPECT_THAT(docker->mount_sources,
              Contains(testing::HasSubstr(std::string("/containers/") + kDockerId)));
}

TEST(OciStateTest, VolumesAreWhatIsBoundFromTheHost) {
  const auto spec = ParseOciSpec(R"({"mounts": [
    {"destination": "/data", "source": "/srv/data", "type": "bind", "options": ["rbind"]},
    {"destination": "/etc/app", "source": "/srv/app", "type": "none", "options": ["bind", "ro"]},
    {"destination": "/etc/hosts", "source": "/run/hosts", "type": "bind"},
    {"destination": "/dev/shm", "source": "/run/shm", "type": "bind"},
    {"destination": "/proc/kcore", "source": "/dev/null", "type": "bind"},
    {"destination": "/", "source": "/srv", "type": "bind"},
    {"destination": "relative", "source": "/srv", "type": "bind"},
    {"destination": "/tmp", "source": "tmpfs", "type": "tmpfs"},
    {"destination": "/x", "source": "relative", "type": "bind", "options": 7}]})");
  ASSERT_TRUE(spec.has_value());
  EXPECT_THAT(spec->volumes, ElementsAre("/data", "/etc/app"));
  std::string many = R"({"mounts": [)";
  for (int i = 0; i < 1000; ++i) {
    many += (i == 0 ? "" : ",");
    many += R"({"source": "/s", "type": "bind", "destination": "/)" + std::to_string(i) + "\"}";
  }
  EXPECT_EQ(ParseOciSpec(many + "]}")->volumes.size(), 64u);
}

TEST(OciStateTest, Docker) {
  const auto config = ParseDockerConfig(Fixture("docker_config.v2.json"));
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->id, kDockerId);
  EXPECT_EQ(config->name, "web-1");
  EXPECT_EQ(config->image, "bb:1");
  EXPECT_THAT(config->labels, ElementsAre(Pair("app", "web"), Pair("com.example.team", "infra")));
  EXPECT_TRUE(config->running);
  EXPECT_EQ(config->pid, 32572u);
}

TEST(OciStateTest, PodmanList) {
  const std::string text = Fixture("podman_containers.json");
  const auto found = FindStorageContainer(text, kPodmanId);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->name, "pweb-1");
  EXPECT_EQ(found->image, "localhost/bb:1");
  EXPECT_FALSE(FindStorageContainer(text, FullId("e")).has_value());
  EXPECT_FALSE(FindStorageContainer(text.substr(0, 100), kPodmanId).has_value());
}

TEST(OciStateTest, ContainersOfCrioAreNotPodmans) {
  const std::string text = Fixture("crio_volatile_containers.json");
  const size_t at = text.find("\"id\":\"");
  ASSERT_NE(at, std::string::npos);
  EXPECT_FALSE(FindStorageContainer(text, text.substr(at + 6, 64)).has_value());
}

TEST(OciStateTest, PodmanDatabase) {
  const std::string database = Fixture("podman_bolt_state_part.db");
  const auto pod = FindLibpodObject(database, kPodId);
  ASSERT_TRUE(pod.has_value());
  EXPECT_EQ(pod->name, "mypod");
  const auto container = FindLibpodObject(database, kPodmanId);
  ASSERT_TRUE(container.has_value());
  EXPECT_EQ(container->name, "pweb-1");
  EXPECT_THAT(container->labels, ElementsAre(Pair("app", "web")));
  EXPECT_FALSE(FindLibpodObject(database, FullId("e")).has_value());
}

// Labels come with images. They must not pass for members of somebody else's object.
TEST(OciStateTest, LabelsCannotForgeEntries) {
  const std::string victim = kPodmanId;
  const std::string labels =
      R"({"id":")" + victim + R"(","name":"evil","names":"evil","lockID":"1","labels":"x"})";
  const std::string database =
      R"({"id":")" + FullId("1") + R"(","name":"attacker","labels":)" + labels + R"(,"lockID":3})";
  EXPECT_FALSE(FindLibpodObject(database, victim).has_value());
  EXPECT_FALSE(FindStorageContainer("[" + database + "]", victim).has_value());
  const std::string escaped = R"([{"id":")" + FullId("1") +
                              R"(","names":["a"],"metadata":"{\"id\":\")" + victim +
                              R"(\",\"names\":[\"evil\"]}"}])";
  EXPECT_FALSE(FindStorageContainer(escaped, victim).has_value());
}

TEST(OciStateTest, WrongTypesReadAsMissing) {
  const auto runc = ParseRuncState(
      R"({"id": 7, "init_process_pid": "x", "init_process_start": -1, "cgroup_paths": [1],
          "config": {"labels": {"a": 1}}})");
  ASSERT_TRUE(runc.has_value());
  EXPECT_EQ(runc->id, "");
  EXPECT_EQ(runc->init_pid, 0u);
  EXPECT_EQ(runc->init_start_ticks, 0u);
  EXPECT_THAT(runc->cgroup_paths, IsEmpty());
  EXPECT_EQ(ParseRuncState(R"({"init_process_pid": 99999999999})")->init_pid, 0u);
  EXPECT_EQ(ParseDockerConfig(R"({"Name": null, "Config": 3, "State": []})")->name, "");
  EXPECT_EQ(ParseOciSpec(R"({"annotations": {"a": 1}, "mounts": {}})")->annotations.size(), 0u);
}

TEST(OciStateTest, MalformedIsUnknown) {
  const std::string good = Fixture("docker_config.v2.json");
  for (const std::string& text :
       {std::string(), std::string("null"), std::string("[]"), std::string("{"),
        std::string("\xff\xfe"), good.substr(0, good.size() / 2), good + "x",
        std::string(5000, '[')}) {
    SCOPED_TRACE(text.substr(0, 20));
    EXPECT_FALSE(ParseDockerConfig(text).has_value());
    EXPECT_FALSE(ParseRuncState(text).has_value());
    EXPECT_FALSE(ParseCrunStatus(text).has_value());
    EXPECT_FALSE(ParseOciSpec(text).has_value());
  }
}

TEST(OciStateTest, LabelsAreBounded) {
  std::string text = R"({"ID": "x", "Name": "/n", "Config": {"Labels": {)";
  for (int i = 0; i < 1000; ++i) {
    text += (i == 0 ? "" : ",");
    text += "\"k" + std::to_string(i) + "\": \"" + std::string(500, 'v') + "\"";
  }
  const auto config = ParseDockerConfig(text + "}}}");
  ASSERT_TRUE(config.has_value());
  EXPECT_EQ(config->labels.size(), 64u);
  EXPECT_EQ(config->labels.begin()->second.size(), 256u);
}

}  // namespace
}  // namespace nsobs
