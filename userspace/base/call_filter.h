// Which system calls a process may make from now on: seccomp(2), by libseccomp.
#pragma once

#include <linux/filter.h>
#include <seccomp.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace nsobs {

// A list that is filled, and then loaded or exported. What isn't on it fails with EPERM. Names that
// this machine doesn't know are left out, as nobody can call them. One thread.
class CallFilter {
 public:
  CallFilter();

  void Allow(std::span<const int> calls);
  // Where all `conditions` on the arguments hold.
  void AllowIf(int call, std::initializer_list<scmp_arg_cmp> conditions);
  void Add(uint32_t action, int call, std::initializer_list<scmp_arg_cmp> conditions = {});
  // Kills the process that tries one.
  void Kill(std::span<const int> calls);
  // A binary tree instead of a list, for who makes thousands of calls.
  void Optimize();

  // For this thread and those that it makes, for good. The first error of any of the above, or the
  // kernel's.
  absl::Status Load() const;
  // The program, to be applied by whoever may not call libseccomp any more.
  absl::StatusOr<std::vector<sock_filter>> Export() const;

 private:
  std::unique_ptr<void, decltype(&seccomp_release)> filter_;
  int error_ = 0;  // errno
};

// Conditions on an argument, counted from 0.
scmp_arg_cmp Equals(unsigned arg, scmp_datum_t value);
scmp_arg_cmp Without(unsigned arg, scmp_datum_t bits);  // none of them is set
scmp_arg_cmp With(unsigned arg, scmp_datum_t bits);     // all of them are

}  // namespace nsobs
