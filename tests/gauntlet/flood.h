// Events at the full rate of a CPU, counted by who makes them.
#pragma once

// unshare(flags) without a pause; then says "unshared DONE FAILED".
int flood_critical(double seconds, int flags);
