// The process that listens, and holds no privilege: it moves the bytes of all clients, speaks TLS,
// and passes on nothing but heads of requests. What answers them is the daemon, over sockets that
// the front inherits.
//
//   clients <-- TLS, HTTP --> front (nobody, no capability, no file) <-- heads, answers --> daemon
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/time/time.h"

namespace nsobs {

// A hidden command of the program: `nsobserver web-front ...`.
inline constexpr const char* kFrontCommand = "web-front";

struct FrontOptions {
  size_t max_connections = 64;
  absl::Duration timeout = absl::Seconds(5);
  std::string config_file = "";  // read before privileges are given up
};

// Requests that the daemon answers at once, and those that read the database: one socket each.
inline constexpr size_t kFrontQuick = 4;
inline constexpr size_t kFrontSlow = 2;
inline constexpr size_t kFrontChannels = kFrontQuick + kFrontSlow;

// Descriptors that the front finds.
inline constexpr int kFrontListening = 3;
// Its end is the end of the daemon, or its wish; each byte on it is answered, as a sign of life.
inline constexpr int kFrontControl = 4;
inline constexpr int kFrontFirstChannel = 5;  // SOCK_SEQPACKET, see front_frames.h

// What stands after the program's name.
std::vector<std::string> FrontWords(const FrontOptions& options);

// The life of the front: returns the exit code once the daemon has ended, or why it can't begin on
// standard error. `words` come from FrontWords().
int RunFront(const std::vector<std::string>& words);

}  // namespace nsobs
