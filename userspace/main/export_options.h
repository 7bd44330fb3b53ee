// What `nsobserver export` was asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace nsobs {

struct ExportOptions {
  std::string storage_path;
  std::optional<int64_t> since_wall_ns;
  std::optional<int64_t> until_wall_ns;
  std::string container;
  bool html = true;
  std::string file;  // "-": standard output
};

}  // namespace nsobs
