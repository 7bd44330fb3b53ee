#include "userspace/config/config.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>
#include <sstream>

#include "userspace/config/example_yaml.h"
#include "userspace/config/flags.h"
#include "userspace/config/options.h"

namespace nsobs {
namespace {

class ConfigTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "/config_test_" + std::to_string(getpid()) + ".yaml";
  }
  void TearDown() override { unlink(path_.c_str()); }

  // The Config of a file with this text; in errors the file is called F.
  absl::StatusOr<Config> Load(const std::string& text) {
    std::ofstream(path_) << text;
    absl::StatusOr<Config> config = LoadConfig(path_, {});
    if (config.ok()) return config;
    std::string message(config.status().message());
    const size_t at = message.find(path_);
    if (at != std::string::npos) message.replace(at, path_.size(), "F");
    return absl::Status(config.status().code(), message);
  }

  std::string path_;
};

// All options in text, so that a difference names itself.
std::string Dump(const Config& config) {
  std::string out;
  for (const Option& option : Options()) {
    out += std::string(option.path) + "=" + FormatOption(option, config) + "\n";
  }
  return out;
}

TEST_F(ConfigTest, DefaultsAreTheDocumentedOnes) {
  const absl::StatusOr<Config> c = LoadConfig(std::nullopt, {});
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_EQ(c->storage.path, "/var/lib/nsobserver");
  EXPECT_EQ(c->storage.retention_age, absl::Hours(14 * 24));
  EXPECT_EQ(c->storage.retention_bytes, 2ull << 30);
  EXPECT_EQ(c->web.listen_address, (HostPort{"127.0.0.1", 9917}));
  EXPECT_EQ(c->log.level, "info");
  EXPECT_TRUE(c->probes.syscall_hooks);
  EXPECT_TRUE(c->probes.io_uring);
  uint64_t told = 0;
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGABRT, SIGBUS, SIGFPE, SIGKILL,
                           SIGSEGV, SIGTERM, SIGXCPU, SIGXFSZ, SIGSYS}) {
    told |= uint64_t{1} << (signal - 1);
  }
  EXPECT_EQ(c->signals.told, told);
  EXPECT_EQ(c->connect.abandoned_after, absl::Milliseconds(250));
  EXPECT_EQ(c->coalesce.window, absl::Seconds(1));
  EXPECT_EQ(c->budget.events_per_second, 250000u);
  EXPECT_EQ(c->budget.burst, 1000000u);
  EXPECT_EQ(c->budget.cpu_percent, 2u);
  EXPECT_EQ(c->budget.cpu_window, absl::Seconds(30));
  EXPECT_EQ(c->ring.critical_bytes, 2u << 20);
  EXPECT_EQ(c->ring.bulk_bytes, 4u << 20);
  EXPECT_EQ(c->metrics.max_series, 10000u);
  EXPECT_EQ(c->containers.tombstone, absl::Minutes(10));
  EXPECT_EQ(c->containers.max, 10000u);
  using Paths = std::vector<std::string>;
  EXPECT_EQ(c->runtimes.docker_data, Paths{"/var/lib/docker"});
  EXPECT_EQ(c->runtimes.docker_exec, Paths{"/run/docker"});
  EXPECT_EQ(c->runtimes.containerd_state, Paths{"/run/containerd"});
  EXPECT_EQ(c->runtimes.podman_storage, Paths{"/var/lib/containers/storage"});
  EXPECT_EQ(c->runtimes.containerd_runc, Paths{"/run/containerd/runc"});
  EXPECT_EQ(c->runtimes.podman_run, Paths{"/run/containers/storage"});
  EXPECT_EQ(c->runtimes.runc, Paths{"/run/runc"});
  EXPECT_EQ(c->runtimes.crun, Paths{"/run/crun"});
  EXPECT_EQ(c->runtimes.netns, Paths{"/run/netns"});
}

TEST_F(ConfigTest, FileOverridesDefaultsAndFlagsOverrideTheFile) {
  std::ofstream(path_) << "storage:\n  path: /from/file\n  retention-age: 3d\n"
                          "signals:\n  told: [TERM, 9]\n"
                          "runtimes:\n  runc-root: [/run/runc, /run/runc-crio]\n  crun-root: []\n"
                          "probes: {syscall-hooks: off}\nlog:\n";
  const absl::StatusOr<Config> c =
      LoadConfig(path_, {{"storage.path", "/from/flag"}, {"web.listen-address", "[::1]:1"}});
  ASSERT_TRUE(c.ok()) << c.status();
  Config want = DefaultConfig();
  want.storage.path = "/from/flag";
  want.storage.retention_age = absl::Hours(72);
  want.signals.told = 1u << 14 | 1u << 8;
  want.runtimes.runc = {"/run/runc", "/run/runc-crio"};
  want.runtimes.crun = {};
  want.probes.syscall_hooks = false;
  want.web.listen_address = {"::1", 1};
  EXPECT_EQ(Dump(*c), Dump(want));
}

TEST_F(ConfigTest, EmptyFilesAreTheDefaults) {
  for (const char* text : {"", "\n", "# nothing\n", "---\n", "storage:\n", "{}"}) {
    const absl::StatusOr<Config> c = Load(text);
    ASSERT_TRUE(c.ok()) << c.status();
    EXPECT_EQ(Dump(*c), Dump(DefaultConfig()));
  }
}

TEST_F(ConfigTest, ErrorsNameFileAndLine) {
  const std::pair<const char*, const char*> cases[] = {
      {"\nstorage:\n  retention-age: 14 weeks\n",
       "F:3: storage.retention-age: \"14 weeks\" is not a duration (allowed: 10s, 5m, 12h, 14d)"},
      {"storage:\n  retention_age: 14d\n",
       "F:2: storage.retention_age: unknown option; did you mean \"retention-age\"?"},
      {"storage:\n  level: debug\n",
       "F:2: storage.level: unknown option (allowed: path, retention-age, retention-size)"},
      {"strage:\n  path: /a\n", "F:1: strage: unknown section; did you mean \"storage\"?"},
      {"quux: 1\n",
       "F:1: quux: unknown section (allowed: storage, web, log, probes, signals, connect, dns, "
       "coalesce, budget, ring, handover, metrics, containers, anomaly, engines, otlp, runtimes)"},
      {"storage.path: /a\n", "F:1: storage.path: write it as \"path\" below \"storage:\""},
      {"storage:\n  path: /a\n  path: /b\n", "F:3: storage.path: given twice, first in line 2"},
      {"log: {level: info}\nweb:\nlog: {level: warn}\n", "F:3: log: given twice, first in line 1"},
      {"storage: /a\n",
       "F:1: storage: is a section, put its options below it (path, retention-age, "
       "retention-size)"},
      {"storage: [path]\n",
       "F:1: storage: is a section, put its options below it (path, retention-age, "
       "retention-size)"},
      {"storage:\n  path:\n", "F:2: storage.path: has no value (allowed: a path)"},
      {"storage:\n  path: {a: b}\n",
       "F:2: storage.path: takes a value, not a section (allowed: a path)"},
      {"storage:\n  path: [/a, /b]\n",
       "F:2: storage.path: takes one value, not a list (allowed: a path)"},
      {"runtimes:\n  runc-root:\n    - /a\n    - [b]\n",
       "F:3: runtimes.runc-root: takes a list of words (allowed: paths that begin with /)"},
      {"- storage\n",
       "F:1: must be a mapping of sections (storage, web, log, probes, signals, connect, dns, "
       "coalesce, budget, ring, handover, metrics, containers, anomaly, engines, otlp, runtimes)"},
      {"? [a]\n: b\n", "F:1: a section's name must be a word"},
      {"log:\n  ? [a]\n  : b\n", "F:2: an option's name must be a word"},
      {"log: {}\n---\nweb: {}\n", "F:3: only one document is allowed"},
      {",log: {}\n", "F:1: only one document is allowed"},
      {"storage:\n  path: [a\n", "F:3: not YAML: end of sequence flow not found"},
      {"storage:\n\tpath: /a\n", "F:2: not YAML: illegal map value"},
      {"a: *b\n", "F:1: not YAML: the referenced anchor is not defined"},
  };
  for (const auto& [text, error] : cases) {
    const absl::StatusOr<Config> c = Load(text);
    EXPECT_EQ(c.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(c.status().message(), error) << text;
  }
}

TEST_F(ConfigTest, HostileFilesAreOneLineErrors) {
  EXPECT_EQ(Load("\"a\\x1b[2J\\n\": 1\n").status().message().find("\x1b"), std::string::npos);
  EXPECT_FALSE(Load(std::string(100000, '[')).ok());
  EXPECT_FALSE(Load(std::string(100000, '\xff')).ok());
  EXPECT_FALSE(Load(std::string((1 << 20) + 1, ' ')).ok());  // beyond the cap
}

TEST_F(ConfigTest, FilesThatCannotBeRead) {
  const absl::StatusOr<Config> missing = LoadConfig("/nonexistent/x.yaml", {});
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_NE(missing.status().message().find("/nonexistent/x.yaml"), std::string::npos);
  EXPECT_NE(missing.status().message().find("No such file"), std::string::npos);
  EXPECT_FALSE(LoadConfig("/", {}).ok());
}

TEST_F(ConfigTest, ErrorsNameTheFlag) {
  const std::tuple<FlagTexts, const char*> cases[] = {
      {{{"storage.retention-age", "14 weeks"}},
       "--storage.retention-age: \"14 weeks\" is not a duration (allowed: 10s, 5m, 12h, 14d)"},
      {{{"storage.pth", "/a"}}, "--storage.pth: unknown option; did you mean \"storage.path\"?"},
      {{{"qqq", "/a"}}, "--qqq: unknown option"},
      {{{"log.level", "info"}, {"log.level", "info"}}, "--log.level: given twice"},
  };
  for (const auto& [flags, error] : cases) {
    const absl::StatusOr<Config> c = LoadConfig(std::nullopt, flags);
    EXPECT_EQ(c.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(c.status().message(), error);
  }
}

TEST_F(ConfigTest, ReloadAppliesWhatCanBeAndNamesTheRest) {
  const Config running = DefaultConfig();
  Config loaded = running;
  loaded.log.level = "debug";
  loaded.signals.told = 0;
  loaded.storage.path = "/elsewhere";
  loaded.runtimes.runc = {};
  const Reload reload = PlanReload(running, loaded);
  EXPECT_EQ(reload.changed, (std::vector<std::string>{"log.level", "signals.told"}));
  EXPECT_EQ(reload.needs_restart, (std::vector<std::string>{"storage.path", "runtimes.runc-root"}));
  EXPECT_EQ(reload.config.log.level, "debug");
  EXPECT_EQ(reload.config.signals.told, 0u);
  EXPECT_EQ(reload.config.storage.path, "/var/lib/nsobserver");
  EXPECT_EQ(reload.config.runtimes.runc, running.runtimes.runc);

  const Reload nothing = PlanReload(running, running);
  EXPECT_TRUE(nothing.changed.empty());
  EXPECT_TRUE(nothing.needs_restart.empty());
  EXPECT_EQ(Dump(nothing.config), Dump(running));
}

// NSOBS_UPDATE_GOLDEN=1 writes the file anew.
TEST_F(ConfigTest, ExampleFileIsInStepAndGivesTheDefaults) {
  const std::string file = std::string(NSOBS_SOURCE_DIR) + "/deploy/nsobserver.yaml";
  if (getenv("NSOBS_UPDATE_GOLDEN") != nullptr) std::ofstream(file) << ExampleYaml();
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  EXPECT_EQ(text.str(), ExampleYaml()) << "NSOBS_UPDATE_GOLDEN=1 " << program_invocation_name;
  const absl::StatusOr<Config> c = LoadConfig(file, {});
  ASSERT_TRUE(c.ok()) << c.status();
  EXPECT_EQ(Dump(*c), Dump(DefaultConfig()));
}

}  // namespace
}  // namespace nsobs
