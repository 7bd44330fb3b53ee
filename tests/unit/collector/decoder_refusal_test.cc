// What isn't a record of ours is refused, whatever its bytes are.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/collector/records.h"
#include "userspace/collector/decoder.h"

namespace nsobs {
namespace {

bool Accepts(absl::Span<const uint8_t> record) {
  const absl::StatusOr<Event> event = DecodeEvent(record);
  EXPECT_TRUE(event.ok() || event.status().code() == absl::StatusCode::kInvalidArgument);
  return event.ok();
}

// A copy of exactly the size, so that a sanitizer sees a read behind the end.
bool AcceptsCopy(std::string_view bytes) {
  auto copy = std::make_unique<uint8_t[]>(bytes.size());
  memcpy(copy.get(), bytes.data(), bytes.size());
  return Accepts({copy.get(), bytes.size()});
}

void SetHeader(std::string* bytes, const nsobs_header& header) {
  memcpy(bytes->data(), &header, sizeof header);
}

nsobs_header HeaderOf(const std::string& bytes) {
  nsobs_header header;
  memcpy(&header, bytes.data(), sizeof header);
  return header;
}

TEST(DecoderRefusalTest, SamplesAreAccepted) {
  for (const std::string& bytes : SampleOfEachKind()) EXPECT_TRUE(AcceptsCopy(bytes));
}

TEST(DecoderRefusalTest, CutAtEachLength) {
  for (const std::string& bytes : SampleOfEachKind()) {
    for (size_t size = 0; size < bytes.size(); ++size) {
      std::string cut = bytes.substr(0, size);
      ASSERT_FALSE(AcceptsCopy(cut)) << size;
      if (size < sizeof(nsobs_header)) continue;
      nsobs_header header = HeaderOf(cut);  // and if the header says that it is meant so
      header.size = static_cast<uint16_t>(size);
      SetHeader(&cut, header);
      ASSERT_FALSE(AcceptsCopy(cut)) << size;
    }
  }
}

TEST(DecoderRefusalTest, LongerThanItsKind) {
  for (std::string bytes : SampleOfEachKind()) {
    for (int more = 1; more <= 16; ++more) {
      bytes.push_back('\0');
      ASSERT_FALSE(AcceptsCopy(bytes)) << more;
      nsobs_header header = HeaderOf(bytes);
      header.size = static_cast<uint16_t>(bytes.size());
      SetHeader(&bytes, header);
      ASSERT_FALSE(AcceptsCopy(bytes)) << more;
    }
  }
}

TEST(DecoderRefusalTest, VersionSizeAndEpoch) {
  for (const std::string& bytes : SampleOfEachKind()) {
    const nsobs_header good = HeaderOf(bytes);
    for (int version = 0; version <= 0xFFFF; version += 1) {
      if (version == NSOBS_ABI_VERSION) continue;
      std::string bad = bytes;
      nsobs_header header = good;
      header.version = static_cast<uint16_t>(version);
      SetHeader(&bad, header);
      ASSERT_FALSE(Accepts(Bytes(bad))) << version;
      if (version == 300) version = 0xFFF0;
    }
    for (int epoch = 0; epoch < 256; ++epoch) {
      std::string other = bytes;
      nsobs_header header = good;
      header.epoch = static_cast<uint8_t>(epoch);
      SetHeader(&other, header);
      ASSERT_EQ(Accepts(Bytes(other)), epoch <= 1) << epoch;
    }
    for (int delta : {-1, 1, -8, 8, -good.size}) {
      std::string bad = bytes;
      nsobs_header header = good;
      header.size = static_cast<uint16_t>(good.size + delta);
      SetHeader(&bad, header);
      ASSERT_FALSE(Accepts(Bytes(bad))) << delta;
    }
  }
}

// Sizes differ by kind, so that a record under another kind's name is never taken for one.
TEST(DecoderRefusalTest, UnderAnyOtherKind) {
  for (const std::string& bytes : SampleOfEachKind()) {
    const nsobs_header good = HeaderOf(bytes);
    for (int kind = 0; kind < 256; ++kind) {
      std::string other = bytes;
      nsobs_header header = good;
      header.kind = static_cast<uint8_t>(kind);
      SetHeader(&other, header);
      ASSERT_EQ(Accepts(Bytes(other)), kind == good.kind) << kind << " for " << int{good.kind};
    }
  }
}

TEST(DecoderRefusalTest, ExecWhoseLengthsDisagree) {
  nsobs_process_exec r = SampleExec("curl");
  for (int args_len : {0, 3, 5, 512, 513, 0xFFFF}) {
    r.args_len = static_cast<uint16_t>(args_len);
    EXPECT_FALSE(Accepts(Bytes(r))) << args_len;
  }
}

// Values of enums that don't exist must not get into the program.
template <typename Record, typename Field>
void ExpectRange(const Record& sample, Field Record::* field, int first, int last) {
  for (int64_t value : {int64_t{first} - 1, int64_t{last} + 1, int64_t{127}, int64_t{255},
                        int64_t{-1}, int64_t{0x7FFFFFFF}}) {
    Record r = sample;
    r.*field = static_cast<Field>(value);
    const bool fits = value >= first && value <= last;
    EXPECT_EQ(Accepts(Bytes(r)), fits) << value;
  }
  for (int value = first; value <= last; ++value) {
    Record r = sample;
    r.*field = static_cast<Field>(value);
    EXPECT_TRUE(Accepts(Bytes(r))) << value;
  }
}

TEST(DecoderRefusalTest, EnumsOutOfRange) {
  ExpectRange(SampleNamespaceChange(), &nsobs_namespace_change::operation, 1, 3);
  ExpectRange(SampleConnectFailure(), &nsobs_connect_failure::protocol, 1, 6);
  ExpectRange(SampleConnectFailure(), &nsobs_connect_failure::phase, 1, 3);
  ExpectRange(SampleConnectFailure(), &nsobs_connect_failure::destination_source, 0, 2);
  ExpectRange(SamplePacketDrop(), &nsobs_packet_drop::protocol, 1, 2);
  ExpectRange(SamplePacketDrop(), &nsobs_packet_drop::hook, 0, 4);
  ExpectRange(SampleBindFailure(), &nsobs_bind_failure::protocol, 1, 6);
  ExpectRange(SampleBindFailure(), &nsobs_bind_failure::operation, 1, 2);
  ExpectRange(SampleBindFailure(), &nsobs_bind_failure::address_source, 0, 2);
  ExpectRange(SampleFileFailure(), &nsobs_file_failure::operation, 1, 6);
  ExpectRange(SampleFileFailure(), &nsobs_file_failure::path_source, 0, 2);
  ExpectRange(SampleDnsFailure(), &nsobs_dns_failure::protocol, 1, 2);
  ExpectRange(SampleDnsFailure(), &nsobs_dns_failure::outcome, 1, 3);
  ExpectRange(SampleDnsFailure(), &nsobs_dns_failure::question_len, 0, NSOBS_DNS_QUESTION_LEN);
  ExpectRange(SampleSignal(), &nsobs_signal::signal, 1, 64);
  ExpectRange(SampleSignal(), &nsobs_signal::result, 1, 5);
  ExpectRange(SampleSignal(), &nsobs_signal::handler, 0, 2);
  ExpectRange(SampleOomKill(), &nsobs_oom_kill::reason, 1, 3);
}

TEST(DecoderRefusalTest, AlignmentDoesNotMatter) {
  for (const std::string& bytes : SampleOfEachKind()) {
    for (size_t shift = 0; shift < 8; ++shift) {
      const std::string shifted = std::string(shift, '.') + bytes;
      EXPECT_TRUE(Accepts(Bytes(shifted).subspan(shift)));
    }
  }
}

}  // namespace
}  // namespace nsobs
