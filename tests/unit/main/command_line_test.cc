#include "userspace/main/command_line.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/main/golden.h"
#include "tests/unit/main/samples.h"
#include "userspace/main/version.h"

namespace nsobs {
namespace {

using Words = std::vector<std::string>;
constexpr int64_t kSecond = 1000 * 1000 * 1000;

absl::StatusOr<ParsedLine> Parse(const Words& words) {
  return ParseCommandLine(words, {kSampleWallNs, absl::FixedTimeZone(3600)});
}

template <typename T>
T Options(const Words& words) {
  const absl::StatusOr<ParsedLine> line = Parse(words);
  EXPECT_TRUE(line.ok()) << line.status();
  if (!line.ok() || !line->command || !std::holds_alternative<T>(*line->command)) {
    ADD_FAILURE() << "another command";
    return {};
  }
  return std::get<T>(*line->command);
}

TEST(CommandLineTest, HelpOfEachCommand) {
  ExpectGolden("help/nsobserver.txt", Parse({"--help"})->text);
  for (const char* command :
       {"run", "doctor", "containers", "namespaces", "compare", "top", "events", "findings",
        "snapshot", "snapshots", "diagnose", "enter", "export"}) {
    const absl::StatusOr<ParsedLine> line = Parse({command, "--help"});
    ASSERT_TRUE(line.ok()) << line.status();
    EXPECT_FALSE(line->command.has_value());
    ExpectGolden(std::string("help/") + command + ".txt", line->text);
    EXPECT_EQ(Parse({command, "-h"})->text, line->text);
    std::istringstream lines(line->text);
    for (std::string text; std::getline(lines, text);) EXPECT_LE(text.size(), 82u) << text;
  }
}

TEST(CommandLineTest, Version) {
  EXPECT_EQ(Parse({"--version"})->text,
            std::string("nsobserver ") + kVersion + " (" + kRevision + ")\n");
}

TEST(CommandLineTest, WrongUseIsOneLine) {
  const std::pair<Words, const char*> cases[] = {
      {{},
       "a command is missing: run, doctor, containers, namespaces, compare, top, events, findings, "
       "snapshot, snapshots, diagnose or enter (nsobserver --help)"},
      {{"evnts"}, "unknown command \"evnts\"; did you mean \"events\"? (nsobserver --help)"},
      {{"frobnicate"}, "unknown command \"frobnicate\" (nsobserver --help)"},
      {{"--verison"}, "unknown option --verison; did you mean \"--version\"? (nsobserver --help)"},
      {{"run", "--storage.pth", "/x"},
       "unknown option --storage.pth; did you mean \"--storage.path\"? (nsobserver run --help)"},
      {{"run", "--storage.pth=/x"},
       "unknown option --storage.pth; did you mean \"--storage.path\"? (nsobserver run --help)"},
      {{"run", "extra"}, "run doesn't take \"extra\" (nsobserver run --help)"},
      {{"run", "--storage.path", "/a", "--storage.path", "/b"}, "--storage.path: given twice"},
      {{"run", "--probes.io-uring", "maybe"},
       "--probes.io-uring: \"maybe\" is not a switch (allowed: on, off)"},
      {{"events", "-o", "xml"}, "--output: \"xml\" is not a format (allowed: table, json, jsonl)"},
      {{"events", "--color", "red"},
       "--color: \"red\" is not a choice (allowed: auto, always, never)"},
      {{"events", "--since", "yesterdayish"},
       "--since: \"yesterdayish\" is not a time (allowed: 10m, 14d, 2026-11-23T14:02:11Z, "
       "\"2026-11-23 14:02\")"},
      {{"events", "--until", "x"},
       "--until: \"x\" is not a time (allowed: 10m, 14d, 2026-11-23T14:02:11Z, "
       "\"2026-11-23 14:02\")"},
      {{"events", "--since", "1m", "--until", "2m"}, "--since must be before --until"},
      {{"events", "--kind", "signal,oom"},
       "--kind: \"oom\" is not a kind of event (allowed: namespace_change, connect_failure, "
       "signal, oom_kill, cgroup_change, process_exec, process_exit, container_start, "
       "container_exit, loss, gap, entry, packet_drop, bind_failure, file_failure, "
       "dns_failure)"},
      {{"events", "--netns", "abc"},
       "--netns: \"abc\" is not a namespace (allowed: 4026532846, net:[4026532846])"},
      {{"events", "--netns", "0"},
       "--netns: \"0\" is not a namespace (allowed: 4026532846, net:[4026532846])"},
      {{"events", "--limit", "many"},
       "--limit: \"many\" is not a number of events (allowed: 1 to 100000, or 0 for all)"},
      {{"events", "--limit", "100001"},
       "--limit: \"100001\" is not a number of events (allowed: 1 to 100000, or 0 for all)"},
      {{"events", "--follow", "--until", "1m"}, "--follow has no end: it doesn't go with --until"},
      {{"events", "--follow", "-o", "json"},
       "--follow has no end, a json array has one (allowed: -o table, -o jsonl)"},
      {{"events", "--web.listen-address", ":1"},
       "unknown option --web.listen-address (nsobserver events --help)"},
      {{"namespaces", "--kind", "net,pdi"},
       "--kind: \"pdi\" is not a kind of namespace (allowed: cgroup, ipc, mnt, net, pid, time, "
       "user, uts)"},
      {{"namespaces", "web", "db"},
       "namespaces doesn't take \"db\" (nsobserver namespaces --help)"},
      {{"compare", "only-one"}, "B is required (nsobserver compare --help)"},
      {{"compare", "a", "b", "c"}, "compare doesn't take \"c\" (nsobserver compare --help)"},
      {{"containers", "--config", "/nonexistent/x.yaml"}, nullptr},
      {{"findings", "explain", "3"},
       "findings doesn't take \"explain\" (allowed: show ID, replay ID; nsobserver findings "
       "--help)"},
      {{"findings", "show"},
       "findings show takes one number, as findings lists them (nsobserver findings --help)"},
      {{"findings", "show", "x"},
       "findings show takes one number, as findings lists them (nsobserver findings --help)"},
      {{"findings", "--limit", "x"},
       "--limit: \"x\" is not a number of findings (allowed: 1 to 100000, or 0 for all)"},
      {{"findings", "--record", "/f"}, "--record goes with findings replay"},
      {{"findings", "--follow", "-o", "json"},
       "--follow has no end, a json array has one (allowed: -o table, -o jsonl)"},
      {{"snapshots"}, "ACTION is required (nsobserver snapshots --help)"},
      {{"snapshots", "diff", "1"},
       "snapshots doesn't take \"diff 1\" (allowed: list, show ID, diff A B; nsobserver snapshots "
       "--help)"},
      {{"snapshot"}, "TARGET is required (nsobserver snapshot --help)"},
      {{"snapshot", "web", "--ns", "net,pdi"},
       "--ns: \"pdi\" is not a kind of namespace (allowed: cgroup, ipc, mnt, net, pid, time, user, "
       "uts)"},
      {{"enter", "web"}, "COMMAND is required (nsobserver enter --help)"},
      {{"enter", "web", "--mnt", "--dns", "--", "ls"},
       "--dns is for the host's files: with --mnt the command sees the target's anyway"},
  };
  for (const auto& [words, error] : cases) {
    const absl::StatusOr<ParsedLine> line = Parse(words);
    ASSERT_FALSE(line.ok());
    const std::string message(line.status().message());
    if (error != nullptr) {
      EXPECT_EQ(message, error);
    }
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
  }
}

TEST(CommandLineTest, MissingValuesNameTheFlag) {
  for (const Words& words : {Words{"run", "--storage.path"}, Words{"events", "--since"},
                             Words{"run", "--config"}, Words{"events", "--since", "--follow"}}) {
    const absl::StatusOr<ParsedLine> line = Parse(words);
    ASSERT_FALSE(line.ok());
    EXPECT_NE(line.status().message().find(words[1]), std::string::npos) << line.status();
    EXPECT_EQ(line.status().message().find('\n'), std::string::npos) << line.status();
  }
}

TEST(CommandLineTest, Run) {
  const RunOptions plain = Options<RunOptions>({"run"});
  EXPECT_EQ(plain.config.storage.path, "/var/lib/nsobserver");
  EXPECT_EQ(plain.config_file, std::nullopt);
  EXPECT_TRUE(plain.flags.empty());
  const std::string file = testing::TempDir() + "/cl_" + std::to_string(getpid()) + ".yaml";
  std::ofstream(file) << "log: {level: debug}\nstorage: {path: /file}\n";
  const RunOptions full =
      Options<RunOptions>({"run", "--config", file, "--storage.path=/flag", "--signals.told", "9"});
  EXPECT_EQ(full.config.log.level, "debug");
  EXPECT_EQ(full.config.storage.path, "/flag");
  EXPECT_EQ(full.config.signals.told, 1u << 8);
  EXPECT_EQ(full.config_file, file);
  EXPECT_EQ(full.flags, (FlagTexts{{"storage.path", "/flag"}, {"signals.told", "9"}}));
  unlink(file.c_str());
}

TEST(CommandLineTest, Listings) {
  const ContainersOptions containers =
      Options<ContainersOptions>({"containers", "--all", "-o", "jsonl",
                                  "--runtimes.docker-data-root=/d", "--storage.path", "/s"});
  EXPECT_TRUE(containers.all);
  EXPECT_EQ(containers.format, OutputFormat::kJsonLines);
  EXPECT_EQ(containers.config.runtimes.docker_data, std::vector<std::string>{"/d"});
  EXPECT_EQ(containers.config.storage.path, "/s");
  EXPECT_FALSE(Options<ContainersOptions>({"containers"}).all);

  const NamespacesOptions namespaces =
      Options<NamespacesOptions>({"namespaces", "--kind", "net, pid", "web", "--output=json"});
  EXPECT_EQ(namespaces.kinds, (std::vector{NamespaceKind::kNet, NamespaceKind::kPid}));
  EXPECT_EQ(namespaces.target, "web");
  EXPECT_EQ(namespaces.format, OutputFormat::kJson);
  EXPECT_EQ(Options<NamespacesOptions>({"namespaces"}).target, std::nullopt);

  const CompareOptions compare = Options<CompareOptions>({"compare", "net:[4026531833]", "pid:17"});
  EXPECT_EQ(compare.a, "net:[4026531833]");
  EXPECT_EQ(compare.b, "pid:17");

  const DoctorOptions doctor =
      Options<DoctorOptions>({"doctor", "-o", "json", "--probes.syscall-hooks=off"});
  EXPECT_EQ(doctor.format, OutputFormat::kJson);
  EXPECT_FALSE(doctor.config.probes.syscall_hooks);
}

TEST(CommandLineTest, Events) {
  const EventsOptions plain = Options<EventsOptions>({"events"});
  EXPECT_EQ(plain.limit, 100u);
  EXPECT_TRUE(plain.limit_is_default);
  EXPECT_FALSE(plain.follow);
  EXPECT_EQ(plain.storage_path, "/var/lib/nsobserver");
  EXPECT_EQ(plain.query.since_wall_ns, std::nullopt);

  const EventsOptions full = Options<EventsOptions>(
      {"events", "--since", "10m", "--until", "2026-11-23 15:02", "--container", "shop/web",
       "--kind", "signal,oom_kill", "--netns", "net:[4026532846]", "--limit", "5", "-o", "jsonl",
       "--storage.path", "/s"});
  EXPECT_EQ(full.query.since_wall_ns, kSampleWallNs - 600 * kSecond);
  EXPECT_EQ(full.query.until_wall_ns, kSampleWallNs - kSampleWallNs % (60 * kSecond));
  EXPECT_EQ(full.query.container, "shop/web");
  EXPECT_EQ(full.query.kinds, (std::vector{EventKind::kSignal, EventKind::kOomKill}));
  EXPECT_EQ(full.query.namespace_inode, 4026532846u);
  EXPECT_EQ(full.query.namespace_kind, NamespaceKind::kNet);
  EXPECT_EQ(full.limit, 5u);
  EXPECT_FALSE(full.limit_is_default);
  EXPECT_EQ(full.format, OutputFormat::kJsonLines);
  EXPECT_EQ(full.storage_path, "/s");

  EXPECT_EQ(Options<EventsOptions>({"events", "--since", "10m"}).limit, 0u);
  EXPECT_EQ(Options<EventsOptions>({"events", "--limit", "0"}).limit, 0u);
  EXPECT_TRUE(Options<EventsOptions>({"events", "-f"}).follow);
  const EventsOptions bare = Options<EventsOptions>({"events", "--netns", "4026532846"});
  EXPECT_EQ(bare.query.namespace_kind, NamespaceKind::kNet);
  const EventsOptions other = Options<EventsOptions>({"events", "--netns", "pid:[17]"});
  EXPECT_EQ(other.query.namespace_kind, NamespaceKind::kPid);
}

TEST(CommandLineTest, Findings) {
  const FindingsOptions plain = Options<FindingsOptions>({"findings"});
  EXPECT_EQ(plain.action, FindingsOptions::Action::kList);
  EXPECT_EQ(plain.limit, 100u);
  EXPECT_TRUE(plain.limit_is_default);
  const FindingsOptions list = Options<FindingsOptions>(
      {"findings", "--container", "web", "--since", "10m", "--case", "net-dns", "-f"});
  EXPECT_EQ(list.query.container, "web");
  EXPECT_EQ(list.query.case_id, "net-dns");
  EXPECT_EQ(list.query.since_wall_ns, kSampleWallNs - 600 * kSecond);
  EXPECT_EQ(list.limit, 0u);
  EXPECT_TRUE(list.follow);
  const FindingsOptions show = Options<FindingsOptions>({"findings", "show", "12", "-o", "json"});
  EXPECT_EQ(show.action, FindingsOptions::Action::kShow);
  EXPECT_EQ(show.id, 12);
  const FindingsOptions replay =
      Options<FindingsOptions>({"findings", "replay", "12", "--record", "/r.json"});
  EXPECT_EQ(replay.action, FindingsOptions::Action::kReplay);
  EXPECT_EQ(replay.record_file, "/r.json");
}

TEST(CommandLineTest, Looks) {
  const SnapshotOptions one =
      Options<SnapshotOptions>({"snapshot", "web", "--ns", "net,cgroup", "--baseline"});
  EXPECT_EQ(one.target, "web");
  EXPECT_EQ(one.kinds, (std::vector{NamespaceKind::kNet, NamespaceKind::kCgroup}));
  EXPECT_TRUE(one.baseline);
  EXPECT_TRUE(Options<SnapshotOptions>({"snapshot", "web"}).kinds.empty());
  EXPECT_EQ(Options<DiagnoseOptions>({"diagnose", "shop/web"}).target, "shop/web");

  EXPECT_EQ(Options<SnapshotsOptions>({"snapshots", "list"}).action,
            SnapshotsOptions::Action::kList);
  const SnapshotsOptions show = Options<SnapshotsOptions>({"snapshots", "show", "7"});
  EXPECT_EQ(show.action, SnapshotsOptions::Action::kShow);
  EXPECT_EQ(show.a, "7");
  const SnapshotsOptions diff =
      Options<SnapshotsOptions>({"snapshots", "diff", "baseline:web", "7"});
  EXPECT_EQ(diff.action, SnapshotsOptions::Action::kDiff);
  EXPECT_EQ(diff.a, "baseline:web");
  EXPECT_EQ(diff.b, "7");
}

TEST(CommandLineTest, Enter) {
  const EnterOptions plain = Options<EnterOptions>({"enter", "web", "--", "ss", "-tlnp", "--net"});
  EXPECT_EQ(plain.target, "web");
  EXPECT_EQ(plain.command, (Words{"ss", "-tlnp", "--net"}));
  EXPECT_EQ(plain.kinds, std::vector{NamespaceKind::kNet});
  EXPECT_FALSE(plain.dns);
  const EnterOptions more =
      Options<EnterOptions>({"enter", "--pid", "--user", "web", "--dns", "--", "-x"});
  EXPECT_EQ(more.kinds, (std::vector{NamespaceKind::kPid, NamespaceKind::kUser}));
  EXPECT_TRUE(more.dns);
  EXPECT_EQ(more.command, Words{"-x"});
}

TEST(CommandLineTest, Colour) {
  EXPECT_EQ(Parse({"events"})->color, ColorChoice::kAuto);
  EXPECT_EQ(Parse({"events", "--color=always"})->color, ColorChoice::kAlways);
  EXPECT_EQ(Parse({"compare", "a", "b", "--color", "never"})->color, ColorChoice::kNever);
}

TEST(CommandLineTest, StrangeWordsAreTamed) {
  for (const char* word : {"\x1b[2J", "--\x1b[2J", "a\nb", "\xff"}) {
    const absl::StatusOr<ParsedLine> line = Parse({word});
    ASSERT_FALSE(line.ok());
    EXPECT_EQ(line.status().message().find_first_of("\x1b\n\xff"), std::string::npos);
  }
}

}  // namespace
}  // namespace nsobs
