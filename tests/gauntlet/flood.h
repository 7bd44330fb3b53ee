// Events at the full rate of a CPU, counted by who makes them.
#pragma once

// unshare(flags) without a pause; then says "unshared DONE FAILED".
int flood_critical(double seconds, int flags);

// Refused connects, each to another address; ignored signals; refused and, 20 times a second,
// granted unshares, with an exec after each of those. Then says "flooded {...}": how many of each,
// as JSON.
int flood_all(double seconds, const char* self);
