// Puts a finding together: what it claims, and where in the record that stands.
#pragma once

#include <string>
#include <string_view>

#include "userspace/diagnosis/record.h"
#include "userspace/event/finding.h"

namespace nsobs {

class Draft {
 public:
  Draft(const Record& record, std::string_view case_id, Confidence confidence);

  Draft& Summary(std::string text);
  Draft& Fix(std::string text);
  Draft& Check(std::string text);
  // The value is what stands there; of a list that is longer than what a person reads, its length.
  // A place where nothing stands is no evidence and is left out.
  Draft& Because(std::string claim, const Node& node);

  Finding Done() { return std::move(finding_); }

 private:
  Finding finding_;
};

}  // namespace nsobs
