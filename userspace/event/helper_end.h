// A process that works for the observer ended, or was ended, and another one took its place.
#pragma once

#include <functional>
#include <string>

#include "absl/time/time.h"

namespace nsobs {

struct HelperEnd {
  std::string process;                         // "web", "snapshot", "zygote"
  std::string reason;                          // "exited", "killed", "hung", "misbehaved"
  std::string text;                            // for people: "killed by signal 9"
  absl::Duration away = absl::ZeroDuration();  // for so long nobody did its work
};

// Called once another one runs, in the thread that started it. Must not wait.
using HelperReplaced = std::function<void(const HelperEnd&)>;

}  // namespace nsobs
