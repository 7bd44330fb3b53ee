// Events at the full rate of a CPU, counted by who makes them.
#pragma once

// Refused connects that all differ, ignored signals that are all equal, and ten times a second a
// new uts namespace; then says "flooded CONNECTS SIGNALS NAMESPACES".
int flood(double seconds);

// unshare(flags) without a pause; then says "unshared DONE FAILED".
int flood_critical(double seconds, int flags);
