// The observer itself: a program in the kernel that no longer sees what it must.
#include "absl/strings/str_cat.h"
#include "userspace/diagnosis/cases/cases.h"
#include "userspace/diagnosis/draft.h"
#include "userspace/diagnosis/wording.h"

namespace nsobs {
namespace {

constexpr int64_t kLeastMissed = 2;

}  // namespace

MaybeFinding SilentProbeFound(const Record& record) {
  const Node facts = record.facts();
  const std::string source = OneLine(facts["source"].text());
  const int64_t missed = facts["missed"].number_or(0);
  if (source.empty() || missed < kLeastMissed) return std::nullopt;
  const std::string blind = OneLine(facts["blind"].text());
  const std::string before = facts["silent_ns"].number()
                                 ? absl::StrCat("the last that it saw is ",
                                                Seconds(facts["silent_ns"].number_or(0)), " ago")
                                 : "it never saw one";
  const std::string cpus = OneLine(facts["cpus"].text());
  return Draft(record, "silent-probe", Confidence::kCertain)
      .Summary(absl::StrCat(
          "nsobserver is blind: its program ", source, " on ", OneLine(facts["hook"].text()),
          cpus.empty() ? "" : absl::StrCat(", on CPU ", cpus, " alone,"), " missed the last ",
          Count(missed, "deed"), " that the observer did for it to see; ", before,
          blind.empty() ? "" : absl::StrCat("; not seen now: ", blind)))
      .Because("deeds in a row that it missed", facts["missed"])
      .Because("where it is hooked", facts["hook"])
      .Because("how long ago it saw one", facts["silent_ns"])
      .Because("the CPUs where it is silent", facts["cpus"])
      .Because("on how many it was tried", facts["cpus_tried"])
      .Fix(
          "restart the observer, which hooks it anew; then look for who detached it (bpftool link, "
          "another tracing tool)")
      .Check("nsobserver doctor; bpftool link show; bpftool prog show")
      .Done();
}

}  // namespace nsobs
