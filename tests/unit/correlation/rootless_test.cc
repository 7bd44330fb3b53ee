// Containers of users who aren't root: what their files say, and what they may not say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "tests/unit/correlation/fake_host.h"
#include "userspace/correlation/correlator.h"
#include "userspace/correlation/user_runtimes.h"

namespace nsobs {
namespace {

using testing::IsEmpty;
using testing::Optional;
using testing::SizeIs;

namespace fs = std::filesystem;

constexpr char kInPod[] = "814626a8e12379ee3bb6e93d9bb4e0c03bff51714164d4f3c5497d0c477b696c";
constexpr char kRunc[] = "311ceb899fe751616aec7623294fbb85eabb8f688e1e35ed83c5091d85f78ce8";
constexpr char kInPodStart[] = "process-start-time";

// Whose the user namespace of a process is, instead of the kernel's word; by pid.
std::map<uint32_t, uint32_t>& Domains() {
  static auto* const domains = new std::map<uint32_t, uint32_t>();
  return *domains;
}
std::optional<ContainerUser> FakeDomain(const std::string&, uint32_t pid, uint32_t) {
  const auto found = Domains().find(pid);
  if (found == Domains().end()) return std::nullopt;
  return ContainerUser{found->second, {{0, found->second, 1}, {1, 100000, 65536}}};
}

class RootlessTest : public testing::Test {
 protected:
  // A user who isn't root. Root can act as any; anybody else is himself.
  RootlessTest() : uid_(getuid() == 0 ? 65533 : getuid()), clock_(100 * kSecond, 100 * kSecond) {
    Domains().clear();
  }

  void WriteUsers(const std::string& relative, std::string_view text, uint32_t uid) const {
    host_.Write(relative, text);
    if (getuid() != 0) return;
    for (fs::path path = host_.Path(relative); path != fs::path(host_.Path("user"));
         path = path.parent_path()) {
      ASSERT_EQ(chown(path.c_str(), uid, uid), 0);
    }
    ASSERT_EQ(chmod(host_.Path("").c_str(), 0755), 0);
  }
  void WriteUsers(const std::string& relative, std::string_view text) const {
    WriteUsers(relative, text, uid_);
  }

  // The fixtures of a container of podman below "user/", as they were recorded.
  void WritePodman(uint32_t pid) const {
    nlohmann::json status = nlohmann::json::parse(Fixture("rootless_crun_status.json"));
    status["pid"] = pid;
    status[kInPodStart] = pid;
    const std::string crun = "user/run/" + std::to_string(uid_) + "/crun/" + kInPod;
    WriteUsers(crun + "/status", status.dump());
    WriteUsers(crun + "/config.json", Fixture("rootless_crun_config.json"));
    const std::string storage = "user/home/.local/share/containers/storage";
    WriteUsers(storage + "/vfs-containers/containers.json",
               Fixture("rootless_podman_containers.json"));
    WriteUsers(storage + "/libpod/bolt_state.db", Fixture("rootless_bolt_state_part.db"));
  }

  RuntimeRoots Roots() const {
    RuntimeRoots roots = RuntimeRoots::None();
    roots.podman_storage = {host_.Path("user/home/.local/share/containers/storage")};
    roots.crun = {host_.Path("user/run/" + std::to_string(uid_) + "/crun")};
    roots.runc = {host_.Path("user/runc")};
    return roots;
  }

  FakeProcess Init(uint32_t pid) const {
    FakeProcess init{.pid = pid, .ns_pid = 1, .uid = uid_, .ns = ContainerNamespaces(2000)};
    init.ns[NamespaceKind::kUser] = 2100;
    return init;
  }

  // The observer with a passwd whose home is the lab's: podman's and LXC's usual places.
  CorrelatorOptions Options() const {
    CorrelatorOptions options = host_.Options();
    options.user_domain = FakeDomain;
    options.passwd_path = host_.Path("passwd");
    options.users_run = host_.Path("user/run");
    host_.Write("passwd", "root:x:0:0::/root:/bin/sh\nu:x:" + std::to_string(uid_) +
                              ":1::" + host_.Path("user/home") + ":/bin/sh\n");
    return options;
  }

  FakeHost host_;
  const uint32_t uid_;
  FakeClock clock_;
};

TEST_F(RootlessTest, RecordedPodmanWithCrunInAPod) {
  WritePodman(4711);
  UserRuntimes users(host_.Path("passwd"), host_.Path("run"));
  users.Learn(uid_, Roots());
  const auto record = users.FindByInit(uid_, {4711, 4711}, kSecond);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->runtime, "podman");
  EXPECT_EQ(record->oci_runtime, "crun");
  EXPECT_EQ(record->id, kInPod);
  EXPECT_EQ(record->name, "inpod");
  EXPECT_THAT(record->image, Optional(std::string("localhost/bb:1")));
  EXPECT_THAT(record->pod, Optional(std::string("rlpod")));
  EXPECT_EQ(record->pod_key,
            "podman:3828b9862d2c58cc193a9fdca199e230f58e7f7d7724d5b40f626d17e2dedd5f");
  EXPECT_FALSE(record->sandbox);
  EXPECT_GT(record->created_wall_ns, 1'700'000'000 * kSecond);
  // Of another start it is another process.
  EXPECT_FALSE(users.FindByInit(uid_, {4711, 4712}, 2 * kSecond).has_value());
}

TEST_F(RootlessTest, RecordedInfraContainerOfAPodmanPod) {
  constexpr char kInfra[] = "3828b9862d2c58cc193a9fdca199e230f58e7f7d7724d5b40f626d17e2dedd5f";
  WritePodman(4711);
  UserRuntimes users(host_.Path("passwd"), host_.Path("run"));
  users.Learn(uid_, Roots());
  const auto record = FindContainer(*users.ReadersOf(uid_), {kInfra, ""});
  ASSERT_TRUE(record.has_value());
  EXPECT_TRUE(record->sandbox);
  EXPECT_THAT(record->pod, Optional(std::string("rlpod")));
  EXPECT_EQ(record->pod_key, std::string("podman:") + kInfra);
}

TEST_F(RootlessTest, RecordedPodmanWithRuncWhoseStorageOnlyTheBundleNames) {
  std::string state = Fixture("rootless_runc_state.json");
  const std::string home = "/home/user/.local/share/containers/storage";
  state.replace(state.find(home), home.size(), host_.Path("user/elsewhere"));
  WriteUsers(std::string("user/runc/") + kRunc + "/state.json", state);
  WriteUsers("user/elsewhere/vfs-containers/containers.json",
             Fixture("rootless_podman_containers.json"));
  UserRuntimes users(host_.Path("passwd"), host_.Path("run"));
  users.Learn(uid_, Roots());
  const auto record = users.FindByInit(uid_, {18386, 1286674}, kSecond);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->name, "rl-runc");
  EXPECT_EQ(record->oci_runtime, "runc");
}

TEST_F(RootlessTest, RecordedDocker) {
  const std::string id = "b10dd0a9b13b93c5050fd2cd0fbc6c3c6c78eb9b701104cbda74095fbac465af";
  WriteUsers("user/docker/containers/" + id + "/config.v2.json",
             Fixture("rootless_docker_config.v2.json"));
  WriteUsers("user/exec/runtime-runc/moby/" + id + "/state.json",
             Fixture("rootless_docker_runc_state.json"));
  RuntimeRoots roots = RuntimeRoots::None();
  roots.docker_data = {host_.Path("user/docker")};
  roots.docker_exec = {host_.Path("user/exec")};
  roots.runc = {host_.Path("user/exec/runtime-runc/moby")};
  UserRuntimes users(host_.Path("passwd"), host_.Path("run"));
  users.Learn(uid_, roots);
  const nlohmann::json state = nlohmann::json::parse(Fixture("rootless_docker_runc_state.json"));
  const ProcessId init{state["init_process_pid"], state["init_process_start"]};
  const auto record = users.FindByInit(uid_, init, kSecond);
  ASSERT_TRUE(record.has_value());
  EXPECT_EQ(record->runtime, "docker");
  EXPECT_EQ(record->oci_runtime, "runc");
  EXPECT_EQ(record->name, "drl-web");
  EXPECT_EQ(record->id, id);
  EXPECT_THAT(record->restart_count, Optional(0u));
  EXPECT_THAT(record->labels, testing::Contains(testing::Pair("app", "rl")));
}

TEST_F(RootlessTest, NamesAContainerOfTheUsersAndWhoseItIs) {
  const CorrelatorOptions options = Options();
  WritePodman(4711);
  Domains()[4711] = uid_;
  host_.Start(Init(4711));
  Correlator correlator(options, &clock_);
  ASSERT_TRUE(correlator.ScanHost().ok());
  ASSERT_THAT(correlator.inventory()->containers(), SizeIs(1));
  const ContainerRef c = correlator.inventory()->containers()[0];
  EXPECT_EQ(c->name, "inpod");
  EXPECT_EQ(c->runtime, "podman");
  EXPECT_EQ(c->init.pid, 4711u);
  EXPECT_EQ(c->source, "state_file");
  EXPECT_TRUE(c->certain);
  EXPECT_EQ(c->cgroup_path, "");
  EXPECT_THAT(c->user, Optional(testing::Field(&ContainerUser::uid, uid_)));
  EXPECT_THAT(c->user->uid_map, SizeIs(2));
}

TEST_F(RootlessTest, NamesOneThatStartsWhileItWatches) {
  const CorrelatorOptions options = Options();
  Correlator correlator(options, &clock_);
  ASSERT_TRUE(correlator.ScanHost().ok());
  WritePodman(4711);
  Domains()[4711] = uid_;
  host_.Start(Init(4711));
  correlator.Learn(host_.Exec(Init(4711), 101 * kSecond));
  const ObservedEvent event = correlator.Observe(host_.Connect(Init(4711), 102 * kSecond));
  ASSERT_NE(event.container, nullptr);
  EXPECT_EQ(event.container->name, "inpod");
  EXPECT_FALSE(event.entered);
}

// The id of a container of root's in a user's files makes it no container of root's.
TEST_F(RootlessTest, AUserCannotNameHimselfIntoAContainerOfRoots) {
  const CorrelatorOptions options = Options();
  host_.AddDocker(kInPod, "payroll");
  FakeProcess roots{.pid = 900, .ns_pid = 1, .ns = ContainerNamespaces(3000)};
  roots.unified = roots.memory = std::string("/docker/") + kInPod;
  host_.Start(roots);
  WritePodman(4711);
  // Nor does the path of its cgroup.
  nlohmann::json status = nlohmann::json::parse(Fixture("rootless_crun_status.json"));
  status["pid"] = status[kInPodStart] = 4711;
  status["cgroup-path"] = roots.unified;
  WriteUsers(std::string("user/run/") + std::to_string(uid_) + "/crun/" + kInPod + "/status",
             status.dump());
  Domains()[4711] = uid_;
  host_.Start(Init(4711));
  Correlator correlator(options, &clock_);
  ASSERT_TRUE(correlator.ScanHost().ok());
  const auto inventory = correlator.inventory();
  ASSERT_THAT(inventory->containers(), SizeIs(2));
  EXPECT_EQ(inventory->containers()[0]->name, "inpod");
  EXPECT_EQ(inventory->containers()[0]->init.pid, 4711u);
  EXPECT_EQ(inventory->containers()[1]->name, "payroll");
  EXPECT_EQ(inventory->containers()[1]->init.pid, 900u);
  EXPECT_FALSE(inventory->containers()[1]->user.has_value());
  const ObservedEvent event = correlator.Observe(host_.Connect(roots, 102 * kSecond));
  EXPECT_EQ(event.container->name, "payroll");
}

TEST_F(RootlessTest, FilesOfAnotherUserAreNotRead) {
  if (getuid() != 0) GTEST_SKIP() << "needs root, to make files of two users";
  WritePodman(4711);
  WriteUsers("user/home/.local/share/containers/storage/vfs-containers/containers.json",
             Fixture("rootless_podman_containers.json"), uid_ - 1);
  UserRuntimes users(host_.Path("passwd"), host_.Path("run"));
  users.Learn(uid_, Roots());
  EXPECT_FALSE(users.FindByInit(uid_, {4711, 4711}, kSecond).has_value());
  // Root's neither: a hard link would bring them here.
  WriteUsers("user/home/.local/share/containers/storage/vfs-containers/containers.json",
             Fixture("rootless_podman_containers.json"), 0);
  EXPECT_FALSE(users.FindByInit(uid_, {4711, 4711}, 4 * kSecond).has_value());
}

TEST_F(RootlessTest, LinksPipesAndHardLinksAreNotFollowed) {
  WriteUsers("user/real", "text");
  const StateFiles files(uid_);
  ASSERT_TRUE(files.Read(host_.Path("user/real")).has_value());
  fs::create_symlink(host_.Path("user/real"), host_.Path("user/link"));
  EXPECT_FALSE(files.Read(host_.Path("user/link")).has_value());
  fs::create_symlink(host_.Path("user"), host_.Path("user/way"));
  EXPECT_FALSE(files.Read(host_.Path("user/way/real")).has_value());
  EXPECT_FALSE(files.Read(host_.Path("user/../user/real")).has_value());
  ASSERT_EQ(mkfifo(host_.Path("user/pipe").c_str(), 0644), 0);
  EXPECT_FALSE(files.Read(host_.Path("user/pipe")).has_value());
  EXPECT_FALSE(files.Stat(host_.Path("user/pipe")).has_value());
  fs::create_hard_link(host_.Path("user/real"), host_.Path("user/second"));
  EXPECT_FALSE(files.Read(host_.Path("user/real")).has_value());
  EXPECT_THAT(files.List(host_.Path("user/way"), 10), IsEmpty());
  EXPECT_THAT(files.List(host_.Path("user"), 10), testing::Contains("real"));
}

TEST_F(RootlessTest, AUserCannotClaimAProcessThatIsNotHis) {
  CorrelatorOptions options = Options();
  WritePodman(4711);
  // The process belongs to somebody else, as the kernel says.
  Domains()[4711] = uid_ + 1;
  host_.Start(Init(4711));
  Correlator correlator(options, &clock_);
  ASSERT_TRUE(correlator.ScanHost().ok());
  const auto inventory = correlator.inventory();
  for (const ContainerRef& c : inventory->containers()) {
    EXPECT_EQ(c->runtime, "unshare") << c->name;
  }
}

}  // namespace
}  // namespace nsobs
