#include "userspace/base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "userspace/base/fd.h"

namespace nsobs {
namespace {

using ::testing::HasSubstr;

class FileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/nsobs-file-XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    folder_ = path;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  std::string Make(const std::string& name, const std::string& content) const {
    std::ofstream(Path(name), std::ios::binary) << content;
    return Path(name);
  }

  std::string folder_;
};

TEST_F(FileTest, WholeContentUpToTheCap) {
  const std::string binary("a\0b\n\xFF", 5);
  EXPECT_EQ(ReadSmallFile(Make("binary", binary), 5).value(), binary);
  EXPECT_EQ(ReadSmallFile(Make("empty", ""), 0).value(), "");
  const std::string large(100'000, 'x');  // more than one read()
  EXPECT_EQ(ReadSmallFile(Make("large", large), large.size()).value(), large);
}

TEST_F(FileTest, OneByteMoreThanTheCapIsTooLarge) {
  for (size_t size : {1, 16'384, 16'385, 40'000}) {
    const auto result = ReadSmallFile(Make("file", std::string(size, 'x')), size - 1);
    EXPECT_EQ(result.status().code(), absl::StatusCode::kResourceExhausted) << size;
    EXPECT_THAT(std::string(result.status().message()), HasSubstr(Path("file")));
  }
}

TEST_F(FileTest, AHugeSparseFileEndsAtTheCap) {
  const std::string path = Make("sparse", "");
  ASSERT_EQ(truncate(path.c_str(), off_t{10} << 30), 0);
  EXPECT_EQ(ReadSmallFile(path, 65536).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(FileTest, FilesWithoutASizeOfTheirOwn) {
  const auto stat = ReadSmallFile("/proc/self/stat", 4096);
  ASSERT_TRUE(stat.ok()) << stat.status();
  EXPECT_THAT(*stat, HasSubstr(std::to_string(getpid())));
}

TEST_F(FileTest, AFifoWithoutWriterDoesNotBlock) {
  ASSERT_EQ(mkfifo(Path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(ReadSmallFile(Path("fifo"), 100).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_F(FileTest, OtherKindsOfFilesAreRefused) {
  UniqueFd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  strncpy(address.sun_path, Path("socket").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  EXPECT_FALSE(ReadSmallFile(Path("socket"), 100).ok());
  for (const std::string& path : {folder_, std::string("/dev/zero"), std::string("/dev/null")}) {
    EXPECT_EQ(ReadSmallFile(path, 100).status().code(), absl::StatusCode::kFailedPrecondition)
        << path;
  }
}

TEST_F(FileTest, MissingFile) {
  const auto result = ReadSmallFile(Path("nothing"), 100);
  EXPECT_EQ(result.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(result.status().message()), HasSubstr(Path("nothing")));
}

TEST_F(FileTest, LinksGiveTheirTarget) {
  ASSERT_EQ(symlink("net:[4026531833]", Path("link").c_str()), 0);
  EXPECT_EQ(ReadLink(Path("link")).value(), "net:[4026531833]");
  EXPECT_EQ(ReadLink(Path("nothing")).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadLink(Make("plain", "x")).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(ReadLink("/proc/self/ns/net").value(), HasSubstr("net:["));
}

TEST_F(FileTest, LongLinksAreWhole) {
  const std::string target(4000, 'x');
  ASSERT_EQ(symlink(target.c_str(), Path("long").c_str()), 0);
  EXPECT_EQ(ReadLink(Path("long")).value(), target);
}

}  // namespace
}  // namespace nsobs
