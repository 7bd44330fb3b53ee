// Readers of runtimes that keep names elsewhere than docker, podman and containerd, against files
// that real ones left.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/correlation/fake_host.h"
#include "userspace/correlation/blind_spots.h"
#include "userspace/correlation/runtimes/list.h"
#include "userspace/correlation/runtimes/lxc.h"

namespace nsobs {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Optional;
using testing::Pair;

constexpr char kCrio[] = "5c772067af9c822cb79f75e260bd82e7f6475df376a2590abbc683e1d854a453";
constexpr char kCrioSandbox[] = "3c7651e8ca916720400d524c2d60aa811eddd46d34485d1735e47277fcafdd89";

class RuntimeRecordedTest : public testing::Test {
 protected:
  RuntimeRecordedTest() : roots_(host_.Options().roots), readers_(MakeRuntimeReaders(roots_)) {}

  std::string CrioBundle(const std::string& id) const {
    return "podman-run/overlay-containers/" + id + "/userdata/config.json";
  }

  FakeHost host_;
  RuntimeRoots roots_;
  RuntimeReaders readers_;
};

TEST_F(RuntimeRecordedTest, CrioContainer) {
  host_.Write(CrioBundle(kCrio), Fixture("crio_container.json"));
  const auto record = FindContainer(readers_, {kCrio, ""});
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->runtime, "crio");
  EXPECT_EQ(record->name, "redis");
  EXPECT_THAT(record->image, Optional(std::string("localhost/bb:1")));
  EXPECT_THAT(record->pod, Optional(std::string("redis-0")));
  EXPECT_THAT(record->pod_namespace, Optional(std::string("data")));
  EXPECT_THAT(record->pod_uid, Optional(std::string("9a9a9a9a-1111-2222-3333-444455556666")));
  EXPECT_THAT(record->restart_count, Optional(2u));
  EXPECT_THAT(record->labels, Contains(Pair("io.kubernetes.container.name", "redis")));
  EXPECT_EQ(record->pod_key, std::string("crio:") + kCrioSandbox);
  EXPECT_GT(record->created_wall_ns, 0);
}

TEST_F(RuntimeRecordedTest, CrioSandboxIsOfTheSamePod) {
  host_.Write(CrioBundle(kCrioSandbox), Fixture("crio_sandbox.json"));
  const auto record = FindContainer(readers_, {kCrioSandbox, ""});
  ASSERT_TRUE(record.has_value());
  EXPECT_TRUE(record->sandbox);
  EXPECT_EQ(record->name, "POD");
  EXPECT_EQ(record->pod_key, std::string("crio:") + kCrioSandbox);
}

TEST_F(RuntimeRecordedTest, CrioBundleOfAnotherContainerIsNotTaken) {
  host_.Write(CrioBundle(FullId("aa")), Fixture("crio_container.json"));
  EXPECT_FALSE(FindContainer(readers_, {FullId("aa"), ""}).has_value());
}

TEST_F(RuntimeRecordedTest, LxcConfig) {
  host_.Write("lxc/web/config", Fixture("lxc_config") + "lxc.group = onboot\n");
  const auto record = FindContainer(readers_, {"web", "", "lxc"});
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->runtime, "lxc");
  EXPECT_EQ(record->name, "web");
  EXPECT_THAT(record->labels, Contains(Pair("lxc.group", "onboot")));
  EXPECT_FALSE(record->image.has_value());
  // A name is not an id, and another runtime's not LXC's.
  EXPECT_FALSE(FindContainer(readers_, {"web", ""}).has_value());
  EXPECT_FALSE(FindContainer(readers_, {"web", "", "nspawn"}).has_value());
  EXPECT_FALSE(FindContainer(readers_, {"../web", "", "lxc"}).has_value());
}

TEST_F(RuntimeRecordedTest, LxcCgroupWithANumberBehindTheName) {
  host_.Write("lxc/web/config", Fixture("lxc_config"));
  const auto record = FindContainer(readers_, {"web-1", "", "lxc"});
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->name, "web");
  host_.Write("lxc/web-1/config", Fixture("lxc_config"));
  EXPECT_EQ(FindContainer(readers_, {"web-1", "", "lxc"})->name, "web-1");
}

// Two of one name: which of them a cgroup is can't be told.
TEST_F(RuntimeRecordedTest, LxcNameInTwoDirectoriesIsNobodys) {
  roots_.lxc.push_back(host_.Path("lxc2"));
  host_.Write("lxc/web/config", Fixture("lxc_config"));
  host_.Write("lxc2/web/config", Fixture("lxc_config"));
  EXPECT_FALSE(FindContainer(readers_, {"web", "", "lxc"}).has_value());
}

TEST(LxcRuntimeTest, IncusAndLxdAreKnownByTheirDirectories) {
  EXPECT_EQ(LxcRuntimeOf("/var/lib/lxc"), "lxc");
  EXPECT_EQ(LxcRuntimeOf("/var/lib/incus/containers"), "incus");
  EXPECT_EQ(LxcRuntimeOf("/var/snap/lxd/common/lxd/containers"), "lxd");
}

TEST_F(RuntimeRecordedTest, GvisorSandbox) {
  host_.Write("runsc/gv-1_sandbox:gv-1.state", Fixture("runsc_sandbox_state.json"));
  const auto record = FindContainer(readers_, {"gv-1", ""});
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->runtime, "runsc");
  EXPECT_EQ(record->init_pid, 2686u);
  EXPECT_THAT(record->cgroup_paths, Contains(Pair("memory", "/mygroup/gv-1")));
  EXPECT_THAT(record->labels, Contains(Pair("com.example.app", "gv")));
  EXPECT_GT(record->created_wall_ns, 0);
  EXPECT_THAT(ListContainers(readers_), testing::SizeIs(1));
  // Under another name it is somebody else's.
  host_.Write("runsc/gv-2_sandbox:gv-2.state", Fixture("runsc_sandbox_state.json"));
  EXPECT_FALSE(FindContainer(readers_, {"gv-2", ""}).has_value());
}

// The bundle is a recorded one of runc; that it is Kata's is as its documentation says.
TEST_F(RuntimeRecordedTest, KataIsInACgroupBesideTheOneThatContainerdNames) {
  constexpr char kSandbox[] = "86e126abd5ae78731fb8ab32697c9adcdd3778be8466f0c206a108e8b9dcbdd7";
  const std::string bundle =
      std::string("ctd/io.containerd.runtime.v2.task/k8s.io/") + kSandbox + "/";
  host_.Write(bundle + "config.json", Fixture("cri_sandbox_config.json"));
  host_.Write(bundle + "shim-binary-path", "/usr/local/bin/containerd-shim-kata-v2");
  const auto record = FindContainer(readers_, {kSandbox, ""});
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->runtime, "containerd");
  EXPECT_EQ(record->oci_runtime, "kata");
  EXPECT_TRUE(record->sandbox);
  EXPECT_THAT(record->cgroup_paths.at(""), testing::EndsWith(std::string("/kata_") + kSandbox));
}

TEST(BlindSpotsTest, OnlyOfWhatRunsOnAnotherKernel) {
  EXPECT_THAT(BlindSpotsOf("docker", "runc"), IsEmpty());
  EXPECT_THAT(BlindSpotsOf("runsc", ""), HasSubstr("gVisor"));
  EXPECT_THAT(BlindSpotsOf("docker", "runsc"), HasSubstr("gVisor"));
  EXPECT_THAT(BlindSpotsOf("containerd", "kata"), HasSubstr("virtual machine"));
}

TEST(BlindSpotsTest, LowLevelRuntimeByItsProgram) {
  EXPECT_EQ(LowLevelRuntime("/usr/bin/crun"), "crun");
  EXPECT_EQ(LowLevelRuntime("/usr/bin/containerd-shim-runc-v2"), "runc");
  EXPECT_EQ(LowLevelRuntime("/usr/local/bin/containerd-shim-kata-v2"), "kata");
  EXPECT_EQ(LowLevelRuntime("containerd-shim-runsc-v1"), "runsc");
  EXPECT_EQ(LowLevelRuntime("wasmedge"), "wasmedge");
  EXPECT_EQ(LowLevelRuntime(std::string(100, 'x')), "");
}

}  // namespace
}  // namespace nsobs
