#include "userspace/base/call_filter.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "userspace/base/fd.h"
#include "userspace/base/status_util.h"

namespace nsobs {

CallFilter::CallFilter() : filter_(seccomp_init(SCMP_ACT_ERRNO(EPERM)), &seccomp_release) {
  if (filter_ == nullptr) error_ = ENOMEM;
}

void CallFilter::Add(uint32_t action, int call, std::initializer_list<scmp_arg_cmp> conditions) {
  if (error_ != 0) return;
  const int result = seccomp_rule_add_array(
      filter_.get(), action, call, static_cast<unsigned>(conditions.size()), conditions.begin());
  if (result != 0 && result != -EDOM) error_ = -result;
}

void CallFilter::Allow(std::span<const int> calls) {
  for (const int call : calls) Add(SCMP_ACT_ALLOW, call);
}

void CallFilter::AllowIf(int call, std::initializer_list<scmp_arg_cmp> conditions) {
  Add(SCMP_ACT_ALLOW, call, conditions);
}

void CallFilter::Kill(std::span<const int> calls) {
  for (const int call : calls) Add(SCMP_ACT_KILL_PROCESS, call);
}

void CallFilter::Optimize() {
  if (error_ == 0) seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
}

absl::Status CallFilter::Load() const {
  if (error_ != 0) return ErrnoStatus(error_, "seccomp rule");
  const int result = seccomp_load(filter_.get());
  return result == 0 ? absl::OkStatus() : ErrnoStatus(-result, "seccomp");
}

// libseccomp gives what it makes to a descriptor only.
absl::StatusOr<std::vector<sock_filter>> CallFilter::Export() const {
  if (error_ != 0) return ErrnoStatus(error_, "seccomp rule");
  const UniqueFd memory(memfd_create("seccomp", MFD_CLOEXEC));
  if (!memory.ok()) return ErrnoStatus(errno, "memfd");
  if (const int result = seccomp_export_bpf(filter_.get(), memory.get()); result != 0) {
    return ErrnoStatus(-result, "seccomp_export_bpf");
  }
  const off_t size = lseek(memory.get(), 0, SEEK_END);
  std::vector<sock_filter> program(static_cast<size_t>(size) / sizeof(sock_filter));
  if (pread(memory.get(), program.data(), static_cast<size_t>(size), 0) != size) {
    return absl::InternalError("seccomp program cut short");
  }
  return program;
}

scmp_arg_cmp Equals(unsigned arg, scmp_datum_t value) { return {arg, SCMP_CMP_EQ, value, 0}; }

scmp_arg_cmp Without(unsigned arg, scmp_datum_t bits) { return {arg, SCMP_CMP_MASKED_EQ, bits, 0}; }

scmp_arg_cmp With(unsigned arg, scmp_datum_t bits) { return {arg, SCMP_CMP_MASKED_EQ, bits, bits}; }

}  // namespace nsobs
