// Rules over what a look at the host finds: zombies, leaks, pressure.
#include <functional>

#include "tests/unit/anomaly/fixture.h"
#include "userspace/anomaly/rules/namespace_leak.h"
#include "userspace/anomaly/rules/pressure.h"
#include "userspace/anomaly/rules/silent_probe.h"
#include "userspace/anomaly/rules/zombies.h"

namespace nsobs {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class ZombiesRuleTest : public RuleTest {
 protected:
  ZombiesRuleTest() { Use(MakeZombiesRule(AnomalyOptions())); }
  void Look(uint32_t zombies, int64_t at_ns) { Host({{{web_, init_, zombies}}, {}}, at_ns); }
};

TEST_F(ZombiesRuleTest, ManyAndMoreThanBefore) {
  Look(12, 0);
  EXPECT_THAT(Said(), IsEmpty());  // grown or not, one look doesn't tell
  Look(12, kMinute);
  EXPECT_THAT(Said(), IsEmpty());
  Look(15, 2 * kMinute);
  const Anomaly a = One();
  EXPECT_EQ(a.rule, "zombies");
  EXPECT_EQ(a.severity, Severity::kWarning);
  EXPECT_EQ(a.boot_ns, kBoot + 2 * kMinute);
  EXPECT_EQ(a.container, web_);
  EXPECT_EQ(a.subject.pid, 100u);
  EXPECT_EQ(a.facts["zombies"], 15);
  EXPECT_EQ(a.facts["before"], 12);
  EXPECT_EQ(a.facts["parent"]["pid"], 100);
  EXPECT_EQ(a.facts["parent_is_init"], true);
  EXPECT_EQ(a.summary,
            "web: nginx[100] has not waited for 15 of its children, which stay as zombies");
}

TEST_F(ZombiesRuleTest, VeryManyAtOnce) {
  Look(50, 0);
  EXPECT_THAT(Said(), SizeIs(1));
}

TEST_F(ZombiesRuleTest, Decoys) {
  for (uint32_t n = 0; n < 10; ++n) Look(n, n * kMinute);  // grows, but few
  Look(40, 10 * kMinute);
  Said();
  Look(30, 11 * kMinute);  // is being waited for
  Look(30, 12 * kMinute);
  EXPECT_THAT(Said(), IsEmpty());
  // The same pid is another process by now.
  Process reborn = init_;
  reborn.start_boot_ns = 77;
  Host({{{web_, reborn, 45}}, {}}, 13 * kMinute);
  EXPECT_THAT(Said(), IsEmpty());
}

TEST_F(ZombiesRuleTest, OfTheHostAnInfo) {
  Host({{{nullptr, engine_, 99}}, {}}, 0);
  EXPECT_EQ(One().severity, Severity::kInfo);
}

class NamespaceLeakRuleTest : public RuleTest {
 protected:
  NamespaceLeakRuleTest() { Use(MakeNamespaceLeakRule(AnomalyOptions())); }
  HostFacts Leak(uint32_t inode, uint32_t processes, bool mounted) {
    return {{}, {{NamespaceKind::kNet, {inode, 9}, web_, kBoot, processes, mounted}}};
  }
};

TEST_F(NamespaceLeakRuleTest, ToldOnceAnHour) {
  Host(Leak(77, 0, true), 20 * kSecond);
  const Anomaly a = One();
  EXPECT_EQ(a.rule, "namespace_leak");
  EXPECT_EQ(a.severity, Severity::kWarning);
  EXPECT_EQ(a.container, web_);
  EXPECT_EQ(a.subject.pid, 0u);
  EXPECT_EQ(a.subject.namespaces[NamespaceKind::kNet].inode, 77u);
  EXPECT_EQ(a.facts.dump(), R"({"kind":"net","inode":77,"age_ns":20000000000,"process_count":0,)"
                            R"("bind_mounted":true})");
  EXPECT_EQ(a.summary,
            "web is dead, but its namespace net:[77] is still there after 20 s, held by a bind "
            "mount");
  for (int minute = 1; minute < 60; ++minute) Host(Leak(77, 0, true), minute * kMinute);
  EXPECT_THAT(Said(), IsEmpty());
  Host(Leak(77, 0, true), 61 * kMinute);
  EXPECT_THAT(Said(), SizeIs(1));
  Host(Leak(78, 3, false), 61 * kMinute);  // another one
  EXPECT_THAT(One().summary, testing::EndsWith("held by 3 processes"));
  Host(Leak(79, 0, false), 61 * kMinute);
  EXPECT_THAT(One().summary, testing::EndsWith("held by an open file"));
}

TEST_F(NamespaceLeakRuleTest, WhoHoldsItAndWhere) {
  HostFacts facts = Leak(80, 1, true);
  facts.leaked[0].holder = worker_;
  facts.leaked[0].mount_point = "/run/netns/\xff";
  Host(facts, 0);
  const Anomaly a = One();
  EXPECT_EQ(a.facts["holders"][0]["pid"], 107);
  EXPECT_EQ(a.facts["holders"][0]["comm"], "worker");
  EXPECT_EQ(a.facts["mount_point"], "/run/netns/\xef\xbf\xbd");
}

class PressureRuleTest : public RuleTest {
 protected:
  PressureRuleTest() { Use(MakePressureRule(AnomalyOptions())); }

  // Looks each 10 s for a minute while the facts grow by `step` each time; what was said by then.
  std::vector<Anomaly> Grow(const std::function<void(CgroupFacts*, uint64_t)>& at) {
    for (uint64_t i = 0; i <= 3; ++i) {
      CgroupFacts facts;
      facts.container = web_;
      at(&facts, i);
      Cgroups({facts}, static_cast<int64_t>(i) * 10 * kSecond);
      if (i < 3) {
        EXPECT_THAT(Said(), IsEmpty()) << "before a window has passed";
      }
    }
    return Said();
  }
};

TEST_F(PressureRuleTest, Throttled) {
  const auto said = Grow([](CgroupFacts* f, uint64_t i) {
    f->cpu_periods = 1000 + i * 100;
    f->cpu_throttled_periods = 500 + i * 25;
    f->cpu_throttled_ns = i * 7;
  });
  ASSERT_THAT(said, SizeIs(1));
  EXPECT_EQ(said[0].rule, "pressure");
  EXPECT_EQ(said[0].severity, Severity::kWarning);
  EXPECT_EQ(said[0].container, web_);
  EXPECT_EQ(said[0].subject.key(), web_->init);
  EXPECT_EQ(said[0].subject.namespaces, web_->namespaces);
  EXPECT_EQ(said[0].summary, "web was throttled in 25 % of its cpu periods");
  EXPECT_EQ(said[0].facts.dump(),
            R"({"what":"cpu_throttled","window_ns":30000000000,"percent":25,"periods":300,)"
            R"("throttled_periods":75,"throttled_ns":21})");
}

TEST_F(PressureRuleTest, StalledByResource) {
  const auto said = Grow([](CgroupFacts* f, uint64_t i) {
    f->memory_stalled_us = f->cpu_stalled_us = f->io_stalled_us = i * 2'000'000;  // 20 %
  });
  ASSERT_THAT(said, SizeIs(3));
  EXPECT_EQ(said[0].summary, "web waited for memory in 20 % of the time");
  EXPECT_EQ(said[0].facts["stalled_ns"], 6 * kSecond);
  EXPECT_EQ(said[0].severity, Severity::kWarning);
  EXPECT_EQ(said[1].facts["what"], "cpu_stalled");
  EXPECT_EQ(said[1].severity, Severity::kInfo);
  EXPECT_EQ(said[2].facts["what"], "io_stalled");
  EXPECT_EQ(said[2].severity, Severity::kInfo);
}

TEST_F(PressureRuleTest, Limits) {
  const auto said = Grow([](CgroupFacts* f, uint64_t i) {
    f->pids_limit_hits = 7 + i;
    f->pids_limit = 100;
    f->memory_limit_hits = 5 * i;
    f->memory_limit_bytes = 64;
  });
  ASSERT_THAT(said, SizeIs(2));
  EXPECT_EQ(said[0].facts.dump(), R"({"what":"pids_limit","window_ns":30000000000,"hits":3,)"
                                  R"("limit":100,"current":null})");
  EXPECT_EQ(said[0].severity, Severity::kWarning);
  EXPECT_EQ(said[1].facts.dump(), R"({"what":"memory_limit","window_ns":30000000000,"hits":15,)"
                                  R"("limit_bytes":64,"usage_bytes":null})");
  EXPECT_EQ(said[1].severity, Severity::kInfo);
}

TEST_F(PressureRuleTest, Decoys) {
  const std::function<void(CgroupFacts*, uint64_t)> decoys[] = {
      [](CgroupFacts*, uint64_t) {},    // nothing is known
      [](CgroupFacts* f, uint64_t i) {  // a little throttled
        f->cpu_periods = i * 100;
        f->cpu_throttled_periods = i * 24;
      },
      [](CgroupFacts* f, uint64_t i) {  // too few periods to tell
        f->cpu_periods = i * 16;
        f->cpu_throttled_periods = i * 16;
      },
      [](CgroupFacts* f, uint64_t i) { f->memory_stalled_us = i * 1'900'000; },
      [](CgroupFacts* f, uint64_t) { f->pids_limit_hits = f->memory_limit_hits = 1'000'000; },
      [](CgroupFacts* f, uint64_t i) { f->memory_stalled_us = 90'000'000 - i * 9'000'000; },
  };
  for (const auto& decoy : decoys) {
    Use(MakePressureRule(AnomalyOptions()));
    EXPECT_THAT(Grow(decoy), IsEmpty());
  }
}

// A container that ended and came back begins anew; the host as a whole is nobody's.
TEST_F(PressureRuleTest, WhoIsGoneIsForgotten) {
  CgroupFacts facts;
  facts.container = web_;
  facts.pids_limit_hits = 1;
  Cgroups({facts}, 0);
  Cgroups({}, 10 * kSecond);
  facts.pids_limit_hits = 9;
  Cgroups({facts}, 40 * kSecond);
  facts.container = nullptr;
  Cgroups({facts}, 50 * kSecond);
  facts.pids_limit_hits = 99;
  Cgroups({facts}, 90 * kSecond);
  EXPECT_THAT(Said(), IsEmpty());
}

class SilentProbeRuleTest : public RuleTest {
 protected:
  SilentProbeRuleTest() { Use(MakeSilentProbeRule(AnomalyOptions())); }
};

TEST_F(SilentProbeRuleTest, EachSourceByItself) {
  Silent({}, 0);
  EXPECT_THAT(Said(), IsEmpty());
  Silent({{"setns_return",
           "tracepoint/syscalls/sys_exit_setns",
           "setns",
           2,
           kBoot + kSecond,
           {0, 1},
           2}},
         11 * kSecond);
  const Anomaly a = One();
  EXPECT_EQ(a.rule, "silent_probe");
  EXPECT_EQ(a.severity, Severity::kCritical);
  EXPECT_EQ(a.container, nullptr);
  EXPECT_EQ(a.subject.pid, 0u);
  EXPECT_EQ(a.facts["source"], "setns_return");
  EXPECT_EQ(a.facts["missed"], 2);
  EXPECT_EQ(a.facts["cpus_tried"], 2);
  EXPECT_FALSE(a.facts.contains("cpus")) << "on all of them";
  EXPECT_EQ(a.facts["silent_ns"], 10 * kSecond);
  EXPECT_EQ(a.summary,
            "the program setns_return on tracepoint/syscalls/sys_exit_setns has gone silent: it "
            "missed 2 deeds in a row");
  Silent({{"a", "h", "", 2, 0, {0}, 1}, {"b", "h", "", 3, 0, {0}, 1}}, 12 * kSecond);
  const std::vector<Anomaly> said = Said();
  ASSERT_THAT(said, SizeIs(2));
  EXPECT_NE(said[0].key, said[1].key);
  EXPECT_FALSE(said[0].facts.contains("silent_ns")) << "it never answered";
}

TEST_F(SilentProbeRuleTest, TheCpusAreToldIfItIsNotAll) {
  Silent({{"a", "h", "", 2, 0, {1, 2, 3, 7, 9, 10}, 16}}, 12 * kSecond);
  const Anomaly a = One();
  EXPECT_EQ(a.facts["cpus"], "1-3,7,9-10");
  EXPECT_EQ(a.facts["cpus_tried"], 16);
  EXPECT_EQ(a.summary,
            "the program a on h has gone silent on CPU 1-3,7,9-10: it missed 2 deeds in a row");
}

TEST_F(SilentProbeRuleTest, TheListOfCpusHasABound) {
  std::vector<uint32_t> odd;
  for (uint32_t cpu = 1; cpu < 400; cpu += 2) odd.push_back(cpu);
  Silent({{"a", "h", "", 2, 0, odd, 400}}, 12 * kSecond);
  const std::string cpus = One().facts["cpus"];
  EXPECT_LT(cpus.size(), 80u);
  EXPECT_TRUE(cpus.starts_with("1,3,5,")) << cpus;
  EXPECT_TRUE(cpus.ends_with(",...")) << cpus;
}

TEST_F(SilentProbeRuleTest, CanBeSwitchedOff) {
  AnomalyOptions options;
  options.silent_probe = "off";
  EXPECT_EQ(MakeSilentProbeRule(options), nullptr);
}

}  // namespace
}  // namespace nsobs
