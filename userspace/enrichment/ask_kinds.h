// The engines' own ways of being asked; what ask.cc chooses from.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "userspace/enrichment/ask.h"

namespace nsobs {

// The 64 digits that engines give themselves: unique, and safe within a request.
bool IsHexId(std::string_view id);

inline absl::Status NoSense() { return absl::DataLossError("an answer without sense"); }

absl::StatusOr<EngineAnswer> AskDocker(const EngineSocket& socket, const Container& container,
                                       Transport* transport);
absl::StatusOr<EngineAnswer> AskPodman(const EngineSocket& socket, const Container& container,
                                       Transport* transport);
absl::StatusOr<EngineAnswer> AskContainerd(const EngineSocket& socket, const Container& container,
                                           Transport* transport);
absl::StatusOr<EngineAnswer> AskCri(const EngineSocket& socket, const Container& container,
                                    Transport* transport);

absl::StatusOr<std::string> PingHttp(const EngineSocket& socket, Transport* transport);
absl::StatusOr<std::string> PingContainerd(const EngineSocket& socket, Transport* transport);
absl::StatusOr<std::string> PingCri(const EngineSocket& socket, Transport* transport);

}  // namespace nsobs
