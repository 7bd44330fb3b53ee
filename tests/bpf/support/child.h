// Children that do the deeds: each tells its own facts, waits for the word, acts and reports.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <functional>
#include <memory>

#include "tests/bpf/support/facts.h"
#include "userspace/base/fd.h"

namespace nsobs {

class Cgroup;

enum class Place {
  kHost,  // the namespaces of the test
  kOwn,   // new ones of every kind but user
};
const char* PlaceName(Place place);

struct ChildOptions {
  Place place = Place::kHost;
  bool init = false;  // with kOwn: be pid 1 of the pid namespace, else a child of it
  int netns_fd = -1;  // enter this net namespace before anything else
  const Cgroup* cgroup = nullptr;
  uint32_t uid = 0;
};

// One end of the conversation between a test and its child; messages keep their bounds.
class Line {
 public:
  explicit Line(UniqueFd fd) : fd_(std::move(fd)) {}
  template <typename T>
  bool Send(const T& value) {
    return SendBytes(&value, sizeof value);
  }
  // A zero value if nothing of that size came in time.
  template <typename T>
  T Receive() {
    T value{};
    if (!ReceiveBytes(&value, sizeof value)) return T{};
    return value;
  }
  void Pause() { Receive<char>(); }
  int fd() const { return fd_.get(); }

 private:
  bool SendBytes(const void* data, size_t size);
  bool ReceiveBytes(void* data, size_t size);
  UniqueFd fd_;
};

// Runs in the child after Go(); its result is the exit code.
using Deed = std::function<int(Line& line)>;

class Child {
 public:
  // Forks; when it returns, the facts are there and the deed waits.
  Child(const ChildOptions& options, const Deed& deed);
  ~Child();  // killed and reaped if need be
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  const Facts& facts() const { return facts_; }
  void Go();
  // What the deed sent; a test failure if nothing comes within 20 s.
  template <typename T>
  T Receive() {
    return line_->Receive<T>();
  }
  template <typename T>
  void Send(const T& value) {
    line_->Send(value);
  }
  void Kill(int signal) const { kill(static_cast<pid_t>(facts_.pid), signal); }
  // The raw wait status of the process that did the deed.
  int Wait();
  // Go and Wait for a deed that must succeed.
  void Run();

 private:
  std::unique_ptr<Line> line_;
  UniqueFd status_;
  pid_t pid_ = -1;  // of our direct child, which is another process in namespaces of its own
  bool nested_ = false;
  bool reaped_ = false;
  Facts facts_;
};

}  // namespace nsobs
