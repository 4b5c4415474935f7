#include "registry/abi_stamp.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include <retort/error.hpp>

namespace retort::registry {
namespace {

using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

TEST(StampDifference, EqualStampsDoNotDiffer) {
  EXPECT_EQ(stamp_difference("sdk=1;cuda=13.0", "sdk=1;cuda=13.0"), "");
}

TEST(StampDifference, NamesOnlyWhatDiffersWithBothValues) {
  const std::string text = stamp_difference("sdk=1;torch=2.10.0;cuda=12.8", "sdk=1;torch=2.11.0;cuda=13.0");
  EXPECT_THAT(text, HasSubstr("(cuda, torch differ)"));
  EXPECT_THAT(text, HasSubstr("plugin: cuda=12.8 torch=2.10.0"));
  EXPECT_THAT(text, HasSubstr("host:   cuda=13.0 torch=2.11.0"));
  EXPECT_THAT(text, HasSubstr("rebuild"));
  EXPECT_THAT(text, Not(HasSubstr("sdk=1")));
}

TEST(StampDifference, AKeyThatOneSideLacksDiffers) {
  EXPECT_THAT(stamp_difference("sdk=1", "sdk=1;asan=0"), HasSubstr("asan=(none)"));
}

TEST(ReadStamp, ReadsTheHostsOwnStampFromAPlugin) {
  EXPECT_EQ(read_stamp(fs::path(RETORT_PLUGIN_FOLDER) / "losses" / "kl_divergence.so"), host_stamp());
}

TEST(ReadStamp, RefusesWhatIsNoPlugin) {
  const auto read_error = [](const fs::path& path) {
    try {
      read_stamp(path);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(read_error("/nonexistent.so"), HasSubstr("cannot be read"));
  const fs::path text = fs::path(testing::TempDir()) / "text.so";
  std::ofstream(text) << "this is not a library, however long it may be, and never will be one of those";
  EXPECT_THAT(read_error(text), HasSubstr("not a shared library"));
  std::ofstream(text, std::ios::trunc) << "\x7f"
                                          "EL";
  EXPECT_THAT(read_error(text), HasSubstr("truncated"));
  EXPECT_THAT(read_error(fs::read_symlink("/proc/self/exe")), HasSubstr("no .retort.abi section"));
}

}  // namespace
}  // namespace retort::registry
