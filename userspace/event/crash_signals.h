// Signals by which a program ends itself through a fault of its own.
#pragma once

#include <signal.h>

#include <algorithm>
#include <array>

namespace nsobs {

inline constexpr std::array kCrashSignals = {SIGSEGV, SIGABRT, SIGBUS, SIGILL,
                                             SIGFPE,  SIGSYS,  SIGTRAP};

constexpr bool IsCrashSignal(int signal) {
  return std::find(kCrashSignals.begin(), kCrashSignals.end(), signal) != kCrashSignals.end();
}

}  // namespace nsobs
