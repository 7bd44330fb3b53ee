// Any bytes as the configuration file: refused in one line that names it, or taken, and then every
// value can be written down and read again.
#include <stdlib.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "userspace/base/sanitize.h"
#include "userspace/config/config.h"
#include "userspace/config/options.h"
#include "userspace/config/yaml_file.h"

namespace {

constexpr size_t kMaxBytes = 4096;  // yaml-cpp takes its time with what is longer
constexpr size_t kMaxErrorBytes = 4096;

void Require(bool condition) {
  if (!condition) abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > kMaxBytes) return 0;
  nsobs::Config config = nsobs::DefaultConfig();
  const absl::Status status = nsobs::ApplyYaml(
      std::string(reinterpret_cast<const char*>(data), size), "nsobserver.yaml", &config);
  if (!status.ok()) {
    const std::string error(status.message());
    Require(error.starts_with("nsobserver.yaml:") && error.size() <= kMaxErrorBytes);
    Require(nsobs::ForTerminal(error) == error);
    return 0;
  }
  for (const nsobs::Option& option : nsobs::Options()) {
    const std::string text = nsobs::FormatOption(option, config);
    nsobs::Config again = nsobs::DefaultConfig();
    Require(nsobs::SetOption(option, nsobs::SplitFlagText(option, text), &again).ok());
    Require(nsobs::FormatOption(option, again) == text);
  }
  return 0;
}
