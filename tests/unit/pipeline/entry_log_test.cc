// Who came into which container lately.
#include "userspace/pipeline/entry_log.h"

#include <gtest/gtest.h>

namespace nsobs {
namespace {

using Json = nlohmann::ordered_json;

ContainerRef Named(const std::string& id) {
  Container c;
  c.name = c.id = id;
  c.runtime = "podman";
  return std::make_shared<const Container>(c);
}

ObservedEvent Came(const ContainerRef& into, uint32_t pid, int64_t boot_ns, NamespaceKind kind,
                   Entry::By by = Entry::By::kStranger) {
  ObservedEvent out;
  out.event.kind = EventKind::kNamespaceChange;
  out.event.boot_ns = boot_ns;
  out.event.process.pid = pid;
  out.event.process.start_boot_ns = pid;
  out.event.process.comm = "nsenter";
  NamespaceChange change;
  change.changed = static_cast<uint8_t>(1 << static_cast<int>(kind));
  out.event.detail = change;
  out.entry = Entry{by, {}, false};
  out.peer = into;
  return out;
}

TEST(EntryLogTest, OneProcessThatJoinsSeveralKindsIsOneEntry) {
  EntryLog log;
  const ContainerRef web = Named("web");
  log.Add(Came(web, 7, 100, NamespaceKind::kNet));
  log.Add(Came(web, 7, 101, NamespaceKind::kMnt));
  log.Add(Came(web, 8, 200, NamespaceKind::kPid));
  const Json all = log.Since(*web, 0);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0]["kinds"].dump(), R"(["mnt","net"])");
  EXPECT_EQ(all[0]["boot_ns"], 100);
  EXPECT_EQ(all[0]["by"], "stranger");
  EXPECT_EQ(all[0]["process"]["comm"], "nsenter");
  EXPECT_EQ(log.Since(*web, 150).size(), 1u);
  EXPECT_TRUE(log.Since(*Named("db"), 0).empty());
}

TEST(EntryLogTest, WhatIsNoEntryIsPassedOver) {
  EntryLog log;
  const ContainerRef web = Named("web");
  log.Add(ObservedEvent());
  ObservedEvent plumbing = Came(web, 7, 1, NamespaceKind::kNet);
  plumbing.entry->before_start = true;
  log.Add(plumbing);
  ObservedEvent failed = Came(web, 7, 1, NamespaceKind::kNet);
  std::get<NamespaceChange>(failed.event.detail).error = 1;
  log.Add(failed);
  ObservedEvent nobody = Came(nullptr, 7, 1, NamespaceKind::kNet);
  log.Add(nobody);
  EXPECT_TRUE(log.Since(*web, 0).empty());
}

TEST(EntryLogTest, HealthChecksDontPushStrangersOut) {
  EntryLog log;
  const ContainerRef web = Named("web");
  log.Add(Came(web, 7, 1, NamespaceKind::kNet));
  for (uint32_t i = 10; i < 100; ++i) {
    log.Add(Came(web, i, i, NamespaceKind::kNet, Entry::By::kEngine));
  }
  const Json all = log.Since(*web, 0);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[0]["process"]["pid"], 7);
  EXPECT_EQ(all[2]["process"]["pid"], 99);
}

TEST(EntryLogTest, IsBounded) {
  EntryLog log;
  for (int i = 0; i < 300; ++i) {
    const ContainerRef c = Named(std::to_string(i));
    for (uint32_t pid = 1; pid < 9; ++pid) log.Add(Came(c, pid, pid, NamespaceKind::kNet));
  }
  EXPECT_TRUE(log.Since(*Named("0"), 0).empty());
  EXPECT_EQ(log.Since(*Named("299"), 0).size(), 4u);
}

}  // namespace
}  // namespace nsobs
