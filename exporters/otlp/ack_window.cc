#include "exporters/otlp/ack_window.h"

namespace nsobs {
namespace {

// Acknowledgements closer together than a part of the window are one step: the way back gets
// that much longer, and memory stays bounded.
constexpr int64_t kMaxSteps = 64;

}  // namespace

AckWindow::AckWindow(const OtlpCursor& start, absl::Duration window)
    : window_(window), now_(start), settled_(start) {}

void AckWindow::Acknowledge(const OtlpCursor& cursor, int64_t boot_ns) {
  Forget(boot_ns);
  const int64_t part = absl::ToInt64Nanoseconds(window_) / kMaxSteps;
  if (window_ <= absl::ZeroDuration()) {
    settled_ = cursor;
  } else if (steps_.empty() || boot_ns - steps_.back().boot_ns >= part) {
    steps_.push_back({boot_ns, now_});
  }
  now_ = cursor;
}

// A step covers what was acknowledged from its own time to the next one's (or for a part of the
// window): it is final when the youngest of that is.
void AckWindow::Forget(int64_t boot_ns) {
  const int64_t window = absl::ToInt64Nanoseconds(window_);
  const int64_t part = window / kMaxSteps;
  while (!steps_.empty() && boot_ns - steps_.front().boot_ns >= window + part) {
    steps_.pop_front();
    settled_ = steps_.empty() ? now_ : steps_.front().before;
  }
}

const OtlpCursor& AckWindow::Settled(int64_t boot_ns) {
  Forget(boot_ns);
  return settled_;
}

bool AckWindow::Rewind(int64_t boot_ns) {
  Forget(boot_ns);
  steps_.clear();
  if (now_ == settled_) return false;
  now_ = settled_;
  return true;
}

}  // namespace nsobs
