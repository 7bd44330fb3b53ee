// A FUSE server that misbehaves, spoken in the kernel's own protocol (linux/fuse.h).
#pragma once

// Mounts at `folder`, says "mounted" on standard output, and serves until the mount is gone.
// Returns an errno. `mode`: the request that is never answered (init, lookup, getattr, open, read,
// statfs); drip: each answer takes 1 s; die: the process ends at the first lookup.
int hostile_fuse(const char* folder, const char* mode);
