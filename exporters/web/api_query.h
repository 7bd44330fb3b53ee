// The parameters of a request to the API as queries of the timeline. Pure.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "userspace/timeline/timeline_reader.h"

namespace nsobs {

// Each getter takes a parameter; what nobody took is an error. The first error is kept.
class ApiParameters {
 public:
  explicit ApiParameters(const std::multimap<std::string, std::string>& parameters);

  std::string Text(const char* name);  // at most 256 bytes; "" if it isn't there
  // RFC 3339, or microseconds since 1970.
  std::optional<int64_t> Time(const char* name);
  int64_t Id(const char* name);  // 0 if it isn't there
  size_t Limit(size_t usual, size_t most);
  std::string Choice(const char* name, std::initializer_list<const char*> allowed);

  // INVALID_ARGUMENT, one line.
  absl::Status Finish();
  void Refuse(const std::string& why);

 private:
  std::multimap<std::string, std::string> left_;
  std::set<std::string> known_;
  absl::Status status_;
};

// since, until, container, kind, ns, q, after, before, order.
EventQuery TakeEventQuery(ApiParameters* parameters, size_t usual_limit, size_t most);

// since, until, container, case (of findings), after, before, order.
RecordQuery TakeRecordQuery(ApiParameters* parameters, bool findings);

}  // namespace nsobs
