#include "userspace/base/status_util.h"

#include <errno.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <memory>
#include <set>

namespace nsobs {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(ErrnoStatusTest, CodeAndText) {
  const struct {
    int error;
    absl::StatusCode code;
  } kCases[] = {
      {ENOENT, absl::StatusCode::kNotFound},        {EACCES, absl::StatusCode::kPermissionDenied},
      {EPERM, absl::StatusCode::kPermissionDenied}, {EINVAL, absl::StatusCode::kInvalidArgument},
      {EEXIST, absl::StatusCode::kAlreadyExists},   {ENOSPC, absl::StatusCode::kResourceExhausted},
      {EAGAIN, absl::StatusCode::kUnavailable},     {4095, absl::StatusCode::kUnknown},
  };
  for (const auto& c : kCases) {
    const absl::Status status = ErrnoStatus(c.error, "/some/path");
    EXPECT_EQ(status.code(), c.code) << c.error;
    EXPECT_THAT(std::string(status.message()), HasSubstr("/some/path")) << c.error;
  }
  EXPECT_THAT(std::string(ErrnoStatus(ENOENT, "x").message()),
              AllOf(HasSubstr("x"), HasSubstr("No such file or directory")));
}

TEST(AnnotateTest, PutsWhatBeforeTheMessage) {
  const absl::Status status = Annotate(absl::NotFoundError("no such table"), "timeline");
  EXPECT_EQ(status, absl::NotFoundError("timeline: no such table"));
  EXPECT_TRUE(Annotate(absl::OkStatus(), "timeline").ok());
}

TEST(ErrnoNameTest, Cases) {
  const struct {
    int error;
    const char* name;
  } kCases[] = {
      {0, ""},
      {EPERM, "EPERM"},
      {EAGAIN, "EAGAIN"},
      {EWOULDBLOCK, "EAGAIN"},
      {ECONNREFUSED, "ECONNREFUSED"},
      {ECANCELED, "ECANCELED"},
      {EHOSTUNREACH, "EHOSTUNREACH"},
      {4095, "errno 4095"},
      {512, "errno 512"},  // ERESTARTSYS: the kernel's own
      {-1, "errno -1"},
  };
  for (const auto& c : kCases) EXPECT_EQ(ErrnoName(c.error), c.name);
}

TEST(SignalNameTest, Cases) {
  const struct {
    int signal;
    const char* name;
  } kCases[] = {
      {SIGHUP, "SIGHUP"},   {SIGKILL, "SIGKILL"}, {SIGTERM, "SIGTERM"},
      {SIGCHLD, "SIGCHLD"}, {SIGSYS, "SIGSYS"},   {32, "SIG32"},
      {33, "SIG33"},        {34, "SIGRTMIN"},     {35, "SIGRTMIN+1"},
      {36, "SIGRTMIN+2"},   {64, "SIGRTMIN+30"},  {65, "SIG65"},
      {0, "SIG0"},          {-3, "SIG-3"},        {1'000'000, "SIG1000000"},
  };
  for (const auto& c : kCases) EXPECT_EQ(SignalName(c.signal), c.name) << c.signal;
}

TEST(SignalNameTest, EachSignalHasAnotherName) {
  std::set<std::string> names;
  for (int signal = 1; signal <= 64; ++signal) names.insert(SignalName(signal));
  EXPECT_EQ(names.size(), 64u);
}

absl::StatusOr<std::unique_ptr<int>> Make(bool good) {
  if (!good) return absl::DataLossError("bad");
  return std::make_unique<int>(7);
}

absl::StatusOr<int> Use(bool good, bool then_good) {
  NSOBS_ASSIGN_OR_RETURN(std::unique_ptr<int> value, Make(good));
  NSOBS_RETURN_IF_ERROR(then_good ? absl::OkStatus() : absl::AbortedError("then"));
  return *value;
}

TEST(StatusMacrosTest, PassErrorsOn) {
  EXPECT_EQ(Use(true, true).value(), 7);
  EXPECT_EQ(Use(false, true).status(), absl::DataLossError("bad"));
  EXPECT_EQ(Use(true, false).status(), absl::AbortedError("then"));
}

}  // namespace
}  // namespace nsobs
