// Loads the programs once, before the first test: a deed that is done before is not seen.
#include <gtest/gtest.h>

#include "tests/bpf/support/cgroup_lab.h"
#include "tests/bpf/support/probes.h"

namespace {

class LoadedProbes : public ::testing::Environment {
 public:
  void SetUp() override {
    nsobs::RemoveLeftovers();
    nsobs::Probes::Shared();
  }
};

// What one test provoked is of no use to the next: the events of all would be hundreds of
// megabytes.
class ForgetsEvents : public ::testing::EmptyTestEventListener {
  void OnTestEnd(const ::testing::TestInfo&) override { nsobs::Probes::Shared().Forget(); }
};

}  // namespace

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  ::testing::AddGlobalTestEnvironment(new LoadedProbes);
  ::testing::UnitTest::GetInstance()->listeners().Append(new ForgetsEvents);
  return RUN_ALL_TESTS();
}
