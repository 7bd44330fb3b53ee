#include "userspace/correlation/engine_args.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsobs {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

RuntimeRoots Parse(std::string_view comm, std::string_view args, const std::string& cwd = "") {
  return ParseEngineArgs(comm, SplitArgs(args), cwd);
}

TEST(EngineArgsTest, Conmon) {
  const RuntimeRoots roots =
      Parse("conmon",
            "/usr/bin/conmon --api-version 1 -c baed -u baed -r /usr/bin/runc -b "
            "/srv/podman/root/overlay-containers/baed/userdata -p "
            "/srv/podman/runroot/overlay-containers/baed/userdata/pidfile "
            "-n inpod --exit-dir /x");
  EXPECT_THAT(roots.podman_storage, ElementsAre("/srv/podman/root"));
  EXPECT_THAT(roots.podman_run, ElementsAre("/srv/podman/runroot"));
  EXPECT_THAT(roots.docker_data, IsEmpty());
}

TEST(EngineArgsTest, Shim) {
  const RuntimeRoots plain = Parse("containerd-shim",
                                   "/usr/bin/containerd-shim-runc-v2 -namespace default -id web "
                                   "-address /srv/ctd/containerd.sock",
                                   "/srv/ctd/state/io.containerd.runtime.v2.task/default/web");
  EXPECT_THAT(plain.containerd_state, ElementsAre("/srv/ctd", "/srv/ctd/state"));
  EXPECT_THAT(plain.docker_exec, IsEmpty());
  const RuntimeRoots docker =
      Parse("containerd-shim",
            "shim -namespace moby -id 7c75 -address /srv/exec/containerd/containerd.sock");
  EXPECT_THAT(docker.containerd_state,
              ElementsAre("/srv/exec/containerd", "/srv/exec/containerd/daemon"));
  EXPECT_THAT(docker.docker_exec, ElementsAre("/srv/exec"));
}

TEST(EngineArgsTest, Daemons) {
  const RuntimeRoots docker =
      Parse("dockerd", "dockerd --data-root /srv/data/ --exec-root=/srv/exec -H unix:///x");
  EXPECT_THAT(docker.docker_data, ElementsAre("/srv/data"));
  EXPECT_THAT(docker.docker_exec, ElementsAre("/srv/exec"));
  const RuntimeRoots containerd = Parse(
      "containerd", "containerd --config /srv/exec/containerd/containerd.toml --log-level info");
  EXPECT_THAT(containerd.containerd_state, ElementsAre("/srv/exec/containerd/daemon"));
  EXPECT_THAT(Parse("containerd", "containerd --state /srv/state").containerd_state,
              ElementsAre("/srv/state"));
}

TEST(EngineArgsTest, RawRuntimes) {
  EXPECT_THAT(Parse("runc", "runc --root /srv/runc run web").runc, ElementsAre("/srv/runc"));
  EXPECT_THAT(Parse("crun", "crun --root=/srv/crun run web").crun, ElementsAre("/srv/crun"));
  EXPECT_THAT(Parse("runc", "runc --root /x/runtime-runc/moby create y").runc, IsEmpty());
  EXPECT_THAT(Parse("runc", "runc --root /run/containerd/runc/k8s.io create y").runc, IsEmpty());
}

TEST(EngineArgsTest, RootlessPodmanTellsItsRuntimeDirectory) {
  const RuntimeRoots roots = Parse("conmon",
                                   "conmon -b /h/storage/vfs-containers/a/userdata -p "
                                   "/run/user/7/containers/vfs-containers/a/userdata/pidfile");
  EXPECT_THAT(roots.podman_run, ElementsAre("/run/user/7/containers"));
  EXPECT_THAT(roots.crun, ElementsAre("/run/user/7/crun"));
  EXPECT_THAT(roots.runc, ElementsAre("/run/user/7/runc"));
}

// As recorded; shortened.
TEST(EngineArgsTest, RecordedConmonOfCrioTellsItsRuntimesRoot) {
  const RuntimeRoots roots =
      Parse("conmon",
            "/usr/bin/conmon -b /run/containers/storage/overlay-containers/5c77/userdata -c 5c77 "
            "-p /run/containers/storage/overlay-containers/5c77/userdata/pidfile "
            "-r /usr/sbin/runc --runtime-arg --root=/run/runc-crio");
  EXPECT_THAT(roots.runc, ElementsAre("/run/runc-crio"));
  EXPECT_THAT(roots.podman_run, ElementsAre("/run/containers/storage"));
}

TEST(EngineArgsTest, RecordedMonitorsOfLxcAndGvisor) {
  EXPECT_THAT(ParseEngineArgs("lxc-start", {"[lxc monitor] /srv/own/lxc web"}, "").lxc,
              ElementsAre("/srv/own/lxc"));
  EXPECT_THAT(Parse("lxc-start", "lxc-start -P /srv/lxc -d -n web").lxc, ElementsAre("/srv/lxc"));
  EXPECT_THAT(Parse("lxc-start", "lxc-start -n web").lxc, IsEmpty());
  EXPECT_THAT(
      Parse("exe", "runsc-sandbox --root=/srv/runsc --network=host boot --bundle=. gv-1").runsc,
      ElementsAre("/srv/runsc"));
  EXPECT_THAT(Parse("exe", "podman --root=/srv/runsc").runsc, IsEmpty());
}

TEST(EngineArgsTest, ShimsDirectoryIsEnough) {
  const RuntimeRoots roots =
      Parse("containerd-shim", "",
            "/run/user/7/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/570e");
  EXPECT_THAT(roots.containerd_state, ElementsAre("/run/user/7/docker/containerd/daemon"));
  EXPECT_THAT(roots.docker_exec, ElementsAre("/run/user/7/docker"));
}

TEST(EngineArgsTest, NonsenseNamesNothing) {
  for (const char* args : {"", "conmon", "conmon -b", "conmon -b /",
                           "conmon -b relative/overlay-containers/x/userdata",
                           "conmon -b /a/../overlay-containers/x/userdata", "conmon -b /a/b/c"}) {
    EXPECT_THAT(Parse("conmon", args).podman_storage, IsEmpty()) << args;
  }
  EXPECT_THAT(Parse("dockerd", "dockerd --data-root relative").docker_data, IsEmpty());
  EXPECT_THAT(Parse("bash", "bash --data-root /x").docker_data, IsEmpty());
  EXPECT_THAT(Parse("dockerd", "d --data-root /" + std::string(600, 'x')).docker_data, IsEmpty());
}

TEST(EngineArgsTest, Comms) {
  for (const char* comm : {"conmon", "containerd", "containerd-shim", "containerd-shim-r",
                           "dockerd", "runc", "crun"}) {
    EXPECT_TRUE(IsEngineComm(comm)) << comm;
  }
  for (const char* comm : {"", "bash", "dockerd2", "runc:[2:INIT]", "conmonx"}) {
    EXPECT_FALSE(IsEngineComm(comm)) << comm;
  }
}

TEST(EngineArgsTest, RootsMergeWithoutEnd) {
  RuntimeRoots roots;
  RuntimeRoots more;
  more.docker_data = {"/var/lib/docker", "/srv/one"};
  EXPECT_TRUE(MergeRoots(more, &roots));
  EXPECT_THAT(roots.docker_data, ElementsAre("/var/lib/docker", "/srv/one"));
  EXPECT_FALSE(MergeRoots(more, &roots));
  for (int i = 0; i < 100; ++i) {
    more.docker_data = {"/srv/" + std::to_string(i)};
    MergeRoots(more, &roots);
  }
  EXPECT_EQ(roots.docker_data.size(), 16u);
}

}  // namespace
}  // namespace nsobs
