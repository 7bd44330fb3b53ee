// The loaded BPF object behind a ProbeSet: maps, programs and links, loaded anew or adopted from a
// predecessor.
#pragma once

#include <bpf/libbpf.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "bpf/event_abi.h"
#include "userspace/base/fd.h"
#include "userspace/base/fd_bundle.h"
#include "userspace/collector/bpf_object.h"
#include "userspace/collector/bulk_limit.h"
#include "userspace/collector/hook_choice.h"
#include "userspace/collector/kernel_runs.h"
#include "userspace/collector/probe_set.h"
#include "userspace/collector/tracepoint_id.h"

namespace nsobs {

inline constexpr char kSelfTest[] = "nsobs_self_test";
inline constexpr char kDnsSweep[] = "nsobs_dns_sweep";

struct DestroyLink {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using Link = std::unique_ptr<bpf_link, DestroyLink>;

// The map of runs in our memory.
class RunMapping {
 public:
  RunMapping() = default;
  RunMapping(const RunMapping&) = delete;
  RunMapping& operator=(const RunMapping&) = delete;
  ~RunMapping();

  absl::Status Map(const bpf_map* map);
  KernelRuns& runs() { return *runs_; }

 private:
  void* address_ = nullptr;
  size_t bytes_ = 0;
  std::optional<KernelRuns> runs_;
};

class ProbeSet::Impl {
 public:
  // A fresh one, with which the host is asked what it permits.
  absl::Status Load(const ProbeOptions& options);
  // The very maps, programs and links of the bundle. FAILED_PRECONDITION: it is not of this build
  // with these options.
  absl::Status Adopt(const ProbeOptions& options, FdBundle bundle);
  // Nothing is left to do for what was adopted.
  void Attach();

  // What Adopt() takes; descriptors of its own.
  absl::StatusOr<FdBundle> Bundle() const;
  // Lets go of the links without detaching: whoever holds the bundle has them.
  void Leave();

  // -1: it was not loaded.
  int ProgramFd(std::string_view name) const;
  // What serves the row of ProgramTable(), which has a hook.
  int ProgramFd(size_t row) const { return ProgramFd(std::string_view(programs_[row])); }
  // What it is attached by; -1: nothing.
  int LinkFd(size_t row) const;

  BpfObject object_ = BpfObject::kPlain;
  Skeleton skeleton_;
  RunMapping mapping_;
  BulkLimit bulk_;
  std::vector<ProbeState> states_;
  int host_scan_fd_ = -1;  // of a link
  std::string id_;         // of the loading: no two have the same

 private:
  absl::Status LoadPrograms(const ProbeOptions& options);
  void Choose(const ProbeOptions& options);
  bool DropRefused(const ProbeOptions& options, std::string_view program);
  bool DropRefusedOf(size_t row, const ProbeOptions& options);
  absl::Status AttachOne(size_t row, const absl::StatusOr<TracepointIds>& ids);
  absl::Status AttachToRootCgroup(size_t row, bpf_program* program);
  absl::Status Keep(size_t row, bpf_link* link);
  bpf_program* Find(std::string_view name) const;
  absl::Status ReuseMaps(const FdBundle& bundle);
  absl::Status TakeStates(const std::vector<std::string>& lines, const FdBundle& bundle);

  std::vector<HookChoice> choices_;    // one for each row of ProgramTable(); the first is taken
  std::vector<std::string> programs_;  // by row; "": none
  std::string dns_missing_;            // the first of its sources that is off
  std::string schema_;
  // By row, of those that are attached; empty if they were adopted.
  std::vector<Link> links_;
  bool adopted_ = false;
  FdBundle taken_;  // of a predecessor
};

}  // namespace nsobs
