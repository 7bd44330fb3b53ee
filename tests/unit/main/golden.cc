#include "tests/unit/main/golden.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace nsobs {

void ExpectGolden(std::string_view name, const std::string& text) {
  const std::filesystem::path path =
      std::filesystem::path(NSOBS_SOURCE_DIR) / "tests/golden" / name;
  if (getenv("NSOBS_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
  }
  std::ostringstream want;
  want << std::ifstream(path).rdbuf();
  EXPECT_EQ(text, want.str()) << "differs from " << path << "; if that is right, run with "
                              << "NSOBS_UPDATE_GOLDEN=1";
}

}  // namespace nsobs
