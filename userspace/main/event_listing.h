// Stored events as a table or as JSON, printed bit by bit.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "userspace/main/console.h"
#include "userspace/main/json_out.h"
#include "userspace/main/table.h"

namespace nsobs {

class EventListing {
 public:
  // `console` outlives the listing.
  EventListing(OutputFormat format, const Console& console);

  // The JSON of one event as the timeline gives it.
  void Add(const std::string& json);

  // An event that was added before and has grown since: the same again in JSON, a line that says so
  // in a table.
  void AddGrown(const std::string& json);

  // Prints what was added. Add() does so by itself every 1,000 rows.
  void Flush();
  void Finish();

  size_t count() const { return count_; }

 private:
  void Show(const std::string& json, bool grown);
  void AddRow(const Json& event, bool grown);

  const OutputFormat format_;
  const Console& console_;
  JsonWriter writer_;
  Table table_;
  size_t count_ = 0;
};

}  // namespace nsobs
