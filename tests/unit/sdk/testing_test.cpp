#include <gmock/gmock.h>
#include <retort/testing.hpp>

// The kit finds what is broken: each component of broken_components.cpp breaks one rule.
namespace retort::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Kit : public ::testing::Test {
 protected:
  const Plugin plugin{RETORT_PLUGIN_LIBRARY};
};

TEST_F(Kit, FindsAWrongGradient) {
  EXPECT_THAT(check_loss(plugin, "wrong_gradient"), Contains(HasSubstr("the gradient of student[0][")));
}

TEST_F(Kit, FindsAValueThatIsNoScalar) {
  EXPECT_THAT(check_loss(plugin, "not_a_scalar"), Contains("the value has shape 6, expected a scalar"));
}

TEST_F(Kit, FindsALostType) {
  EXPECT_THAT(check_loss(plugin, "always_float32"), Contains("the value of float64 inputs is Float"));
}

TEST_F(Kit, FindsAnOverwrittenInput) {
  EXPECT_THAT(check_loss(plugin, "overwrites_the_teacher"), Contains("it overwrites teacher[0]"));
}

TEST_F(Kit, FindsStateOutsideParametersAndBuffers) {
  EXPECT_THAT(check_loss(plugin, "hidden_state"), Contains(HasSubstr("it has other state")));
}

TEST_F(Kit, FindsAnUnusedParameter) {
  EXPECT_THAT(check_loss(plugin, "unused_parameter"), Contains("parameter unused gets no gradient"));
}

TEST_F(Kit, FindsAScheduleThatChangesNothing) {
  EXPECT_THAT(check_loss(plugin, "deaf_to_its_schedule"), ElementsAre(HasSubstr("told that temperature is 8.0")));
}

TEST_F(Kit, FindsAParameterThatTheHostWouldTakeForItsOwn) {
  const Plugin shadowed(RETORT_SHADOWED_LIBRARY);
  EXPECT_THAT(check_loss(shadowed, "shadowed"), ElementsAre(HasSubstr("the parameter 'weight' would never be read")));
}

TEST_F(Kit, FindsAProjectorThatMissesItsShape) {
  EXPECT_THAT(check_projector(plugin, "wrong_shape"), Contains("6 to 4: the result has shape 4x6, expected 4x4"));
}

TEST_F(Kit, FindsAProjectorThatTakesNothing) {
  EXPECT_THAT(check_projector(plugin, "fussy"), Contains(HasSubstr("it refuses")));
}

TEST_F(Kit, FindsANormalizationThatOverwritesItsFeatures) {
  EXPECT_THAT(check_normalization(plugin, "in_place"), Contains("6: it overwrites the features"));
}

TEST_F(Kit, FindsANormalizationThatLooksAtValues) {
  const Failures failures = check_normalization(plugin, "looks_at_values");
  EXPECT_THAT(failures, Contains(HasSubstr("it call other operators")));
  EXPECT_THAT(failures, Contains(HasSubstr("it calls aten::_local_scalar_dense, which waits for the device")));
}

TEST_F(Kit, FindsNothingInASoundModel) {
  EXPECT_THAT(check_model(plugin, "sound"), IsEmpty());
}

TEST_F(Kit, FindsTapsInTheWrongOrder) {
  EXPECT_THAT(check_model(plugin, "taps_in_wrong_order"), Contains(HasSubstr("tap 'hidden' takes fewer operations")));
}

TEST_F(Kit, FindsATapThatIsNotComputed) {
  EXPECT_THAT(check_model(plugin, "tap_that_is_not_there"), Contains(HasSubstr("tap 'beyond'")));
}

TEST_F(Kit, FindsLabelsOutOfRange) {
  EXPECT_THAT(check_dataset(plugin, "labels_out_of_range"), Contains("train: labels lie outside [0, 3)"));
}

TEST_F(Kit, NamesTheNearestComponent) {
  try {
    plugin.loss("hiden_state");
    FAIL() << "found";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("the plugin offers no loss 'hiden_state'; did you mean 'hidden_state'?"));
  }
}

TEST(PluginLibrary, MustBeAPlugin) {
  EXPECT_THROW(Plugin("/nonexistent.so"), Error);
  EXPECT_THROW(Plugin("libretort_sdk.so"), Error);
}

}  // namespace
}  // namespace retort::testing
