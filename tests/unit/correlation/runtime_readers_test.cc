#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/unit/correlation/fake_host.h"
#include "userspace/correlation/runtimes/list.h"
#include "userspace/correlation/runtimes/netns.h"
#include "userspace/correlation/runtimes/state_file.h"

namespace nsobs {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;
using testing::Pair;

constexpr char kDockerId[] = "7c754181407041f17d2d9045aa029d90fffdc025346bf53f8e663012dcf2cc29";
constexpr char kInPodId[] = "baedc969564549d2fc95110d4ebf333572d6bab9b7a60ca5f3976cee038b9ba7";
constexpr char kCriId[] = "46b21a70507134c19772e69dee16f6c362c81a0713659ecf2c2aa162312f5d49";
constexpr char kSandboxId[] = "86e126abd5ae78731fb8ab32697c9adcdd3778be8466f0c206a108e8b9dcbdd7";
constexpr char kTasks[] = "ctd/io.containerd.runtime.v2.task/";

class RuntimeReadersTest : public testing::Test {
 protected:
  RuntimeReadersTest() : roots_(host_.Options().roots), readers_(MakeRuntimeReaders(roots_)) {}

  std::optional<RuntimeRecord> Find(const std::string& id, const std::string& ns = "") {
    return FindContainer(readers_, {id, ns});
  }

  FakeHost host_;
  RuntimeRoots roots_;
  RuntimeReaders readers_;
};

TEST_F(RuntimeReadersTest, NothingIsThere) {
  EXPECT_FALSE(Find(kDockerId).has_value());
  EXPECT_THAT(ListContainers(readers_), IsEmpty());
}

TEST_F(RuntimeReadersTest, Docker) {
  host_.Write(std::string("docker/data/containers/") + kDockerId + "/config.v2.json",
              Fixture("docker_config.v2.json"));
  host_.Write(std::string("docker/exec/runtime-runc/moby/") + kDockerId + "/state.json",
              Fixture("docker_runc_state.json"));
  const auto record = Find(kDockerId);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->runtime, "docker");
  EXPECT_EQ(record->id, kDockerId);
  EXPECT_EQ(record->name, "web-1");
  EXPECT_THAT(record->image, Optional(std::string("bb:1")));
  EXPECT_THAT(record->labels, Contains(Pair("app", "web")));
  EXPECT_EQ(record->init_pid, 32572u);
  EXPECT_EQ(record->init_start_ticks, 338590u);
  EXPECT_EQ(record->cgroup_paths.size(), 10u);
  EXPECT_FALSE(record->pod.has_value());
}

TEST_F(RuntimeReadersTest, DockersDataIsFoundThroughTheBundle) {
  std::string config = Fixture("docker_bundle_config.json");
  const std::string old_root = "/srv/engines/docker/data";
  for (size_t at = config.find(old_root); at != std::string::npos; at = config.find(old_root, at)) {
    config.replace(at, old_root.size(), host_.Path("elsewhere"));
  }
  host_.Write(std::string(kTasks) + "moby/" + kDockerId + "/config.json", config);
  EXPECT_FALSE(Find(kDockerId).has_value());
  host_.Write(std::string("elsewhere/containers/") + kDockerId + "/config.v2.json",
              Fixture("docker_config.v2.json"));
  const auto record = Find(kDockerId);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->name, "web-1");
}

TEST_F(RuntimeReadersTest, PodmanInAPod) {
  host_.Write("podman/overlay-containers/containers.json", Fixture("podman_containers.json"));
  host_.Write(std::string("runc/") + kInPodId + "/state.json", Fixture("podman_runc_state.json"));
  host_.Write("podman/libpod/bolt_state.db", Fixture("podman_bolt_state_part.db"));
  const auto record = Find(kInPodId);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->runtime, "podman");
  EXPECT_EQ(record->name, "inpod");
  EXPECT_THAT(record->image, Optional(std::string("localhost/bb:1")));
  EXPECT_THAT(record->pod, Optional(std::string("mypod")));
  EXPECT_EQ(record->pod_key,
            "podman:9da5c5635b65e93d1f9503b27acc1b42224ad3a42dda867c37b0c9dd2bd8def8");
  EXPECT_EQ(record->init_pid, 11293u);
  // Its state belongs to podman, not to runc by itself: that only tells that it is there.
  const std::vector<RuntimeRecord> listed = ListContainers(readers_);
  ASSERT_EQ(listed.size(), 1u);
  EXPECT_TRUE(listed[0].of_engine);
  EXPECT_EQ(listed[0].init_pid, 11293u);
}

TEST_F(RuntimeReadersTest, TheBundleOfAStateIsRead) {
  const std::string bundle = host_.Path("bundles/c1");
  host_.Write("runc/c1/state.json", R"({"id": "c1", "init_process_pid": 7, "config": {"labels": [
                                        "bundle=)" +
                                        bundle + R"("]}})");
  auto record = Find("c1");
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->bundle_config, "") << "there is no such file";
  host_.Write("bundles/c1/config.json", R"({"mounts": [
      {"destination": "/data", "source": "/srv/data", "type": "bind"}]})");
  record = Find("c1");
  EXPECT_EQ(record->bundle_config, bundle + "/config.json");
  EXPECT_THAT(record->volumes, ElementsAre("/data"));
}

TEST_F(RuntimeReadersTest, PodmanWithAnotherDriverAndWithoutDatabase) {
  host_.Write("podman/vfs-containers/volatile-containers.json", Fixture("podman_containers.json"));
  const auto record = Find(kInPodId);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->name, "inpod");
  EXPECT_EQ(record->init_pid, 0u);
  EXPECT_THAT(record->labels, IsEmpty());
}

TEST_F(RuntimeReadersTest, PodmanTellsTheInitWhereItsRuntimesStateIsElsewhere) {
  host_.Write("podman/overlay-containers/containers.json", Fixture("podman_containers.json"));
  const std::string pidfile =
      std::string("podman-run/overlay-containers/") + kInPodId + "/userdata/pidfile";
  host_.Write(pidfile, "4711\n");
  EXPECT_EQ(Find(kInPodId)->init_pid, 4711u);
  host_.Write(pidfile, "x4711");
  EXPECT_EQ(Find(kInPodId)->init_pid, 0u);
  // The runtime's own word is worth more.
  host_.Write(pidfile, "4711");
  host_.Write(std::string("runc/") + kInPodId + "/state.json", Fixture("podman_runc_state.json"));
  EXPECT_EQ(Find(kInPodId)->init_pid, 11293u);
}

TEST_F(RuntimeReadersTest, ContainerdByNamespace) {
  host_.Write(std::string(kTasks) + "default/ctr-web-1/config.json", Fixture("ctr_config.json"));
  host_.Write(std::string(kTasks) + "default/ctr-web-1/init.pid", "20916");
  const auto record = Find("ctr-web-1", "default");
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->runtime, "containerd");
  EXPECT_EQ(record->name, "ctr-web-1");
  EXPECT_THAT(record->labels, ElementsAre(Pair("app", "ctrweb")));
  EXPECT_EQ(record->cgroup_paths.at("memory"), "/default/ctr-web-1");
  EXPECT_EQ(record->init_pid, 20916u);
  EXPECT_FALSE(Find("ctr-web-1", "other").has_value());
  EXPECT_FALSE(Find("ctr-web-1").has_value());  // unique in its namespace only
}

TEST_F(RuntimeReadersTest, Kubernetes) {
  host_.Write(std::string(kTasks) + "k8s.io/" + kCriId + "/config.json",
              Fixture("cri_container_config.json"));
  host_.Write(std::string("ctd-runc/k8s.io/") + kCriId + "/state.json",
              Fixture("cri_runc_state.json"));
  const auto record = Find(kCriId);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->name, "nginx");
  EXPECT_THAT(record->image, Optional(std::string("docker.io/library/bb:1")));
  EXPECT_THAT(record->pod, Optional(std::string("nginx-7d4b")));
  EXPECT_THAT(record->pod_namespace, Optional(std::string("prod")));
  EXPECT_THAT(record->pod_uid, Optional(std::string("3f1f8c7e-1111-2222-3333-444455556666")));
  EXPECT_EQ(record->pod_key, std::string("cri:") + kSandboxId);
  EXPECT_EQ(record->init_pid, 21726u);
  host_.Write(std::string(kTasks) + "k8s.io/" + kSandboxId + "/config.json",
              Fixture("cri_sandbox_config.json"));
  const auto sandbox = Find(kSandboxId);
  ASSERT_TRUE(sandbox.has_value());
  EXPECT_EQ(sandbox->name, "POD");
  EXPECT_EQ(sandbox->pod_key, record->pod_key);
}

TEST_F(RuntimeReadersTest, RawRuntimes) {
  host_.AddRuncState("runc", "one", {.pid = 100}, "/caller/one");
  host_.AddCrunStatus("two", {.pid = 200}, "/two");
  const auto all = ListContainers(readers_);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].runtime, "runc");
  EXPECT_EQ(all[0].name, "one");
  EXPECT_EQ(all[0].init_pid, 100u);
  EXPECT_EQ(all[0].init_start_ticks, 100u);
  EXPECT_THAT(all[0].labels, ElementsAre(Pair("com.example.app", "one")));
  EXPECT_EQ(all[1].runtime, "crun");
  EXPECT_EQ(all[1].name, "two");
  EXPECT_THAT(all[1].image, Optional(std::string("bb:1")));
  EXPECT_THAT(Find("one")->cgroup_paths,
              Contains(Pair("memory", "/sys/fs/cgroup/memory/caller/one")));
}

TEST_F(RuntimeReadersTest, AListThatChangedIsReadAgain) {
  host_.AddRuncState("runc", "one", {.pid = 100}, "/one");
  EXPECT_EQ(ListContainers(readers_).front().init_pid, 100u);
  EXPECT_EQ(ListContainers(readers_).front().init_pid, 100u);
  host_.AddRuncState("runc", "one", {.pid = 101}, "/one");
  EXPECT_EQ(ListContainers(readers_).front().init_pid, 101u);
  host_.Remove("runc/one");
  EXPECT_THAT(ListContainers(readers_), IsEmpty());
}

TEST_F(RuntimeReadersTest, AnIdThatDoesNotAgreeIsNotBelieved) {
  host_.Write("docker/data/containers/" + FullId("1") + "/config.v2.json",
              Fixture("docker_config.v2.json"));
  EXPECT_FALSE(Find(FullId("1")).has_value());
  host_.Write("runc/other/state.json", Fixture("runc_state.json"));
  EXPECT_FALSE(Find("other").has_value());
  EXPECT_THAT(ListContainers(readers_), IsEmpty());
}

TEST_F(RuntimeReadersTest, UnsafeIdsReachNoPath) {
  host_.Write("secret/state.json", Fixture("runc_state.json"));
  for (const char* id : {"../secret", "..", ".", "", "a/b"}) {
    EXPECT_FALSE(Find(id).has_value()) << id;
    EXPECT_FALSE(Find(id, "default").has_value()) << id;
  }
}

TEST_F(RuntimeReadersTest, WhatIsNoSmallRegularFileIsNotRead) {
  const std::string path = std::string("docker/data/containers/") + kDockerId + "/config.v2.json";
  const std::string good = Fixture("docker_config.v2.json");
  host_.Write("target", good);
  host_.Write(path, good.substr(0, good.size() - 5));
  EXPECT_FALSE(Find(kDockerId).has_value()) << "cut";
  host_.Remove(path);
  std::filesystem::create_symlink(host_.Path("target"), host_.Path(path));
  EXPECT_FALSE(Find(kDockerId).has_value()) << "symbolic link";
  host_.Remove(path);
  ASSERT_EQ(mkfifo(host_.Path(path).c_str(), 0600), 0);
  EXPECT_FALSE(Find(kDockerId).has_value()) << "fifo";
  host_.Remove(path);
  host_.MakeDirectory(path);
  EXPECT_FALSE(Find(kDockerId).has_value()) << "directory";
  host_.Remove(path);
  host_.Write(path, good);
  ASSERT_EQ(truncate(host_.Path(path).c_str(), int64_t{10} << 30), 0);
  EXPECT_FALSE(Find(kDockerId).has_value()) << "10 GiB";
  host_.Write(path, good);
  EXPECT_TRUE(Find(kDockerId).has_value());
}

TEST(StateFileTest, Cap) {
  FakeHost host;
  host.Write("x", std::string(100, 'a'));
  EXPECT_EQ(ReadStateFile(host.Path("x"), 100)->text.size(), 100u);
  EXPECT_FALSE(ReadStateFile(host.Path("x"), 99).has_value());
  EXPECT_FALSE(ReadStateFile(host.Path("none")).has_value());
  EXPECT_EQ(ReadStateFile(host.Path("x"))->version, *StatStateFile(host.Path("x")));
}

TEST(StateFileTest, ListsAreBounded) {
  FakeHost host;
  for (int i = 0; i < 10; ++i) host.Write("d/" + std::to_string(i), "");
  EXPECT_EQ(ListDirectory(host.Path("d"), 100).size(), 10u);
  EXPECT_EQ(ListDirectory(host.Path("d"), 4).size(), 4u);
  EXPECT_THAT(ListDirectory(host.Path("none"), 4), IsEmpty());
}

// Tests can't mount: the name of the file says what stands there.
uint32_t InodeByName(const std::string& path) {
  return path.ends_with("/plain") ? 0 : static_cast<uint32_t>(4026530000 + path.size());
}

TEST(NetnsReaderTest, NamesOfPeopleOnly) {
  FakeHost host;
  RuntimeRoots roots = host.Options().roots;
  const auto reader = MakeNetnsReader(roots, InodeByName);
  EXPECT_THAT(reader->List(), IsEmpty());
  for (const char* name : {"blue", "plain", "cni-6f3baeb3-a7ed-c5c3-102a-2646c77464c0",
                           "netns-f4383f05-576d-626c-4305-ba8a9a0f52b4"}) {
    host.Write(std::string("netns/") + name, "");
  }
  const auto all = reader->List();
  ASSERT_EQ(all.size(), 1u);
  const uint32_t inode = InodeByName(host.Path("netns/blue"));
  EXPECT_EQ(all[0].name, "netns blue");
  EXPECT_EQ(all[0].runtime, "netns");
  EXPECT_EQ(all[0].id, "net:[" + std::to_string(inode) + "]");
  EXPECT_THAT(all[0].plain_namespace, Optional(Pair(NamespaceKind::kNet, inode)));
}

}  // namespace
}  // namespace nsobs
