#include <gmock/gmock.h>
#include <retort/component.hpp>

namespace retort {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Descriptor declared(Kind kind, const std::vector<std::string>& parameters) {
  Descriptor descriptor{.kind = kind, .name = "x"};
  for (const std::string& name : parameters) descriptor.params.push_back({.name = name});
  return descriptor;
}

TEST(Problems, AreNoneForNamesOfOnesOwn) {
  for (const Kind kind : kAllKinds) EXPECT_THAT(problems(declared(kind, {"alpha", "beta"})), IsEmpty());
}

TEST(Problems, NameEveryParameterThatTheHostWouldTakeForItsOwn) {
  for (const Kind kind : kAllKinds) {
    for (const std::string& key : reserved_keys(kind)) {
      EXPECT_THAT(
          problems(declared(kind, {"alpha", key})),
          ElementsAre(HasSubstr(std::string(kind_name(kind)) + " 'x': the parameter '" + key + "' would never")));
    }
  }
  EXPECT_THAT(problems(declared(Kind::Projector, {"weight"})), IsEmpty());
}

TEST(Problems, NameAParameterThatIsDeclaredTwice) {
  EXPECT_THAT(problems(declared(Kind::Loss, {"alpha", "alpha"})),
              ElementsAre("loss 'x': the parameter 'alpha' is declared twice"));
}

TEST(Scheduled, IsForNumbers) {
  struct Options {
    std::string text;
    double number = 1;
  };
  Fields<Options> fields;
  fields.param(&Options::text, "text", "A text.");
  EXPECT_THROW(fields.schedule_last(), InvalidParameter);
  fields.param(&Options::number, "number", "A number.");
  EXPECT_TRUE(fields.schedule_last().scheduled);
  EXPECT_FALSE(fields.specs()[0].scheduled);
}

}  // namespace
}  // namespace retort
