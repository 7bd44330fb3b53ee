#include "userspace/anomaly/rule_engine.h"

#include <sys/socket.h>

#include <cerrno>
#include <csignal>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/unit/anomaly/fixture.h"
#include "userspace/anomaly/rules.h"
#include "userspace/anomaly/window_count.h"

namespace nsobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

// Says what its events' programs are called: one anomaly each, with that key.
class Echo : public Rule {
 public:
  explicit Echo(Severity severity) : severity_(severity) {}
  std::string_view name() const override { return "echo"; }
  void OnEvent(const ObservedEvent& event, const AnomalySink& sink) override {
    Anomaly a;
    a.rule = "echo";
    a.severity = severity_;
    a.boot_ns = event.event.boot_ns;
    a.container = event.container;
    a.key = event.event.process.comm;
    sink(std::move(a));
  }

 private:
  const Severity severity_;
};

class RuleEngineTest : public ::testing::Test {
 protected:
  void Use(Severity severity) {
    std::vector<std::unique_ptr<Rule>> rules;
    rules.push_back(std::make_unique<Echo>(severity));
    Use(std::move(rules));
  }
  void Use(std::vector<std::unique_ptr<Rule>> rules) {
    engine_ = std::make_unique<RuleEngine>(options_, std::move(rules), &clock_,
                                           [this](Anomaly a) { said_.push_back(std::move(a)); });
  }
  void Echoed(const ContainerRef& container, const std::string& key, int64_t at_ns) {
    engine_->OnEvent(MakeEvent(container, MakeProcess(1, 1, key), ProcessExit(), at_ns));
  }
  std::vector<Anomaly> Said() { return std::exchange(said_, {}); }

  AnomalyOptions options_;
  FakeClock clock_{kBoot, kWall};
  const ContainerRef web_ = MakeContainer("web", 100);
  std::unique_ptr<RuleEngine> engine_;
  std::vector<Anomaly> said_;
};

TEST_F(RuleEngineTest, OneTroubleOnceAWhile) {
  Use(Severity::kWarning);
  for (int second = 0; second < 300; ++second) Echoed(web_, "a", second * kSecond);
  std::vector<Anomaly> said = Said();
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_EQ(said[0].suppressed, 0u);
  EXPECT_EQ(said[0].wall_ns, kWall);  // by the clock, for the rule left it open
  Echoed(web_, "b", kSecond);
  EXPECT_THAT(Said(), SizeIs(1));
  Echoed(web_, "a", 300 * kSecond);
  said = Said();
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_EQ(said[0].suppressed, 299u);
  const std::vector<RuleCounts> counts = engine_->counts();
  ASSERT_THAT(counts, SizeIs(1));
  EXPECT_EQ(counts[0].rule, "echo");
  EXPECT_EQ(counts[0].fired, 3u);
  EXPECT_THAT(counts[0].suppressed,
              ElementsAre(Pair("container_rate", 0), Pair("rate", 0), Pair("repeat", 299)));
}

TEST_F(RuleEngineTest, NoContainerMoreThanItsShare) {
  Use(Severity::kInfo);
  for (int i = 0; i < 100; ++i) Echoed(web_, absl::StrCat("k", i), 0);
  EXPECT_THAT(Said(), SizeIs(30));
  Echoed(nullptr, "another", 0);
  EXPECT_THAT(Said(), SizeIs(1));
  EXPECT_EQ(engine_->counts()[0].suppressed["container_rate"], 70u);
  Echoed(web_, "k99", kMinute);  // what was held back isn't taken for told
  const std::vector<Anomaly> said = Said();
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_EQ(said[0].suppressed, 1u);
}

TEST_F(RuleEngineTest, NorAllTogether) {
  Use(Severity::kInfo);
  for (int c = 0; c < 20; ++c) {
    const ContainerRef container = MakeContainer(absl::StrCat("c", c), 100);
    for (int i = 0; i < 30; ++i) Echoed(container, absl::StrCat(c, "/", i), 0);
  }
  EXPECT_THAT(Said(), SizeIs(300));
  const RuleCounts counts = engine_->counts()[0];
  EXPECT_EQ(counts.fired, 300u);
  EXPECT_EQ(counts.suppressed.at("rate"), 300u);
}

TEST_F(RuleEngineTest, ManyInfosDoNotHideAWarning) {
  std::vector<std::unique_ptr<Rule>> rules = MakeRules(options_);
  rules.push_back(std::make_unique<Echo>(Severity::kInfo));
  Use(std::move(rules));
  for (int i = 0; i < 1000; ++i) Echoed(web_, absl::StrCat("k", i), 0);
  EXPECT_THAT(Said(), SizeIs(30));
  OomKill kill;
  engine_->OnEvent(MakeEvent(web_, MakeProcess(100, 1, "x"), kill, 0));
  EXPECT_EQ(Said()[0].rule, "oom_kill");
}

ObservedEvent Refused(const ContainerRef& container, const std::string& destination,
                      int64_t at_ns) {
  ConnectFailure f;
  f.family = AF_INET;
  f.destination = destination;
  f.port = 80;
  f.error = ECONNREFUSED;
  return MakeEvent(container, MakeProcess(107, 7, "app"), f, at_ns);
}

TEST_F(RuleEngineTest, AFloodDoesNotHideWhatAnotherRuleFinds) {
  Use(MakeRules(options_));
  for (int c = 0; c < 20; ++c) {
    const ContainerRef container = c == 0 ? web_ : MakeContainer(absl::StrCat("c", c), 100);
    for (int i = 0; i < 100; ++i) engine_->OnEvent(Refused(container, absl::StrCat(i), 0));
  }
  EXPECT_THAT(Said(), SizeIs(300));
  engine_->OnEvent(MakeEvent(web_, MakeProcess(100, 1, "x"), OomKill(), 0));
  EXPECT_THAT(Said(), SizeIs(1));
}

// The coalescer makes one row of a burst; the rules see it nevertheless.
TEST_F(RuleEngineTest, ARunCountsWhole) {
  options_.repeat_interval = absl::Seconds(1);
  Use(MakeRules(options_));
  engine_->OnEvent(Refused(web_, "10.0.0.7", 0), /*run_id=*/5);
  Said();
  engine_->OnRunExtension(5, 10, kBoot + kSecond);
  engine_->OnRunExtension(6, 1000, kBoot + kSecond);  // not known
  EXPECT_THAT(Said(), IsEmpty());
  engine_->OnRunExtension(5, 40, kBoot + 2 * kSecond);
  std::vector<Anomaly> said = Said();
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_EQ(said[0].facts["failures_in_window"], 51);
  EXPECT_EQ(said[0].boot_ns, kBoot + 2 * kSecond);
  EXPECT_EQ(said[0].wall_ns, kWall + 2 * kSecond);
  engine_->OnRunEnd(5);
  engine_->OnRunExtension(5, 40, kBoot + 4 * kSecond);
  EXPECT_THAT(Said(), IsEmpty());
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr uint64_t kFlood = 100'000;  // the same in a tenth of the time
#else
constexpr uint64_t kFlood = 1'000'000;
#endif

TEST_F(RuleEngineTest, AFloodOfDistinctKeysStaysBounded) {
  Use(MakeRules(options_));
  ObservedEvent event = Refused(web_, "", 0);
  auto& failure = std::get<ConnectFailure>(event.event.detail);
  for (uint64_t i = 0; i < kFlood; ++i) {
    failure.destination = absl::StrCat("10.", i >> 16 & 255, ".", i >> 8 & 255, ".", i & 255);
    engine_->OnEvent(event, /*run_id=*/i + 1);
  }
  EXPECT_LE(engine_->remembered_keys(), Gate::kMaxKeys);
  const RuleCounts counts = engine_->counts()[0];
  ASSERT_EQ(counts.rule, "connect_failure");
  EXPECT_EQ(counts.fired, 30u);
  EXPECT_EQ(counts.suppressed.at("container_rate"), kFlood - 30);
}

TEST(RulesTest, TheList) {
  std::vector<std::string> names;
  for (const auto& rule : MakeRules(AnomalyOptions())) names.emplace_back(rule->name());
  EXPECT_THAT(names, ElementsAre("connect_failure", "bind_failure", "file_failure", "packet_drop",
                                 "dns_failure", "term_ignored", "container_end", "crash",
                                 "oom_kill", "sigkill_by_other", "stuck", "zombies", "pressure",
                                 "namespace_entry", "namespace_leak", "silent_probe"));
}

TEST(RulesTest, SwitchedOff) {
  AnomalyOptions options;
  options.crash = "off";
  options.zombies = "off";
  EXPECT_THAT(MakeRules(options), SizeIs(14));
  options.enabled = false;
  EXPECT_THAT(MakeRules(options), IsEmpty());
}

// The words of a busy, healthy host: nothing of it is worse than an info.
TEST_F(RuleEngineTest, AHealthyHost) {
  Use(MakeRules(options_));
  const Process init = MakeProcess(100, 1, "nginx"), engine = MakeProcess(50, 50, "dockerd");
  for (int i = 0; i < 20; ++i) {
    const int64_t at_ns = i * kMinute;
    Process exec = MakeProcess(1000 + i, 1000 + i, "runc");
    NamespaceChange change;
    change.changed = 0xff;
    ObservedEvent entry = MakeEvent(web_, exec, change, at_ns);
    entry.peer = web_;
    entry.entry = Entry{Entry::By::kEngine, {}, false};
    engine_->OnEvent(MakeEvent(web_, init, ContainerStart(), at_ns));
    engine_->OnEvent(entry);
    engine_->OnEvent(MakeEvent(web_, exec, ProcessExit(), at_ns + kSecond));
    engine_->OnEvent(MakeEvent(web_, init, MakeSignal(SIGTERM, Signal::Result::kDelivered, engine),
                               at_ns + kSecond));
    engine_->OnEvent(MakeEvent(web_, init, ContainerExit{0, 0, 1, "exited"}, at_ns + 2 * kSecond));
    clock_.AdvanceNs(kMinute);
    engine_->OnTick();
    engine_->OnHostFacts({{{web_, init, 3}}, {}});
  }
  for (const Anomaly& a : Said()) EXPECT_EQ(a.severity, Severity::kInfo) << a.summary;
}

TEST(WindowCountTest, ForgetsInEighths) {
  WindowCount count;
  const int64_t kWindow = 8 * kSecond;
  EXPECT_EQ(count.Add(kBoot, 1, kWindow), 1u);
  EXPECT_EQ(count.Add(kBoot + 7 * kSecond, 2, kWindow), 3u);
  EXPECT_EQ(count.Add(kBoot + 8 * kSecond, 4, kWindow), 6u);   // the first is out
  EXPECT_EQ(count.Add(kBoot + 6 * kSecond, 8, kWindow), 14u);  // late ones count now
  EXPECT_EQ(count.Add(kBoot + 15 * kSecond, 1, kWindow), 13u);
  EXPECT_EQ(count.Add(kBoot + 900 * kSecond, 1, kWindow), 1u);
  count.Clear();
  EXPECT_EQ(count.Add(kBoot + 900 * kSecond, 1, kWindow), 1u);
}

TEST(LruMapTest, TheEldestMakesRoom) {
  LruMap<int, std::string> map(2);
  map.FindOrAdd(1) = "one";
  map.FindOrAdd(2, "two");
  EXPECT_EQ(*map.Find(1), "one");  // touched
  EXPECT_EQ(map.FindOrAdd(3, "three"), "three");
  EXPECT_EQ(map.Find(2), nullptr);
  EXPECT_EQ(map.size(), 2u);
  map.Erase(1);
  map.Erase(1);
  map.EraseIf([](int key, const std::string&) { return key == 3; });
  EXPECT_EQ(map.size(), 0u);
  EXPECT_EQ(map.FindOrAdd(3), "");
}

}  // namespace
}  // namespace nsobs
