#include "exporters/prometheus/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "exporters/prometheus/example_queries.h"
#include "exporters/prometheus/prometheus_exporter.h"
#include "tests/unit/exporters/exposition.h"
#include "tests/unit/exporters/prometheus/snapshots.h"

namespace nsobs {
namespace {

using testing::Exposition;
using testing::FullSnapshot;
using testing::Parse;

constexpr char kBegin[] = "<!-- catalog begin: written by the test -->\n";
constexpr char kEnd[] = "<!-- catalog end -->\n";

std::string RenderFull() { return PrometheusExporter({}).Render(FullSnapshot()); }

std::string TypeName(MetricKind kind) { return kind == MetricKind::kCounter ? "counter" : "gauge"; }

TEST(Catalog, WhatIsRenderedIsWhatIsInIt) {
  const Exposition page = Parse(RenderFull());
  EXPECT_THAT(page.errors, ::testing::IsEmpty());
  std::set<std::string> in_catalog;
  for (const FamilyInfo& info : Catalog()) {
    const std::string name(info.name);
    in_catalog.insert(name);
    EXPECT_EQ(page.types.count(name) ? page.types.at(name) : "none", TypeName(info.kind)) << name;
    EXPECT_EQ(page.helps.count(name) ? page.helps.at(name) : "none", info.help) << name;
  }
  EXPECT_EQ(page.families, in_catalog);
}

TEST(Catalog, EverySeriesHasExactlyTheLabelsOfItsFamily) {
  const Exposition page = Parse(RenderFull());
  for (const auto& [series, value] : page.series) {
    std::vector<std::string> names;
    for (const auto& [name, text] : testing::LabelsOf(series)) names.push_back(name);
    for (const FamilyInfo& info : Catalog()) {
      if (info.name != testing::FamilyOf(series)) continue;
      EXPECT_THAT(names, ::testing::ElementsAreArray(info.labels().begin(), info.labels().end()));
    }
  }
}

TEST(Catalog, NamesFollowTheConventions) {
  std::set<std::string_view> seen;
  for (const FamilyInfo& info : Catalog()) {
    const absl::string_view name(info.name.data(), info.name.size());
    EXPECT_TRUE(seen.insert(info.name).second) << "twice: " << name;
    EXPECT_TRUE(absl::StartsWith(name, "nsobserver_")) << name;
    EXPECT_EQ(absl::EndsWith(name, "_total"), info.kind == MetricKind::kCounter) << name;
    EXPECT_EQ(info.help.back(), '.') << name;
    for (const char* unit : {"_ms", "_milliseconds", "_us", "_ns", "_nanoseconds", "_kib", "_mib",
                             "_minutes", "_percent", "_count", "_sum", "_bucket"}) {
      EXPECT_FALSE(absl::StrContains(absl::StrCat(name, "_"), absl::StrCat(unit, "_"))) << name;
    }
    for (std::string_view label : info.labels()) {
      EXPECT_FALSE(label == "job" || label == "instance" || label == "le" || label == "quantile")
          << name << ": Prometheus has labels of that name";
    }
    EXPECT_EQ(info.help.find_first_of("\\\n"), std::string_view::npos) << name;
    if (info.owned()) {
      EXPECT_EQ(info.labels()[0], "container") << name;
    } else if (info.family != Family::kFindingActive) {  // it has a cap of its own
      EXPECT_EQ(std::count(info.labels().begin(), info.labels().end(), "container"), 0) << name;
    }
  }
}

// The names that other tools rely on.
TEST(Catalog, KeepsTheContract) {
  const std::pair<const char*, const char*> kContract[] = {
      {"nsobserver_connect_failures_total", "container,pod,pod_namespace,protocol,errno"},
      {"nsobserver_signals_total", "container,pod,pod_namespace,signal,result"},
      {"nsobserver_oom_kills_total", "container,pod,pod_namespace,reason"},
      {"nsobserver_namespace_changes_total", "container,pod,pod_namespace,operation,kind"},
      {"nsobserver_tcp_connects_total", "container,pod,pod_namespace,outcome"},
      {"nsobserver_tcp_connect_attempts_total", "container,pod,pod_namespace"},
      {"nsobserver_tcp_connects_in_flight", "container,pod,pod_namespace"},
      {"nsobserver_events_observed_total", "kind"},
      {"nsobserver_events_recorded_total", "kind"},
      {"nsobserver_events_coalesced_total", "kind"},
      {"nsobserver_events_lost_total", "kind,cause"},
      {"nsobserver_container_events_lost_total", "container,pod,pod_namespace,kind,cause"},
      {"nsobserver_namespace_change_failures_total", "operation,errno"},
      {"nsobserver_probe_info", "source,hook"},
      {"nsobserver_container_info",
       "container,container_id,runtime,image,pod,pod_namespace,cgroupns,ipcns,mntns,netns,pidns,"
       "timens,userns,utsns"},
      {"nsobserver_program_run_seconds_total", "program"},
      {"nsobserver_program_runs_total", "program"},
      {"nsobserver_program_recursion_misses_total", "program"},
      {"nsobserver_program_probe_misses_total", "program"},
  };
  for (const auto& [name, labels] : kContract) {
    std::string found = "none";
    for (const FamilyInfo& info : Catalog()) {
      if (info.name != name) continue;
      std::vector<std::string> names(info.labels().begin(), info.labels().end());
      found = absl::StrJoin(names, ",");
    }
    EXPECT_EQ(found, labels) << name;
  }
}

TEST(Catalog, EveryFamilyHasAnExampleThatFitsIntoACell) {
  for (const FamilyInfo& info : Catalog()) {
    const std::string query = ExampleQuery(info);
    EXPECT_THAT(query, ::testing::HasSubstr(std::string(info.name)));
    EXPECT_EQ(query.find_first_of("|`\n"), std::string::npos) << query;
  }
}

// What a rule that nobody wrote an example for gets.
TEST(Catalog, ExampleOfAFamilyWithoutARow) {
  EXPECT_EQ(ExampleQuery(Info(Family::kOomKills)),
            "sum by (container, reason) (increase(nsobserver_oom_kills_total[5m]))");
  EXPECT_EQ(ExampleQuery(Info(Family::kBarrierTimeouts)),
            "increase(nsobserver_scrape_barrier_timeouts_total[5m])");
  EXPECT_EQ(ExampleQuery(Info(Family::kQueueCapacity)), "nsobserver_queue_capacity");
}

std::string Table() {
  std::string table =
      "| metric | type | labels | what it says | to ask, for example |\n|---|---|---|---|---|\n";
  for (const FamilyInfo& info : Catalog()) {
    std::vector<std::string> names(info.labels().begin(), info.labels().end());
    absl::StrAppend(&table, "| `", std::string(info.name), "` | ", TypeName(info.kind), " | ",
                    absl::StrJoin(names, ", "), " | ", std::string(info.help), " | `",
                    ExampleQuery(info), "` |\n");
  }
  return table;
}

TEST(Catalog, ReadmeHasTheSameTable) {
  std::ifstream in(NSOBS_CATALOG_README);
  std::stringstream text;
  text << in.rdbuf();
  std::string readme = text.str();
  const size_t begin = readme.find(kBegin);
  const size_t end = readme.find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const size_t from = begin + sizeof(kBegin) - 1;
  if (getenv("NSOBS_UPDATE_GOLDEN") != nullptr) {
    readme.replace(from, end - from, Table());
    std::ofstream(NSOBS_CATALOG_README) << readme;
    return;
  }
  EXPECT_EQ(readme.substr(from, end - from), Table())
      << "exporters/prometheus/README.md differs from the catalog. Write it anew with\n"
         "  NSOBS_UPDATE_GOLDEN=1 BUILD/tests/unit/exporters/prometheus_test "
         "--gtest_filter=Catalog.ReadmeHasTheSameTable";
}

TEST(Catalog, PromtoolFindsNothing) {
  if (system("command -v promtool >/dev/null 2>&1") != 0) {
    ASSERT_EQ(getenv("CI"), nullptr) << "promtool (package prometheus) is missing in CI";
    GTEST_SKIP() << "promtool is not installed (package prometheus)";
  }
  const std::string file = ::testing::TempDir() + "/nsobserver-catalog.prom";
  std::ofstream(file) << RenderFull();
  FILE* pipe = popen(absl::StrCat("promtool check metrics <", file, " 2>&1").c_str(), "r");
  ASSERT_NE(pipe, nullptr);
  std::string said;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) said.push_back(static_cast<char>(c));
  EXPECT_EQ(pclose(pipe), 0);
  EXPECT_EQ(said, "");
  remove(file.c_str());
}

}  // namespace
}  // namespace nsobs
