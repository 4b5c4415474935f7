#include "transform_keys.hpp"

namespace retort::config {

Fields<RandomCropKeys> RandomCropKeys::fields() {
  return Fields<RandomCropKeys>()
      .param(&RandomCropKeys::size, "size", "Side of the square in pixels.", Range::at_least(1))
      .required()
      .param(&RandomCropKeys::padding, "padding", "Black pixels added to every side first.", Range::at_least(0));
}

Fields<RandomFlipKeys> RandomFlipKeys::fields() {
  return Fields<RandomFlipKeys>().param(&RandomFlipKeys::probability, "probability", "Of the mirror image.", {0, 1});
}

const std::vector<TransformKeys>& transforms() {
  static const std::vector<TransformKeys> all{
      {"random_crop", "a random square of the padded image", RandomCropKeys::fields().specs()},
      {"random_flip", "the image, or its mirror image", RandomFlipKeys::fields().specs()}};
  return all;
}

}  // namespace retort::config
