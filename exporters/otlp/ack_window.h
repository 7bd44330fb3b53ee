// A cursor that moves on acknowledgement only, and knows the way back: an acknowledgement (2xx) is
// a promise that a server which is killed can't keep, so what is younger than a window isn't final.
// Pure.
#pragma once

#include <cstdint>
#include <deque>

#include "absl/time/time.h"
#include "exporters/otlp/cursor.h"

namespace nsobs {

class AckWindow {
 public:
  // `window` zero trusts every acknowledgement.
  AckWindow(const OtlpCursor& start, absl::Duration window);

  // All before it is acknowledged.
  const OtlpCursor& now() const { return now_; }

  // What lies between now() and `cursor` was acknowledged at `boot_ns`.
  void Acknowledge(const OtlpCursor& cursor, int64_t boot_ns);

  // All before it was acknowledged a window ago or more: what may be written down, and where a new
  // process begins.
  const OtlpCursor& Settled(int64_t boot_ns);

  // The server, or the way to it, failed: now() goes back to where it was a window ago. False if it
  // is there already.
  bool Rewind(int64_t boot_ns);

 private:
  struct Step {
    int64_t boot_ns = 0;  // of the first acknowledgement after `before`
    OtlpCursor before;
  };
  void Forget(int64_t boot_ns);

  const absl::Duration window_;
  OtlpCursor now_;
  OtlpCursor settled_;
  std::deque<Step> steps_;  // younger than the window, oldest first; at most kMaxSteps
};

}  // namespace nsobs
