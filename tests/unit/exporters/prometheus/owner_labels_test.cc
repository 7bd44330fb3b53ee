#include "exporters/prometheus/owner_labels.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/unit/exporters/prometheus/snapshots.h"

namespace nsobs {
namespace {

using testing::MakeContainer;

TEST(OwnerLabels, NamesOfContainers) {
  const struct {
    std::string name, want;
  } kCases[] = {
      {"web", "web"},
      {"netns blue", "netns blue"},
      {"caf\xC3\xA9", "caf\xC3\xA9"},
      {"host", "host (container)"},
      {"(other)", "(other) (container)"},
      {"host (container)", "host (container) (container)"},
      {"host (container) (container)", "host (container) (container) (container)"},
      {"web (container)", "web (container)"},
      {"host2", "host2"},
      {"we\x01"
       "b",
       "web~0123456789ab"},
      {"ho\x7Fst", "host~0123456789ab"},
      {"a\xFF"
       "b",
       "a\xEF\xBF\xBD"
       "b~0123456789ab"},
      {"", "~0123456789ab"},
      {"\x1b[31m", "[31m~0123456789ab"},
      {std::string(200, 'x'), std::string(128, 'x') + "~0123456789ab"},
  };
  for (const auto& c : kCases) {
    EXPECT_EQ(LabelsOf(*MakeContainer(c.name, "0123456789abcdef")).container.str(), c.want)
        << c.name;
  }
}

TEST(OwnerLabels, APodThatAnEngineAddedChangesNoSeries) {
  auto container = std::make_shared<Container>(*MakeContainer("web", "0123456789abcdef"));
  const OwnerLabels before = LabelsOf(*container);
  container->pod = "shop";
  container->enriched = {{"pod", "podman"}};
  EXPECT_EQ(LabelsOf(*container).pod.str(), before.pod.str());
  container->enriched.clear();
  EXPECT_EQ(LabelsOf(*container).pod.str(), "shop");
}

TEST(OwnerLabels, NothingReadsLikeTheHostOrTheOverflow) {
  EXPECT_EQ(HostLabels().container.str(), "host");
  EXPECT_EQ(OtherLabels().container.str(), "(other)");
  for (const char* name : {"host", "(other)", "hos\x01t", "\x01host", "host\x02", ""}) {
    for (const char* id : {"host", "(other)", "", "\x01", "x"}) {
      const OwnerLabels labels = LabelsOf(*MakeContainer(name, id));
      EXPECT_NE(labels, HostLabels());
      EXPECT_NE(labels, OtherLabels());
    }
  }
}

TEST(OwnerLabels, DifferentNamesNeverMeet) {
  std::map<OwnerLabels, std::string> seen;
  int number = 0;
  for (const std::string& base :
       {std::string("web"), std::string("host"), std::string("(other)")}) {
    for (int c = 0; c < 256; ++c) {
      const std::string name = base + static_cast<char>(c);
      const std::string id = "id" + std::to_string(number++);
      const auto [it, made] = seen.emplace(LabelsOf(*MakeContainer(name, id)), name);
      EXPECT_TRUE(made) << base << " with byte " << c;
    }
  }
}

TEST(OwnerLabels, PodTellsApart) {
  auto a = std::make_shared<Container>(*MakeContainer("app"));
  auto b = std::make_shared<Container>(*MakeContainer("app"));
  a->pod = "one";
  b->pod = "two";
  EXPECT_NE(LabelsOf(*a), LabelsOf(*b));
  b->pod = "one";
  b->id = "other id";
  EXPECT_EQ(LabelsOf(*a), LabelsOf(*b)) << "labels are name and pod, not the id";
}

}  // namespace
}  // namespace nsobs
