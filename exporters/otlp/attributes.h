// The contract's JSON as attributes of an OTLP log record: OpenTelemetry's names where it has one
// for a thing, `nsobserver.` and the path in the JSON for everything else.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "opentelemetry/proto/common/v1/common.pb.h"
#include "opentelemetry/proto/logs/v1/logs.pb.h"

namespace nsobs {

using OtlpRecord = opentelemetry::proto::logs::v1::LogRecord;
using OtlpValue = opentelemetry::proto::common::v1::AnyValue;
using OrderedJson = nlohmann::ordered_json;

// Strings are cut here: the timeline bounds them, but a server may bound its fields more.
inline constexpr size_t kMaxAttributeBytes = 8192;

// Adds attributes to `record`, which outlives it. null and "" are left out.
class AttributeWriter {
 public:
  explicit AttributeWriter(OtlpRecord* record) : record_(record) {}

  void Add(std::string_view name, std::string_view text);
  void Add(std::string_view name, int64_t number);

  // A container or a process of the contract; `prefix` is "" for the record's own.
  void AddContainer(std::string_view prefix, const OrderedJson& container);
  void AddProcess(std::string_view prefix, const OrderedJson& process);

  // Whatever `value` is, below `name`: objects by their members, containers and processes (known by
  // the names of their members) as above, lists as lists.
  void AddTree(std::string_view name, const OrderedJson& value);

 private:
  OtlpValue* New(std::string_view name);
  void AddList(std::string_view name, const OrderedJson& list);
  void AddImage(std::string_view prefix, const std::string& image);

  OtlpRecord* const record_;
};

}  // namespace nsobs
