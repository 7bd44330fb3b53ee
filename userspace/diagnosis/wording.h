// How things are said to people. What a container chose (names, paths, addresses) goes in as text,
// on one line.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "userspace/diagnosis/node.h"

namespace nsobs {

// Control and invisible characters away, at most 200 bytes: a name can't break a line or a
// sentence.
std::string OneLine(std::string_view text);
// Fit to be pasted into a shell: in single quotes unless it is harmless.
std::string ShellWord(std::string_view text);

std::string Seconds(int64_t ns);                      // "10.0 s", "250 ms"
std::string Bytes(int64_t bytes);                     // "64 MiB"
std::string Percent(double share);                    // 0.42 -> "42 %"
std::string Count(int64_t n, std::string_view noun);  // "1 zombie", "3 zombies"

std::string AddressAndPort(std::string_view address, int64_t port);
// "SIGTERM" from "SIGTERM", "TERM" or 15.
std::string SignalText(const Node& signal);

std::string NamedContainer(const Node& container);  // "web (podman)"; of null "the host"
// "node (pid 4711)", "an unknown process"
std::string NamedProcess(const Node& process);
// Of {process, container, unit}: "containerd-shim (pid 812) of the host"
std::string NamedSender(const Node& sender);

}  // namespace nsobs
