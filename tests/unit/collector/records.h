// Records as the kernel side makes them, with a value of its own in each field.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "bpf/event_abi.h"

namespace nsobs {

inline constexpr uint64_t kSampleBootNs = 123'456'789'012;

nsobs_namespaces SampleNamespaces(uint32_t first);
// Of thread group `pid`; all numbers derive from it.
nsobs_process SampleProcess(uint32_t pid, std::string_view comm);

nsobs_namespace_change SampleNamespaceChange();
nsobs_connect_failure SampleConnectFailure();
nsobs_signal SampleSignal();
nsobs_oom_kill SampleOomKill();
nsobs_cgroup_change SampleCgroupChange(std::string_view path);
nsobs_process_exec SampleExec(std::string_view args);  // h.size as long as `args` needs
nsobs_process_exit SampleExit();
nsobs_packet_drop SamplePacketDrop();
nsobs_bind_failure SampleBindFailure();
nsobs_file_failure SampleFileFailure();
nsobs_dns_failure SampleDnsFailure();

// The bytes that would stand on the ring: h.size of them.
template <typename T>
absl::Span<const uint8_t> Bytes(const T& record) {
  return {reinterpret_cast<const uint8_t*>(&record), record.h.size};
}

// One of each kind, as bytes.
std::vector<std::string> SampleOfEachKind();

inline absl::Span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace nsobs
