// JSON on its way to a terminal or a pipe.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

#include "userspace/main/console.h"
#include "userspace/main/json_field.h"

namespace nsobs {

// The same JSON, with control and invisible characters inside it written as \uXXXX, so that a
// terminal can't be steered by it. `json` is valid UTF-8 JSON on one line.
std::string SafeJson(std::string_view json);

// Writes objects one by one: a line each (jsonl), or as an array (json).
class JsonWriter {
 public:
  JsonWriter(OutputFormat format, std::ostream& out) : format_(format), out_(out) {}
  void AddLine(std::string_view json_line);
  void Add(const Json& object);
  void Finish();  // closes the array

 private:
  const OutputFormat format_;
  std::ostream& out_;
  bool empty_ = true;
};

}  // namespace nsobs
