#include "exporters/prometheus/prometheus_exporter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

#include "exporters/prometheus/sample.h"
#include "tests/unit/exporters/exposition.h"
#include "tests/unit/exporters/prometheus/snapshots.h"

namespace nsobs {
namespace {

using namespace testing;  // NOLINT: this project's testing, the helpers of the folder

constexpr char kFailures[] = "nsobserver_connect_failures_total";
constexpr char kInfo[] = "nsobserver_container_info";

Exposition Scrape(PrometheusExporter& exporter, const MetricsSnapshot& snapshot) {
  Exposition page = Parse(exporter.Render(snapshot));
  EXPECT_THAT(page.errors, ::testing::IsEmpty());
  return page;
}

std::string In(const std::string& container) { return "container=\"" + container + "\""; }

TEST(Exporter, EmptySnapshotShowsHostOtherAndLedgerWithZero) {
  PrometheusExporter exporter({});
  const Exposition page = Scrape(exporter, {});
  for (const char* owner : {"host", "(other)"}) {
    EXPECT_EQ(page.CountHaving(In(owner)), InitialKeys().size());
    EXPECT_EQ(page.Value(kFailures, In(owner) + ",pod=\"\",pod_namespace=\"\",protocol=\"tcp\","
                                                "errno=\"ECONNREFUSED\""),
              0);
  }
  EXPECT_EQ(page.Value("nsobserver_events_observed_total", "kind=\"oom_kill\""), 0);
  EXPECT_EQ(page.Value("nsobserver_events_lost_total", "kind=\"signal\",cause=\"budget\""), 0);
  EXPECT_EQ(page.Value("nsobserver_storage_up"), 1);
  EXPECT_EQ(page.Value("nsobserver_containers"), 0);
  EXPECT_EQ(page.Value("nsobserver_container_series"), 2.0 * InitialKeys().size());
  EXPECT_EQ(page.Value("nsobserver_container_series_max"), 10000);
}

TEST(Exporter, FullSnapshotValues) {
  PrometheusExporter exporter({});
  const Exposition page = Scrape(exporter, FullSnapshot());
  const std::string web = In("web") + ",pod=\"web-0\",pod_namespace=\"shop\"";
  const std::string host = In("host") + ",pod=\"\",pod_namespace=\"\"";
  const struct {
    std::string family, labels;
    double want;
  } kCases[] = {
      {kFailures, web + ",protocol=\"tcp\",errno=\"ECONNREFUSED\"", 3},
      {kFailures, web + ",protocol=\"tcp\",errno=\"ETIMEDOUT\"", 0},
      {kFailures, web + ",protocol=\"unix_stream\",errno=\"ENOENT\"", 2},
      {"nsobserver_signals_total", web + ",signal=\"SIGTERM\",result=\"ignored\"", 1},
      {"nsobserver_signals_total", web + ",signal=\"SIGKILL\",result=\"delivered\"", 0},
      {"nsobserver_signals_total", host + ",signal=\"SIGUSR1\",result=\"pending\"", 4},
      {"nsobserver_oom_kills_total", web + ",reason=\"cgroup\"", 1},
      {"nsobserver_oom_kills_total", web + ",reason=\"host\"", 0},
      {"nsobserver_namespace_changes_total", host + ",operation=\"setns\",kind=\"net\"", 8},
      {"nsobserver_namespace_change_failures_total", "operation=\"unshare\",errno=\"EPERM\"", 5},
      {"nsobserver_anomalies_total", "rule=\"connect_failure\"", 5},
      {"nsobserver_anomalies_suppressed_total", "rule=\"connect_failure\",cause=\"repeat\"", 4},
      {"nsobserver_findings_total", "case=\"net-loopback\"", 2},
      {"nsobserver_finding_active", "case=\"net-loopback\"," + web + ",confidence=\"certain\"", 1},
      {"nsobserver_finding_active", "case=\"oom-host\"," + host + ",confidence=\"unknown\"", 1},
      {"nsobserver_snapshots_total", "result=\"taken\"", 4},
      {"nsobserver_snapshots_total", "result=\"failed\"", 1},
      {"nsobserver_snapshots_suppressed_total", "cause=\"queue_full\"", 3},
      {"nsobserver_signals_taken_total", "signal=\"SIGTERM\",handler=\"handler\"", 6},
      {"nsobserver_tcp_connects_total", web + ",outcome=\"established\"", 6},
      {"nsobserver_tcp_connects_total", web + ",outcome=\"failed\"", 3},
      {"nsobserver_tcp_connects_total", web + ",outcome=\"abandoned\"", 0},
      {"nsobserver_tcp_connect_attempts_total", web, 10},
      {"nsobserver_tcp_connects_in_flight", web, 1},
      {"nsobserver_container_events_lost_total", web + ",kind=\"signal\",cause=\"budget\"", 7},
      {"nsobserver_events_observed_total", "kind=\"signal\"", 20},
      {"nsobserver_events_recorded_total", "kind=\"signal\"", 10},
      {"nsobserver_events_coalesced_total", "kind=\"signal\"", 3},
      {"nsobserver_events_lost_total", "kind=\"signal\",cause=\"budget\"", 7},
      {"nsobserver_engine_requests_total", "engine=\"docker\",result=\"ok\"", 3},
      {"nsobserver_engine_requests_total", "engine=\"podman\",result=\"timeout\"", 0},
      {"nsobserver_engine_breaker_open", "engine=\"docker\",socket=\"/run/docker.sock\"", 1},
      {"nsobserver_probe_info", "source=\"signal\",hook=\"tp_btf/signal_generate\"", 1},
      {"nsobserver_probe_info", "source=\"setns\",hook=\"off\"", 0},
      {"nsobserver_probe_silent", "source=\"signal\"", 1},
      {"nsobserver_snapshot_helper_restarts_total", "", 2},
      {"nsobserver_build_info", "version=\"0.1.0\",revision=\"abc\",kernel=\"6.18.0\"", 1},
      {"nsobserver_program_run_seconds_total", "program=\"signal_generate\"", 1.5},
      {"nsobserver_program_runs_total", "program=\"signal_generate\"", 1000},
      {"nsobserver_process_start_time_seconds", "", 1795442531.25},
      {"nsobserver_process_cpu_seconds_total", "", 0.5},
      {"nsobserver_process_resident_memory_bytes", "", 31457280},
      {"nsobserver_kernel_map_entries", "", 12},
      {"nsobserver_containers", "", 1},
      {"nsobserver_containers_folded", "", 0},
      {kInfo,
       In("web") + ",container_id=\"7c75f0aa1b2c3d4e\",runtime=\"docker\",image=\"nginx:1.27\","
                   "pod=\"web-0\",pod_namespace=\"shop\",cgroupns=\"\",ipcns=\"\",mntns=\"\","
                   "netns=\"4026532846\",pidns=\"4026532849\",timens=\"\",userns=\"\",utsns=\"\"",
       1},
  };
  for (const auto& c : kCases)
    EXPECT_EQ(page.Value(c.family, c.labels), c.want) << c.family << c.labels;
}

TEST(Exporter, LargeCountsAreExact) {
  PrometheusExporter exporter({});
  MetricsSnapshot s;
  s.connect_failures = {Refused(Host(), (uint64_t{1} << 53) - 1)};
  EXPECT_THAT(exporter.Render(s), ::testing::HasSubstr("ECONNREFUSED\"} 9007199254740991\n"));
}

TEST(Exporter, EqualNamesAreSummedAndToldApartByInfo) {
  PrometheusExporter exporter({});
  auto podman = std::make_shared<Container>(*MakeContainer("web", "bbb"));
  podman->runtime = "podman";
  MetricsSnapshot s;
  s.containers = {MakeContainer("web", "aaa"), podman};
  s.connect_failures = {Refused(Of(s.containers[0]), 3), Refused(Of(s.containers[1]), 4)};
  const Exposition page = Scrape(exporter, s);
  EXPECT_EQ(page.Sum(kFailures, {In("web")}), 7);
  EXPECT_EQ(page.Count(kFailures, {In("web")}), 2u) << "ECONNREFUSED and the other initial one";
  EXPECT_EQ(page.Count(kInfo, {In("web"), "container_id=\"aaa\"", "runtime=\"docker\""}), 1u);
  EXPECT_EQ(page.Count(kInfo, {In("web"), "container_id=\"bbb\"", "runtime=\"podman\""}), 1u);
}

TEST(Exporter, SeveralCountsOfOneSeriesAddUp) {
  PrometheusExporter exporter({});
  const ContainerRef web = MakeContainer("web");
  MetricsSnapshot s;
  s.containers = {web};
  // The same container seen through two net namespaces, and through an older object of it.
  s.connect_failures = {Refused(Of(web), 3), Refused(Of(web), 4),
                        Refused(Of(std::make_shared<Container>(*web)), 5)};
  EXPECT_EQ(Scrape(exporter, s).Sum(kFailures, {In("web")}), 12);
  EXPECT_EQ(Scrape(exporter, s).Sum(kFailures, {In("web")}), 12) << "a second scrape adds nothing";
}

TEST(Exporter, NumbersWithoutANameAreOther) {
  PrometheusExporter exporter({});
  MetricsSnapshot s;
  for (int error = 0; error < 5000; ++error) {  // seccomp can make up any errno up to 4095
    s.connect_failures.push_back({Host(), Protocol::kTcp, error, 1});
  }
  for (int signal = -1; signal < 200; ++signal) {
    s.signals.push_back({Host(), signal, Signal::Result::kDelivered, 1});
  }
  s.losses = {{Host(), EventKind::kSignal, "some new cause", 2}};
  const Exposition page = Scrape(exporter, s);
  EXPECT_LT(page.Count(kFailures, {In("host")}), 140u);
  EXPECT_EQ(page.Sum(kFailures), 5000);
  EXPECT_GT(page.Sum(kFailures, {"errno=\"other\""}), 4800);
  EXPECT_EQ(page.Sum("nsobserver_signals_total", {"result=\"delivered\""}), 201);
  EXPECT_EQ(page.Sum("nsobserver_signals_total", {"signal=\"other\""}), 137);
  EXPECT_EQ(page.Sum("nsobserver_container_events_lost_total", {"cause=\"other\""}), 2);
}

TEST(Exporter, OverflowOfTheKernelsMapIsOther) {
  PrometheusExporter exporter({});
  MetricsSnapshot s;
  s.connect_failures = {Refused(Overflow(), 5), Refused(Host(), 2)};
  const Exposition page = Scrape(exporter, s);
  EXPECT_EQ(page.Sum(kFailures, {In("(other)")}), 5);
  EXPECT_EQ(page.Sum(kFailures, {In("host")}), 2);
  EXPECT_EQ(page.Value("nsobserver_containers_folded"), 0);
}

TEST(Exporter, TheDeadAreShownOnceAndGo) {
  PrometheusExporter exporter({});
  const ContainerRef web = MakeContainer("web");
  MetricsSnapshot s;
  s.containers = {web};
  s.connect_failures = {Refused(Of(web), 3)};
  EXPECT_EQ(Scrape(exporter, s).Sum(kFailures, {In("web")}), 3);

  s.containers = {Dead(web)};
  s.connect_failures = {Refused(Of(s.containers[0]), 5)};
  Exposition page = Scrape(exporter, s);
  EXPECT_EQ(page.Sum(kFailures, {In("web")}), 5) << "the last values";
  EXPECT_EQ(page.Count(kInfo), 1u);
  EXPECT_EQ(page.Value("nsobserver_containers"), 0);

  page = Scrape(exporter, s);  // the snapshot still names it
  EXPECT_EQ(page.CountHaving(In("web")), 0u);
  EXPECT_EQ(page.Sum(kFailures), 0);

  s.connect_failures[0].value = 9;  // a straggler, counted late
  page = Scrape(exporter, s);
  EXPECT_EQ(page.CountHaving(In("web")), 0u);
  EXPECT_EQ(page.Sum(kFailures, {In("(other)")}), 4);

  page = Scrape(exporter, {});
  EXPECT_EQ(page.Sum(kFailures, {In("(other)")}), 4) << "stays when the snapshot forgets";
}

TEST(Exporter, ABriefLifeIsShownOnce) {
  PrometheusExporter exporter({});
  MetricsSnapshot s;
  s.containers = {Dead(MakeContainer("brief"))};
  s.connect_failures = {Refused(Of(s.containers[0]), 1)};
  EXPECT_EQ(Scrape(exporter, s).Sum(kFailures, {In("brief")}), 1);
  EXPECT_EQ(Scrape(exporter, s).CountHaving(In("brief")), 0u);
}

TEST(Exporter, RestartUnderTheSameNameNeverGoesDown) {
  PrometheusExporter exporter({});
  const ContainerRef first = MakeContainer("web", "first");
  const ContainerRef second = MakeContainer("web", "second");
  MetricsSnapshot s;
  s.containers = {first};
  s.connect_failures = {Refused(Of(first), 10)};
  EXPECT_EQ(Scrape(exporter, s).Sum(kFailures, {In("web")}), 10);

  s.containers = {Dead(first), second};
  s.connect_failures = {Refused(Of(s.containers[0]), 12), Refused(Of(second), 1)};
  EXPECT_EQ(Scrape(exporter, s).Sum(kFailures, {In("web")}), 13);

  s.containers = {second};
  s.connect_failures = {Refused(Of(second), 2)};
  const Exposition page = Scrape(exporter, s);
  EXPECT_EQ(page.Sum(kFailures, {In("web")}), 14) << "the first one's 12 stay";
  EXPECT_EQ(page.Count(kInfo), 1u);
}

// docker restart keeps the id; the inode in a plain namespace's id is reused at once.
TEST(Exporter, RestartUnderTheSameIdIsAnotherLife) {
  for (const bool living_first : {false, true}) {
    PrometheusExporter exporter({});
    const ContainerRef first = MakeContainer("web", "same");
    MetricsSnapshot s;
    s.containers = {first};
    s.connect_failures = {Refused(Of(first), 10)};
    Scrape(exporter, s);

    const ContainerRef dead = Dead(first);
    const ContainerRef second = MakeContainer("web", "same", 6000);
    s.containers = {dead, second};
    if (living_first) std::swap(s.containers[0], s.containers[1]);
    s.connect_failures = {Refused(Of(dead), 10), Refused(Of(second), 1)};
    Exposition page = Scrape(exporter, s);
    EXPECT_EQ(page.Sum(kFailures, {In("web")}), 11);
    EXPECT_EQ(page.Count(kInfo), 1u);

    s.containers = {second};
    s.connect_failures = {Refused(Of(second), 3)};
    EXPECT_EQ(Scrape(exporter, s).Sum(kFailures, {In("web")}), 13);
  }
}

TEST(Exporter, ALateNameTakesTheCountsWithIt) {
  PrometheusExporter exporter({});
  const ContainerRef unnamed = MakeContainer("7c75f0aa1b2c", "7c75f0aa1b2c3d4e");
  const ContainerRef named = MakeContainer("web", "7c75f0aa1b2c3d4e");
  MetricsSnapshot s;
  s.containers = {unnamed};
  s.connect_failures = {Refused(Of(unnamed), 3)};
  Scrape(exporter, s);
  s.containers = {named};
  s.connect_failures = {Refused(Of(named), 4)};
  Exposition page = Scrape(exporter, s);
  EXPECT_EQ(page.Sum(kFailures, {In("web")}), 4);
  EXPECT_EQ(page.CountHaving(In("7c75f0aa1b2c")), 0u);
  EXPECT_EQ(page.Sum(kFailures), 4);

  // Into a name that another has: only what comes from now on.
  const ContainerRef db = MakeContainer("db", "db");
  s.containers = {named, db};
  s.connect_failures = {Refused(Of(named), 4), Refused(Of(db), 100)};
  Scrape(exporter, s);
  s.containers = {MakeContainer("db", "7c75f0aa1b2c3d4e"), db};
  s.connect_failures = {Refused(Of(s.containers[0]), 6), Refused(Of(db), 100)};
  page = Scrape(exporter, s);
  EXPECT_EQ(page.Sum(kFailures, {In("db")}), 102);
  EXPECT_EQ(page.CountHaving(In("web")), 0u);
}

TEST(Exporter, ConnectsInFlightKeepTheDeadUntilTheyEnd) {
  PrometheusExporter exporter({});
  const ContainerRef dead = Dead(MakeContainer("web"));
  MetricsSnapshot s;
  s.containers = {dead};
  s.tcp_connects = {{Of(dead), 10, 5, 3, 0, 2}};
  for (int i = 0; i < 3; ++i) {
    const Exposition page = Scrape(exporter, s);
    EXPECT_EQ(page.Sum("nsobserver_tcp_connects_in_flight", {In("web")}), 2);
  }
  s.tcp_connects = {{Of(dead), 10, 5, 3, 2, 0}};
  const Exposition page = Scrape(exporter, s);
  EXPECT_EQ(page.Sum("nsobserver_tcp_connects_total", {In("web")}), 10);
  EXPECT_EQ(page.Sum("nsobserver_tcp_connect_attempts_total", {In("web")}), 10);
  EXPECT_EQ(Scrape(exporter, s).CountHaving(In("web")), 0u);
}

TEST(Exporter, CountsNeverGoDownWhenTheSnapshotDoes) {
  PrometheusExporter exporter({});
  MetricsSnapshot s;
  const double kWant[] = {100, 100, 100, 105};
  const uint64_t kGiven[] = {100, 40, 99, 105};
  for (int i = 0; i < 4; ++i) {
    s.connect_failures = {Refused(Host(), kGiven[i])};
    EXPECT_EQ(Scrape(exporter, s).Sum(kFailures, {In("host")}), kWant[i]);
  }
}

TEST(Exporter, TheSmallestAndNewestAreFoldedAndStaySo) {
  PrometheusExporter exporter({.max_series = 200});
  MetricsSnapshot s;
  for (int i = 0; i < 20; ++i) {
    s.containers.push_back(MakeContainer("c" + std::to_string(i), "", 1000 - i));
    s.connect_failures.push_back(Refused(Of(s.containers[i]), i < 3 ? 50 : 1));
  }
  Exposition page = Scrape(exporter, s);
  EXPECT_EQ(page.Sum(kFailures), 3 * 50 + 17);
  EXPECT_LE(page.CountHaving("container=\""), 200u);
  EXPECT_EQ(page.Value("nsobserver_container_series"), page.CountHaving("container=\""));
  const size_t shown = page.Count(kInfo);
  ASSERT_GT(shown, 4u);
  ASSERT_LT(shown, 20u);
  EXPECT_EQ(page.Value("nsobserver_containers_folded"), 20.0 - shown);
  for (const char* big : {"c0", "c1", "c2"}) EXPECT_EQ(page.Count(kInfo, {In(big)}), 1u) << big;
  EXPECT_EQ(page.Count(kInfo, {In("c19")}), 1u) << "the oldest of the small";
  EXPECT_EQ(page.Count(kInfo, {In("c3")}), 0u) << "the newest of the small";

  // The folded one becomes the biggest, a shown one dies: the choice stands while c3 lives.
  s.connect_failures[3].value = 1000;
  s.containers.pop_back();
  s.connect_failures.pop_back();
  page = Scrape(exporter, s);
  EXPECT_EQ(page.CountHaving(In("c3")), 0u);
  EXPECT_EQ(page.Sum(kFailures, {In("(other)")}), 1000 + (20 - shown - 1));
}

TEST(Exporter, OneContainerCannotTakeTheBudgetOfOthers) {
  PrometheusExporter exporter({.max_series = 2000});
  const ContainerRef greedy = MakeContainer("greedy");
  const ContainerRef quiet = MakeContainer("quiet");
  MetricsSnapshot s;
  s.containers = {greedy};
  double total = 0;
  for (int error = 1; error < 130; ++error) {
    for (int protocol = 1; protocol <= 6; ++protocol) {
      s.connect_failures.push_back({Of(greedy), static_cast<Protocol>(protocol), error, 2});
      total += 2;
    }
  }
  Exposition page = Scrape(exporter, s);
  EXPECT_EQ(page.Sum(kFailures), total);
  EXPECT_LE(page.CountHaving(In("greedy")), 2000u / 16 + 1) << "its share and its info";
  const double own = page.Sum(kFailures, {In("greedy")});

  s.containers.push_back(quiet);
  s.connect_failures.push_back(Refused(Of(quiet), 1));
  for (auto& count : s.connect_failures) count.value *= 2;
  page = Scrape(exporter, s);
  EXPECT_EQ(page.Sum(kFailures, {In("quiet")}), 2);
  EXPECT_EQ(page.Sum(kFailures, {In("greedy")}), 2 * own);
  EXPECT_EQ(page.Sum(kFailures), 2 * total + 2);
  EXPECT_LE(page.CountHaving("container=\""), 2000u);
}

TEST(Exporter, TheSmallestBudgetIsHardAndExact) {
  PrometheusExporter exporter({.max_series = 1});
  MetricsSnapshot s;
  double total = 0;
  for (int c = 0; c < 50; ++c) {
    s.containers.push_back(MakeContainer("c" + std::to_string(c)));
    for (int error = 1; error < 100; ++error) {
      s.connect_failures.push_back({Of(s.containers[c]), Protocol::kUdp, error, 1});
      ++total;
    }
  }
  const Exposition page = Scrape(exporter, s);
  EXPECT_LE(page.CountHaving("container=\""), 64u);
  EXPECT_EQ(page.Sum(kFailures), total);
  EXPECT_GT(page.Sum(kFailures, {In("(other)"), "errno=\"(other)\""}), 0);
}

TEST(Exporter, HostileStringsEverywhere) {
  PrometheusExporter exporter({});
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  MetricsSnapshot s = FullSnapshot();
  for (int c = 0; c < 256; ++c) {
    auto container = std::make_shared<Container>();
    const std::string bad = "x" + std::string(1, static_cast<char>(c)) + "\"\\\n{}=,y";
    container->name = bad;
    container->id = bad + std::to_string(c);
    container->runtime = bad;
    container->image = all + bad;
    container->pod = bad;
    container->pod_namespace = bad;
    s.containers.push_back(container);
    s.connect_failures.push_back(Refused(Of(container), 1));
  }
  s.losses.push_back({Host(), EventKind::kSignal, all, 1});
  s.ledger.push_back({EventKind::kSignal, 1, 0, 0, {{all, 1}}});
  s.probes.push_back({all, all, true, all, all});
  s.programs.push_back({all, 1, 1, 1});
  s.anomalies.push_back({all, 1, {{all, 1}}});
  s.investigations.findings[all] = 1;
  s.investigations.active.push_back({all, s.containers.back()});
  s.investigations.snapshots_suppressed[all] = 1;
  s.health.version = s.health.revision = s.health.kernel = all;
  const Exposition page = Scrape(exporter, s);
  EXPECT_EQ(page.Sum(kFailures), 3 + 2 + 256);
  EXPECT_EQ(page.Count(kInfo), 257u);
  for (const auto& [series, value] : page.series) {
    for (const auto& [name, text] : testing::LabelsOf(series)) {
      EXPECT_TRUE(IsUtf8(text));
      for (unsigned char c : text) EXPECT_TRUE(c >= 0x20 && c != 0x7F) << series;
    }
  }
}

TEST(Exporter, RepeatedLinesOfTheAgentMerge) {
  PrometheusExporter exporter({});
  MetricsSnapshot s;
  s.ledger = {{EventKind::kLoss, 1, 1, 0, {}}, {EventKind::kLoss, 2, 1, 1, {}}};
  s.probes = {{"a", "off", false, "", ""}, {"a", "off", true, "", ""}};
  s.programs = {{"p", 1000000000, 1, 0, 3}, {"p", 1000000000, 2, 0, 4}, {"q", 1, 1, 1}};
  const Exposition page = Scrape(exporter, s);
  EXPECT_EQ(page.Value("nsobserver_events_observed_total", "kind=\"loss\""), 3);
  EXPECT_EQ(page.Value("nsobserver_probe_info", "source=\"a\",hook=\"off\""), 1);
  EXPECT_EQ(page.Value("nsobserver_program_run_seconds_total", "program=\"p\""), 2);
  EXPECT_EQ(page.Value("nsobserver_program_probe_misses_total", "program=\"p\""), 7);
  EXPECT_EQ(page.Sum("nsobserver_program_probe_misses_total"), 7) << "of others there is none";
}

TEST(Exporter, RendersFromManyThreads) {
  PrometheusExporter exporter({});
  const MetricsSnapshot s = FullSnapshot();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(Parse(exporter.Render(s)).Sum(kFailures), 5);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace nsobs
