// Prints the official OTLP files as a serialized FileDescriptorSet, so that the end-to-end tests
// read requests by the same definitions in another language.
#include <google/protobuf/descriptor.pb.h>

#include <iostream>
#include <set>
#include <string>

#include "opentelemetry/proto/collector/logs/v1/logs_service.pb.h"

namespace {

void AddWithDependencies(const google::protobuf::FileDescriptor* file, std::set<std::string>* added,
                         google::protobuf::FileDescriptorSet* out) {
  if (!added->insert(file->name()).second) return;
  for (int i = 0; i < file->dependency_count(); ++i) {
    AddWithDependencies(file->dependency(i), added, out);
  }
  file->CopyTo(out->add_file());
}

}  // namespace

int main() {
  std::set<std::string> added;
  google::protobuf::FileDescriptorSet out;
  using opentelemetry::proto::collector::logs::v1::ExportLogsServiceRequest;
  AddWithDependencies(ExportLogsServiceRequest::descriptor()->file(), &added, &out);
  return out.SerializeToOstream(&std::cout) ? 0 : 1;
}
