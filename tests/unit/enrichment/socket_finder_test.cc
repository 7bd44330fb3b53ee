#include "userspace/enrichment/socket_finder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> Paths(std::string_view comm, const std::vector<std::string>& args) {
  std::vector<std::string> paths;
  for (const EngineSocket& socket : SocketsOfArgs(comm, args, 5)) {
    EXPECT_EQ(socket.uid, 5u);
    paths.push_back(std::string(Name(socket.kind)) + " " + socket.path);
  }
  return paths;
}

TEST(SocketsOfArgsTest, Engines) {
  EXPECT_THAT(Paths("dockerd", {"dockerd", "-H", "unix:///a/d.sock", "--host=unix:///b/d.sock",
                                "-H", "fd://", "--host", "tcp://1.2.3.4:1"}),
              ElementsAre("docker /a/d.sock", "docker /b/d.sock"));
  EXPECT_THAT(Paths("podman", {"podman", "--root", "/x", "system", "service", "--time=0",
                               "unix:///p/podman.sock"}),
              ElementsAre("podman /p/podman.sock"));
  EXPECT_THAT(Paths("podman", {"podman", "--url", "unix:///p/podman.sock", "ps"}), IsEmpty());
  EXPECT_THAT(Paths("containerd", {"containerd", "--address", "/c/c.sock"}),
              ElementsAre("containerd /c/c.sock"));
  EXPECT_THAT(Paths("crio", {"crio", "--listen=/o/crio.sock"}), ElementsAre("crio /o/crio.sock"));
}

TEST(SocketsOfArgsTest, ShimsTellWhoStartedThemButDockersOwn) {
  EXPECT_THAT(Paths("containerd-shim", {"/usr/bin/containerd-shim-runc-v2", "-namespace", "k8s.io",
                                        "-id", "x", "-address", "/c/c.sock"}),
              ElementsAre("containerd /c/c.sock"));
  EXPECT_THAT(Paths("containerd-shim", {"/usr/bin/containerd-shim-runc-v2", "-namespace", "moby",
                                        "-id", "x", "-address", "/c/c.sock"}),
              IsEmpty());
}

TEST(SocketsOfArgsTest, PathsThatCantBeOne) {
  for (const std::string& path :
       {std::string("relative"), std::string("/a/../b"), std::string("/"), std::string(),
        "/" + std::string(200, 'x'), std::string("@abs")}) {
    EXPECT_THAT(Paths("containerd", {"containerd", "--address", path}), IsEmpty()) << path;
  }
  EXPECT_THAT(Paths("dockerd", {"dockerd", "-H", "unix:///var/run/docker.sock"}),
              ElementsAre("docker /run/docker.sock"));
  EXPECT_THAT(Paths("dockerd", {"dockerd", "-H"}), IsEmpty());
  EXPECT_THAT(Paths("bash", {"bash", "-H", "unix:///a"}), IsEmpty());
}

}  // namespace
}  // namespace nsobs
