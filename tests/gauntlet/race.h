// A connect whose address another thread changes under it.
#pragma once

// `count` connects to 127.0.0.1, to `closed_port` or to a port that listens, as it happens; then
// says "raced REFUSED ESTABLISHED". Only the former can have been refused.
int race(int closed_port, int count);
