// Writes the seeds of the collector's fuzzers: one record of each kind for the decoder, streams of
// records for the coalescer. Usage: make_collector_seeds tests/fuzz/corpus
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "tests/unit/collector/records.h"

namespace {

namespace fs = std::filesystem;

void Write(const fs::path& path, const std::string& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string Framed(const std::string& record, size_t shift) {
  const auto length = static_cast<uint16_t>(record.size() | shift << 11);
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + record;
}

std::string Command(uint16_t word) {
  return std::string(reinterpret_cast<const char*>(&word), sizeof word);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_collector_seeds FOLDER\n";
    return 2;
  }
  const std::vector<std::string> records = nsobs::SampleOfEachKind();
  for (const std::string& record : records) {
    const auto kind = static_cast<int>(static_cast<uint8_t>(record[4]));
    const std::string name = "kind_" + std::to_string(kind);
    Write(fs::path(argv[1]) / "decoder_fuzzer" / name, record);
    // Three equal ones, a flush, one more, a drop of the first run, the end of all runs.
    std::string stream;
    for (int i = 0; i < 3; ++i) stream += Framed(record, 0);
    stream += Command(0x8000 | 10) + Framed(record, 0) + Command(0x4000 | 1);
    stream += Framed(record, 3) + Framed(record, 0) + Command(0xFFFF);
    Write(fs::path(argv[1]) / "coalescer_fuzzer" / name, stream);
  }
  return 0;
}
