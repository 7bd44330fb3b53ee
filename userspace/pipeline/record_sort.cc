#include "userspace/pipeline/record_sort.h"

#include <signal.h>

namespace nsobs {

bool IsContext(EventKind kind) {
  return kind == EventKind::kCgroupChange || kind == EventKind::kProcessExec ||
         kind == EventKind::kProcessExit;
}

bool IsCrash(const Event& event) {
  const auto* exit = std::get_if<ProcessExit>(&event.detail);
  if (exit == nullptr) return false;
  switch (exit->signal) {
    case SIGSEGV:
    case SIGABRT:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGSYS:
    case SIGTRAP:
      return true;
    default:
      return false;
  }
}

}  // namespace nsobs
