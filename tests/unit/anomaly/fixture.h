// Containers, processes and events for the tests of rules, and what the rules said of them.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "userspace/anomaly/options.h"
#include "userspace/anomaly/rule.h"

namespace nsobs {

inline constexpr int64_t kMillisecond = 1'000'000;
inline constexpr int64_t kSecond = 1'000 * kMillisecond;
inline constexpr int64_t kMinute = 60 * kSecond;
// Boot and wall time of the events' second 0.
inline constexpr int64_t kBoot = 1'000 * kSecond;
inline constexpr int64_t kWall = 1'700'000'000 * kSecond;

// "web" of docker, whose init is pid 100; other names have other ids and inits.
ContainerRef MakeContainer(const std::string& name, uint32_t init_pid);

Process MakeProcess(uint32_t pid, uint32_t ns_pid, const std::string& comm);

// `at_ns` counts from kBoot. Kind as the detail's.
ObservedEvent MakeEvent(const ContainerRef& container, const Process& process, EventDetail detail,
                        int64_t at_ns);

Signal MakeSignal(int number, Signal::Result result, const Process& sender);

// Everything that a rule said. Also feeds it.
class RuleTest : public ::testing::Test {
 protected:
  void Use(std::unique_ptr<Rule> rule) { rule_ = std::move(rule); }

  void Feed(const ObservedEvent& event) { rule_->OnEvent(event, sink_); }
  void End(const Process& process) { rule_->OnProcessEnd(process.key()); }
  bool AwaitsEnd(const Process& process) const { return rule_->AwaitsEnd(process.key()); }
  void Tick(int64_t at_ns) { rule_->OnTick(kBoot + at_ns, sink_); }
  void Host(const HostFacts& facts, int64_t at_ns) {
    rule_->OnHostFacts(facts, kBoot + at_ns, sink_);
  }
  void Silent(const std::vector<SilentProbe>& probes, int64_t at_ns) {
    rule_->OnSilentProbes(probes, kBoot + at_ns, sink_);
  }
  void Cgroups(const std::vector<CgroupFacts>& facts, int64_t at_ns) {
    rule_->OnCgroupFacts(facts, kBoot + at_ns, sink_);
  }

  // What was said since the last call.
  std::vector<Anomaly> Said() { return std::exchange(said_, {}); }
  // The only one; a failure of the test if there is none or more.
  Anomaly One();

  const ContainerRef web_ = MakeContainer("web", 100);
  const ContainerRef db_ = MakeContainer("db", 200);
  const Process init_ = MakeProcess(100, 1, "nginx");
  const Process worker_ = MakeProcess(107, 7, "worker");
  const Process engine_ = MakeProcess(50, 50, "dockerd");

 private:
  std::unique_ptr<Rule> rule_;
  std::vector<Anomaly> said_;
  const AnomalySink sink_ = [this](Anomaly a) { said_.push_back(std::move(a)); };
};

}  // namespace nsobs
