#include <gmock/gmock.h>
#include <retort/component.hpp>

#include "config/keys.hpp"

namespace retort::config {
namespace {

// A parameter with the name of a host's key would never be read; the SDK's list lets the build refuse it.
TEST(ReservedKeys, AreTheHostsKeysOfEveryTableThatHoldsAComponent) {
  for (const char* path :
       {"loss.*", "student", "teacher", "dataset", "loss.*.student.projector", "loss.*.student.normalization"}) {
    const ParamSpec& table = key_spec(path);
    const auto& reserved = reserved_keys(*component_kind(table));
    for (const ParamSpec& field : table.fields) {
      EXPECT_THAT(reserved, testing::Contains(field.name)) << path << ": add it to sdk/src/reserved_keys.cpp";
    }
  }
}

}  // namespace
}  // namespace retort::config
