// The two clocks of the project. Events carry boot time; wall time is an annotation.
#pragma once

#include <cstdint>
#include <string>

namespace nsobs {

// Thread-safe. A parameter wherever time matters, so that tests hold it.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual int64_t BootNs() const = 0;  // CLOCK_BOOTTIME
  virtual int64_t WallNs() const = 0;  // CLOCK_REALTIME, since 1970 UTC

  // The wall time of a moment on the boot clock, by today's difference of the two.
  int64_t WallOfBootNs(int64_t boot_ns) const { return WallNs() - BootNs() + boot_ns; }
};

class SystemClock : public Clock {
 public:
  int64_t BootNs() const override;
  int64_t WallNs() const override;
};

class FakeClock : public Clock {
 public:
  FakeClock(int64_t boot_ns, int64_t wall_ns) : boot_ns_(boot_ns), wall_ns_(wall_ns) {}
  int64_t BootNs() const override { return boot_ns_; }
  int64_t WallNs() const override { return wall_ns_; }
  void AdvanceNs(int64_t ns) {
    boot_ns_ += ns;
    wall_ns_ += ns;
  }
  void StepWallNs(int64_t ns) { wall_ns_ += ns; }  // somebody sets it

 private:
  int64_t boot_ns_;
  int64_t wall_ns_;
};

// "2026-11-23T14:02:11.123456789Z" (RFC 3339, always UTC, always nine digits).
std::string FormatRfc3339(int64_t wall_ns);

// /proc/sys/kernel/random/boot_id, "" where it can't be read.
std::string BootId();

}  // namespace nsobs
