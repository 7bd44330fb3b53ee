// A connect whose address another thread changes under it.
#ifndef NSOBS_TESTS_GAUNTLET_RACE_H_
#define NSOBS_TESTS_GAUNTLET_RACE_H_

// `count` connects to 127.0.0.1, to `closed_port` or to a port that listens, as it happens; then
// says "raced REFUSED ESTABLISHED". Only the former can have been refused.
int race(int closed_port, int count);

#endif  // NSOBS_TESTS_GAUNTLET_RACE_H_
