#include "userspace/anomaly/rules/bind_failure.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "absl/strings/str_cat.h"
#include "userspace/anomaly/lru_map.h"
#include "userspace/anomaly/support.h"
#include "userspace/base/sanitize.h"
#include "userspace/base/status_util.h"

namespace nsobs {
namespace {

constexpr size_t kMaxKnownBinds = 4096;

// Others are the kernel's own families (netlink): programs ask there for what they can do without.
bool IsOfServices(const BindFailure& f) {
  return f.family == AF_INET || f.family == AF_INET6 || f.family == AF_UNIX;
}

// Servers bind both families and go on with one.
bool HasFallback(const BindFailure& f) { return f.family == AF_INET6 && f.error == EADDRNOTAVAIL; }

std::string AddressText(const BindFailure& f) {
  if (!f.path.empty()) return f.path;
  if (f.address.empty()) return absl::StrCat("port ", f.port);
  const bool v6 = f.address.find(':') != std::string::npos;
  return absl::StrCat(v6 ? "[" : "", f.address, v6 ? "]:" : ":", f.port);
}

class BindFailureRule : public Rule {
 public:
  explicit BindFailureRule(Severity severity) : severity_(severity) {}

  std::string_view name() const override { return "bind_failure"; }

  void OnEvent(const ObservedEvent& event, const AnomalySink& sink) override {
    const auto* failure = std::get_if<BindFailure>(&event.event.detail);
    if (failure == nullptr || failure->error == 0 || !IsOfServices(*failure)) return;
    if (event.container == nullptr || event.plumbing) return;
    const std::string key = absl::StrCat(
        "bind_failure|", OwnerKey(event.container), "|", std::string(Name(failure->operation)), "|",
        std::string(Name(failure->protocol)), "|", failure->address, "|", failure->port, "|",
        failure->path, "|", failure->error);
    if (known_.Find(key) != nullptr) return;
    known_.FindOrAdd(key);
    Fire(event, *failure, key, sink);
  }

 private:
  void Fire(const ObservedEvent& event, const BindFailure& f, const std::string& key,
            const AnomalySink& sink) const {
    const bool minor = HasFallback(f) || event.entered;
    Anomaly a = Begin(name(), minor ? AtMost(severity_, Severity::kInfo) : severity_, event);
    a.key = key;
    const std::string operation(Name(f.operation));
    const std::string error = ErrnoName(f.error);
    a.summary =
        absl::StrCat(OwnerName(event.container), ": ", Who(event.event.process), " can't ",
                     operation, f.operation == BindFailure::Operation::kListen ? " at " : " ",
                     std::string(Name(f.protocol)), " ", AddressText(f), ": ", error);
    a.facts = {{"operation", operation},       {"protocol", Name(f.protocol)},
               {"address", ToUtf8(f.address)}, {"port", f.port},
               {"path", ToUtf8(f.path)},       {"errno", f.error},
               {"errno_name", error},          {"has_fallback", HasFallback(f)}};
    sink(std::move(a));
  }

  const Severity severity_;
  LruMap<std::string, bool> known_{kMaxKnownBinds};
};

}  // namespace

std::unique_ptr<Rule> MakeBindFailureRule(const AnomalyOptions& options) {
  const auto severity = SeverityFrom(options.bind_failure);
  return severity ? std::make_unique<BindFailureRule>(*severity) : nullptr;
}

}  // namespace nsobs
