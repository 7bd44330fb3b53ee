#include "userspace/correlation/cgroup_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsobs {
namespace {

using Type = CgroupPath::Type;
using testing::ElementsAre;
using testing::IsEmpty;

// Ids are written short in the tables: A and B stand for 64 digits, P for a pod's.
const std::string kA(64, 'a');
const std::string kB(64, 'b');
const std::string kP(64, 'c');

std::string Expand(std::string text) {
  for (const auto& [letter, id] : {std::pair{'A', kA}, std::pair{'B', kB}, std::pair{'P', kP}}) {
    const std::string mark = std::string("<") + letter + ">";
    for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
      text.replace(at, mark.size(), id);
    }
  }
  return text;
}

struct Case {
  const char* path;
  Type type;
  PathRuntime runtime;
  const char* id;
  const char* container_path;
  const char* pod_id = "";
  const char* pod_uid = "";
};

constexpr char kUid[] = "3f1f8c7e-1111-2222-3333-444455556666";

const Case kCases[] = {
    {"", Type::kHost, PathRuntime::kUnknown, "", ""},
    {"/", Type::kHost, PathRuntime::kUnknown, "", ""},
    {"/system.slice/cron.service", Type::kHost, PathRuntime::kUnknown, "", ""},
    {"/user.slice", Type::kHost, PathRuntime::kUnknown, "", ""},
    // docker
    {"/docker/<A>", Type::kContainer, PathRuntime::kDocker, "<A>", "/docker/<A>"},
    {"/docker/<A>/init.scope/x", Type::kContainer, PathRuntime::kDocker, "<A>", "/docker/<A>"},
    {"/mygrp/<A>", Type::kContainer, PathRuntime::kUnknown, "<A>", "/mygrp/<A>"},
    {"/<A>", Type::kContainer, PathRuntime::kUnknown, "<A>", "/<A>"},
    {"/system.slice/docker-<A>.scope", Type::kContainer, PathRuntime::kDocker, "<A>",
     "/system.slice/docker-<A>.scope"},
    {"//docker///<A>/", Type::kContainer, PathRuntime::kDocker, "<A>", "/docker/<A>"},
    // podman
    {"/libpod_parent/libpod-<A>", Type::kContainer, PathRuntime::kPodman, "<A>",
     "/libpod_parent/libpod-<A>"},
    {"/libpod_parent/<P>", Type::kHost, PathRuntime::kUnknown, "", ""},
    {"/libpod_parent/<P>/libpod-<A>", Type::kContainer, PathRuntime::kPodman, "<A>",
     "/libpod_parent/<P>/libpod-<A>", "<P>"},
    {"/machine.slice/libpod-<A>.scope/container", Type::kContainer, PathRuntime::kPodman, "<A>",
     "/machine.slice/libpod-<A>.scope"},
    {"/machine.slice/machine-libpod_pod_<P>.slice/libpod-<A>.scope", Type::kContainer,
     PathRuntime::kPodman, "<A>", "/machine.slice/machine-libpod_pod_<P>.slice/libpod-<A>.scope",
     "<P>"},
    {"/libpod_parent/conmon", Type::kMonitor, PathRuntime::kUnknown, "", ""},
    {"/machine.slice/libpod-conmon-<A>.scope", Type::kMonitor, PathRuntime::kPodman, "<A>",
     "/machine.slice/libpod-conmon-<A>.scope"},
    // Kubernetes
    {"/kubepods/burstable/pod3f1f8c7e-1111-2222-3333-444455556666/<A>", Type::kContainer,
     PathRuntime::kContainerd, "<A>",
     "/kubepods/burstable/pod3f1f8c7e-1111-2222-3333-444455556666/<A>", "", kUid},
    {"/kubepods.slice/kubepods-burstable.slice/"
     "kubepods-burstable-pod3f1f8c7e_1111_2222_3333_444455556666.slice/cri-containerd-<A>.scope",
     Type::kContainer, PathRuntime::kContainerd, "<A>",
     "/kubepods.slice/kubepods-burstable.slice/"
     "kubepods-burstable-pod3f1f8c7e_1111_2222_3333_444455556666.slice/cri-containerd-<A>.scope",
     "", kUid},
    {"/kubepods/besteffort/pod3f1f8c7e-1111-2222-3333-444455556666/crio-<A>", Type::kContainer,
     PathRuntime::kCrio, "<A>",
     "/kubepods/besteffort/pod3f1f8c7e-1111-2222-3333-444455556666/crio-<A>", "", kUid},
    {"/kubepods/besteffort/pod3f1f8c7e-1111-2222-3333-444455556666/crio-conmon-<A>", Type::kMonitor,
     PathRuntime::kCrio, "<A>",
     "/kubepods/besteffort/pod3f1f8c7e-1111-2222-3333-444455556666/crio-conmon-<A>", "", kUid},
    {"/system.slice/crio-<A>.scope", Type::kContainer, PathRuntime::kCrio, "<A>",
     "/system.slice/crio-<A>.scope"},
    // lxc, nspawn
    {"/lxc.payload.web", Type::kContainer, PathRuntime::kLxc, "web", "/lxc.payload.web"},
    {"/user.slice/lxc.payload.web/system.slice", Type::kContainer, PathRuntime::kLxc, "web",
     "/user.slice/lxc.payload.web"},
    {"/lxc.monitor.web", Type::kMonitor, PathRuntime::kLxc, "web", "/lxc.monitor.web"},
    {"/machine.slice/systemd-nspawn@nsweb.service", Type::kContainer, PathRuntime::kNspawn, "nsweb",
     "/machine.slice/systemd-nspawn@nsweb.service"},
    {"/machine.slice/systemd-nspawn@nsweb.service/payload", Type::kContainer, PathRuntime::kNspawn,
     "nsweb", "/machine.slice/systemd-nspawn@nsweb.service"},
    {"/machine.slice/systemd-nspawn@nsweb.service/supervisor", Type::kMonitor, PathRuntime::kNspawn,
     "nsweb", "/machine.slice/systemd-nspawn@nsweb.service"},
    {"/machine.slice/systemd-nspawn@my\\x2dweb.service", Type::kContainer, PathRuntime::kNspawn,
     "my-web", "/machine.slice/systemd-nspawn@my\\x2dweb.service"},
    {"/machine.slice/systemd-nspawn@a\\x2fb.service", Type::kContainer, PathRuntime::kNspawn,
     "a\\x2fb", "/machine.slice/systemd-nspawn@a\\x2fb.service"},
    {"/machine.slice/machine-web.scope/payload/x", Type::kContainer, PathRuntime::kNspawn, "web",
     "/machine.slice/machine-web.scope"},
    {"/machine.slice/machine-web.scope/supervisor", Type::kMonitor, PathRuntime::kNspawn, "web",
     "/machine.slice/machine-web.scope"},
    {"/machine.slice/machine-qemu\\x2d1\\x2dvm.scope", Type::kHost, PathRuntime::kUnknown, "", ""},
    // kata
    {"/kubepods/besteffort/pod3f1f8c7e-1111-2222-3333-444455556666/kata_<A>", Type::kContainer,
     PathRuntime::kKata, "<A>",
     "/kubepods/besteffort/pod3f1f8c7e-1111-2222-3333-444455556666/kata_<A>", "", kUid},
    // ctr and raw runtimes
    {"/default/ctr-web-1", Type::kWeak, PathRuntime::kUnknown, "ctr-web-1", "/default/ctr-web-1"},
    {"/caller/raw-runc-1", Type::kWeak, PathRuntime::kUnknown, "raw-runc-1", "/caller/raw-runc-1"},
    {"/raw-crun-1", Type::kWeak, PathRuntime::kUnknown, "raw-crun-1", "/raw-crun-1"},
    {"/a/../b", Type::kWeak, PathRuntime::kUnknown, "b", "/a/../b"},
    {"/a/b c", Type::kHost, PathRuntime::kUnknown, "", ""},
    {"/a/..", Type::kHost, PathRuntime::kUnknown, "", ""},
    // almost
    {"/docker/AAAA", Type::kWeak, PathRuntime::kUnknown, "AAAA", "/docker/AAAA"},
    {"/docker-<A>x.scope", Type::kWeak, PathRuntime::kUnknown, "docker-<A>x.scope",
     "/docker-<A>x.scope"},
    {"/lxc.payload.", Type::kWeak, PathRuntime::kUnknown, "lxc.payload.", "/lxc.payload."},
    {"/systemd-nspawn@.service", Type::kHost, PathRuntime::kUnknown, "", ""},
};

TEST(CgroupPathTest, EveryForm) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.path);
    const CgroupPath parsed = ParseCgroupPath(Expand(c.path));
    EXPECT_EQ(parsed.type, c.type);
    EXPECT_EQ(parsed.runtime, c.runtime);
    EXPECT_EQ(parsed.id, Expand(c.id));
    EXPECT_EQ(parsed.container_path, Expand(c.container_path));
    EXPECT_EQ(parsed.pod_id, Expand(c.pod_id));
    EXPECT_EQ(parsed.pod_uid, c.pod_uid);
    EXPECT_THAT(parsed.parents, IsEmpty());
  }
}

TEST(CgroupPathTest, WhatIsDelegatedToAUserIsHis) {
  const std::string mine = "/user.slice/user-2001.slice/user@2001.service/user.slice/libpod-" + kA;
  const CgroupPath parsed = ParseCgroupPath(mine + ".scope/container");
  EXPECT_EQ(parsed.type, Type::kContainer);
  EXPECT_EQ(parsed.id, kA);
  EXPECT_EQ(parsed.uid, 2001u);
  EXPECT_EQ(ParseCgroupPath("/docker/" + kA).uid, 0u);
  // Inside of a container it is the container's user, if anybody's.
  EXPECT_EQ(ParseCgroupPath("/docker/" + kA + "/user@7.service/docker-" + kB + ".scope").uid, 0u);
  EXPECT_EQ(ParseCgroupPath("/user@x.service/docker-" + kA + ".scope").uid, 0u);
}

TEST(CgroupPathTest, AWeakPathOfTwoNamesTheNamespace) {
  EXPECT_EQ(ParseCgroupPath("/default/ctr-web-1").weak_namespace, "default");
  EXPECT_EQ(ParseCgroupPath("/raw-crun-1").weak_namespace, "");
  EXPECT_EQ(ParseCgroupPath("/a/b/c").weak_namespace, "");
}

TEST(CgroupPathTest, TheInnermostContainerWins) {
  const CgroupPath parsed = ParseCgroupPath("/docker/" + kA + "/kubelet/docker-" + kB + ".scope/x");
  EXPECT_EQ(parsed.type, Type::kContainer);
  EXPECT_EQ(parsed.id, kB);
  EXPECT_EQ(parsed.runtime, PathRuntime::kDocker);
  EXPECT_THAT(parsed.parents, ElementsAre(kA));
  EXPECT_EQ(parsed.outer_path, "/docker/" + kA);
  EXPECT_EQ(parsed.container_path, "/docker/" + kA + "/kubelet/docker-" + kB + ".scope");
}

TEST(CgroupPathTest, AMonitorInsideAContainerIsTheContainers) {
  for (const std::string inner :
       {"libpod_parent/conmon", "lxc.monitor.x", "crio-conmon-<B>", "supervisor"}) {
    SCOPED_TRACE(inner);
    const CgroupPath parsed = ParseCgroupPath(Expand("/docker/<A>/" + inner));
    EXPECT_EQ(parsed.type, Type::kContainer);
    EXPECT_EQ(parsed.id, kA);
  }
}

TEST(CgroupPathTest, APodOfAContainersOwnMakingIsNoPod) {
  const CgroupPath parsed =
      ParseCgroupPath("/docker/" + kA + "/kubepods/pod3f1f8c7e-1111-2222-3333-444455556666/" + kB);
  EXPECT_EQ(parsed.id, kB);
  EXPECT_EQ(parsed.pod_uid, "");
  EXPECT_THAT(parsed.parents, ElementsAre(kA));
}

TEST(CgroupPathTest, APodmanPodUnderAChosenParent) {
  const CgroupPath parsed = ParseCgroupPath("/mygrp/" + kP + "/libpod-" + kA);
  EXPECT_EQ(parsed.id, kA);
  EXPECT_EQ(parsed.runtime, PathRuntime::kPodman);
  EXPECT_EQ(parsed.pod_id, kP);
  EXPECT_THAT(parsed.parents, ElementsAre(kP));
}

TEST(CgroupPathTest, ARepeatedIdIsOneContainer) {
  const CgroupPath parsed = ParseCgroupPath("/libpod-" + kA + ".scope/libpod-" + kA);
  EXPECT_THAT(parsed.parents, IsEmpty());
  EXPECT_EQ(parsed.container_path, "/libpod-" + kA + ".scope");
}

TEST(CgroupPathTest, EndlessPathsEnd) {
  std::string path;
  for (int i = 0; i < 100000; ++i) path += "/a";
  EXPECT_EQ(ParseCgroupPath(path).type, Type::kHost);
}

TEST(CgroupPathTest, SafeFileNames) {
  for (const char* good : {"a", "a.b", "web-1", "x_y:z@h+1"}) EXPECT_TRUE(IsSafeFileName(good));
  for (const char* bad : {"", ".", "..", "a/b", "a b", "\n", "\xff"}) {
    EXPECT_FALSE(IsSafeFileName(bad)) << bad;
  }
  EXPECT_FALSE(IsSafeFileName(std::string_view("a\0b", 3)));
  EXPECT_TRUE(IsSafeFileName(std::string(255, 'a')));
  EXPECT_FALSE(IsSafeFileName(std::string(256, 'a')));
}

TEST(CgroupPathTest, FullIds) {
  EXPECT_TRUE(IsFullId(kA));
  EXPECT_FALSE(IsFullId(kA + "a"));
  EXPECT_FALSE(IsFullId(kA.substr(1)));
  EXPECT_FALSE(IsFullId(std::string(63, 'a') + "G"));
  EXPECT_FALSE(IsFullId(std::string(64, 'A')));
}

}  // namespace
}  // namespace nsobs
