// The exporter over long lives: the promise is held at every scrape, not only at the first.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <ctime>
#include <random>

#include "exporters/prometheus/prometheus_exporter.h"
#include "tests/unit/exporters/exposition.h"
#include "tests/unit/exporters/prometheus/snapshots.h"

namespace nsobs {
namespace {

using namespace testing;  // NOLINT: this project's testing, the helpers of the folder

constexpr char kFailures[] = "nsobserver_connect_failures_total";
constexpr char kAttempts[] = "nsobserver_tcp_connect_attempts_total";

// What a server that keeps all scrapes knows: by series, the value of each of its lives.
class Server {
 public:
  void Take(const Exposition& page) {
    EXPECT_THAT(page.errors, ::testing::IsEmpty());
    for (const auto& [series, value] : page.series) {
      if (page.types.at(FamilyOf(series)) != "counter") continue;
      const auto before = last_.find(series);
      if (before == last_.end()) {
        counted_[FamilyOf(series)] += value;
      } else {
        EXPECT_GE(value, before->second) << "went down while shown: " << series;
        counted_[FamilyOf(series)] += value - before->second;
      }
    }
    last_ = page.series;
  }
  double Counted(const std::string& family) const {
    const auto it = counted_.find(family);
    return it == counted_.end() ? 0 : it->second;
  }

 private:
  std::map<std::string, double> last_;
  std::map<std::string, double> counted_;
};

// What the observer would know of one container.
struct Life {
  ContainerRef container;
  uint64_t refused = 0;
  uint64_t odd = 0;
  int odd_errno = 1;
  uint64_t established = 0;
  uint64_t in_flight = 0;
  int looks_dead = 0;
};

class World {
 public:
  explicit World(unsigned seed) : random_(seed) {}

  void Step(int births, int names) {
    for (int i = 0; i < births; ++i) {
      const int n = number_++;
      lives_.push_back({MakeContainer("c" + std::to_string(n % names), std::to_string(n), n + 1), 0,
                        0, 1 + n % 120});
    }
    for (Life& life : lives_) {
      if (Chance(2)) Count(life);
      if (life.container->died_boot_ns == 0 && Chance(4)) Die(life);
    }
  }

  // As the pipeline does it: the dead are in one or more snapshots after their death.
  MetricsSnapshot Look() {
    MetricsSnapshot s;
    for (Life& life : lives_) {
      s.containers.push_back(life.container);
      const CounterOwner owner = Of(life.container);
      s.connect_failures.push_back(Refused(owner, life.refused));
      s.connect_failures.push_back({owner, Protocol::kUdp, life.odd_errno, life.odd});
      s.tcp_connects.push_back({owner, life.established + life.refused + life.in_flight,
                                life.established, life.refused, 0, life.in_flight});
      if (life.container->died_boot_ns != 0) ++life.looks_dead;
    }
    std::erase_if(lives_, [this](const Life& life) {
      return life.looks_dead > 0 && life.in_flight == 0 && Chance(2);
    });
    return s;
  }

  double failures = 0;
  double attempts = 0;
  int born() const { return number_; }

 private:
  bool Chance(int one_in) { return random_() % one_in == 0; }

  void Count(Life& life) {
    const uint64_t n = random_() % 10;
    life.refused += n;
    life.odd += n;
    life.established += 1;
    failures += 2 * n;
    attempts += n + 1;
    if (life.in_flight > 0) {
      --life.in_flight;
      ++life.established;
    } else if (life.container->died_boot_ns == 0 && Chance(3)) {
      ++life.in_flight;
      ++attempts;
    }
  }

  void Die(Life& life) { life.container = Dead(life.container); }

  std::mt19937 random_;
  std::vector<Life> lives_;
  int number_ = 0;
};

// attempts = outcomes + in flight, for each owner.
void ExpectConnectsAddUp(const Exposition& page) {
  std::map<std::string, double> missing;
  for (const auto& [series, value] : page.series) {
    const std::string family = FamilyOf(series);
    const bool attempts = family == kAttempts;
    if (!attempts && family != "nsobserver_tcp_connects_total" &&
        family != "nsobserver_tcp_connects_in_flight") {
      continue;
    }
    const auto labels = LabelsOf(series);
    missing[labels[0].second + "/" + labels[1].second] += attempts ? value : -value;
  }
  for (const auto& [owner, difference] : missing) EXPECT_EQ(difference, 0) << owner;
}

TEST(Churn, EveryScrapeIsExact) {
  const struct {
    size_t max_series;
    int names;
  } kCases[] = {{64, 1000000}, {300, 1000000}, {300, 7}, {10000, 1000000}, {10000, 5}};
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.max_series);
    PrometheusExporter exporter({.max_series = c.max_series});
    World world(static_cast<unsigned>(c.max_series + c.names));
    Server server;
    for (int round = 0; round < 60; ++round) {
      world.Step(round % 7, c.names);
      const Exposition page = Parse(exporter.Render(world.Look()));
      server.Take(page);
      ASSERT_EQ(server.Counted(kFailures), world.failures) << "round " << round;
      ASSERT_EQ(server.Counted(kAttempts), world.attempts) << "round " << round;
      EXPECT_LE(page.CountHaving("container=\""), c.max_series);
      ExpectConnectsAddUp(page);
    }
  }
}

TEST(Churn, AHundredThousandContainers) {
  PrometheusExporter exporter({.max_series = 2000});
  double counted = 0;
  Server server;
  for (int round = 0; round < 50; ++round) {
    MetricsSnapshot s;
    for (int i = 0; i < 2000; ++i) {
      const int n = round * 2000 + i;
      ContainerRef container = MakeContainer("c" + std::to_string(n));
      if (i % 5 != 0) container = Dead(container);  // born and gone between two scrapes
      s.containers.push_back(container);
      s.connect_failures.push_back(Refused(Of(container), 3));
      counted += 3;
    }
    const Exposition page = Parse(exporter.Render(s));
    server.Take(page);
    EXPECT_LE(page.series.size(), 2000u + 200u);
  }
  EXPECT_EQ(server.Counted(kFailures), counted);
}

double CpuMilliseconds() {
  timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) / 1e6;
}

TEST(Churn, TenThousandSeriesAreCheap) {
  PrometheusExporter exporter({.max_series = 12000});
  MetricsSnapshot s;
  for (int i = 0; i < 500; ++i) {
    auto container =
        std::make_shared<Container>(*MakeContainer("shop-frontend-" + std::to_string(i)));
    container->pod = "frontend-5d9c7b6f4-" + std::to_string(i);
    container->pod_namespace = "production";
    s.containers.push_back(container);
    for (int error : {ECONNREFUSED, ETIMEDOUT, ENETUNREACH}) {
      s.connect_failures.push_back({Of(container), Protocol::kTcp, error, 12345});
    }
    s.signals.push_back({Of(container), 15, Signal::Result::kIgnored, 7});
    s.tcp_connects.push_back({Of(container), 10, 6, 3, 0, 1});
  }
  std::string page = exporter.Render(s);
  const double start = CpuMilliseconds();
  constexpr int kRounds = 10;
  for (int i = 0; i < kRounds; ++i) page = exporter.Render(s);
  const double took = CpuMilliseconds() - start;
  const size_t series = Parse(page).series.size();
  EXPECT_GT(series, 9000u);
  printf("%zu series, %zu bytes: %.2f ms of CPU a scrape\n", series, page.size(), took / kRounds);
  // Far above what it takes, also under sanitizers: catches the quadratic, not the slow machine.
  EXPECT_LT(took / kRounds, 1000);
}

}  // namespace
}  // namespace nsobs
