#include "config/key_reference.hpp"

#include <gmock/gmock.h>

#include "config/keys.hpp"

namespace retort::config {
namespace {

TEST(KeyReference, DescribesEveryKeyOnce) {
  const std::string text = key_reference();
  for (const ParamSpec& table : experiment_keys()) {
    const bool named = table.open && table.fields.empty();
    const std::string heading = "### `[" + table.name + (named ? ".<name>" : "") + "]`\n";
    const std::size_t at = text.find(heading);
    ASSERT_NE(at, std::string::npos) << heading;
    EXPECT_EQ(text.find(heading, at + 1), std::string::npos) << heading;
    const std::string section = text.substr(at, text.find("\n### ", at) - at);
    for (const ParamSpec& field : named ? table.element[0].fields : table.fields) {
      EXPECT_THAT(section, testing::HasSubstr("| `" + field.name + "` | ")) << heading;
    }
  }
}

TEST(KeyReference, EveryReferenceLeadsToASection) {
  const std::string text = key_reference();
  int references = 0;
  for (std::size_t at = text.find("see `"); at != std::string::npos; at = text.find("see `", at + 1)) {
    const std::size_t begin = at + 4;
    const std::string name = text.substr(begin, text.find('`', begin + 1) + 1 - begin);
    EXPECT_THAT(text, testing::HasSubstr("\n### " + name + "\n"));
    ++references;
  }
  EXPECT_GE(references, 10);
}

TEST(KeyReference, SaysWhatIsExpectedAndTheDefault) {
  const std::string text = key_reference();
  EXPECT_THAT(text,
              testing::HasSubstr("| `port` | an integer in [0, 65535] | `0` | Port that is listened on; 0 picks a "
                                 "free one. |\n"));
  EXPECT_THAT(text, testing::HasSubstr("| `use` | a string | required | Name of the loss. |\n"));
  EXPECT_THAT(text, testing::HasSubstr("see `[loss.<name>.weight]`"));
  EXPECT_THAT(text,
              testing::HasSubstr("- `use = \"adamw\"`: Adam with decoupled weight decay; takes `betas`, `eps`\n"));
  EXPECT_THAT(text, testing::HasSubstr("- `random_crop`: "));
}

}  // namespace
}  // namespace retort::config
