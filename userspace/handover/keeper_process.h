// What both sides of the keeper know.
#pragma once

namespace nsobs {

// Descriptors that the keeper finds.
inline constexpr int kKeeperLine = 3;       // SOCK_SEQPACKET; its end is the end of the daemon
inline constexpr int kKeeperListening = 4;  // where a successor comes

// The keeper's one word: it has given up its privileges and holds all.
inline constexpr char kKeeperHolds = 'H';
// The daemon's one word: let go of everything.
inline constexpr char kKeeperEnd = 'E';

}  // namespace nsobs
