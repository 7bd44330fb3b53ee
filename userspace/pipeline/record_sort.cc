#include "userspace/pipeline/record_sort.h"

#include "userspace/event/crash_signals.h"

namespace nsobs {

bool IsContext(EventKind kind) {
  return kind == EventKind::kCgroupChange || kind == EventKind::kProcessExec ||
         kind == EventKind::kProcessExit;
}

bool IsCrash(const Event& event) {
  const auto* exit = std::get_if<ProcessExit>(&event.detail);
  return exit != nullptr && IsCrashSignal(exit->signal);
}

}  // namespace nsobs
