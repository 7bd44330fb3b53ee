// A FUSE server that misbehaves, spoken in the kernel's own protocol (linux/fuse.h).
#ifndef NSOBS_TESTS_GAUNTLET_HOSTILE_FUSE_H_
#define NSOBS_TESTS_GAUNTLET_HOSTILE_FUSE_H_

// Mounts at `folder`, says "mounted" on standard output, and serves until the mount is gone.
// Returns an errno. `mode`: the request that is never answered (init, lookup, getattr, open, read,
// statfs); drip: each answer takes 1 s; die: the process ends at the first lookup.
int hostile_fuse(const char* folder, const char* mode);

#endif  // NSOBS_TESTS_GAUNTLET_HOSTILE_FUSE_H_
