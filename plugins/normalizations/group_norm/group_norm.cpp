#include <retort/plugin.hpp>

struct Options {
  std::optional<std::int64_t> groups;
  double eps = 1e-5;
};

// (x - mean) / sqrt(variance + eps) over the channels of a group: of each vector [C], of each token of [T, C], of each
// feature map [C, H, W] with all its positions. A group is C / groups neighbouring channels.
class GroupNorm final : public retort::Normalization {
 public:
  GroupNorm(const retort::Shape& shape, const Options& options) : options_(options), tokens_(shape.size() == 2) {
    if (shape.empty() || shape.size() > 3) {
      throw retort::ShapeError("group_norm takes vectors [C], tokens [T, C] or feature maps [C, H, W], found " +
                               retort::shape_text(shape));
    }
    const std::int64_t channels = tokens_ ? shape[1] : shape[0];
    groups_ = options.groups.value_or(channels % kChannels == 0 ? channels / kChannels : 1);
    if (channels % groups_ != 0) {
      throw retort::ShapeError("group_norm cannot divide " + std::to_string(channels) + " channels into " +
                               std::to_string(groups_) + " groups of one size, found " + retort::shape_text(shape));
    }
    const std::int64_t positions = shape.size() == 3 ? shape[1] * shape[2] : 1;
    if (channels / groups_ * positions == 1) {
      throw retort::ShapeError("group_norm turns a group of one value into 0: take fewer groups than " +
                               std::to_string(groups_) + " for " + retort::shape_text(shape));
    }
  }

  torch::Tensor forward(const torch::Tensor& features) override {
    if (!tokens_) return torch::group_norm(features, groups_, {}, {}, options_.eps);
    return torch::group_norm(features.flatten(0, 1), groups_, {}, {}, options_.eps).view_as(features);
  }

 private:
  static constexpr std::int64_t kChannels = 16;  // of a group, unless the number of groups is given

  Options options_;
  bool tokens_;
  std::int64_t groups_ = 1;
};

RETORT_PLUGIN(
    GroupNorm,
    retort::describe<Options>("group_norm", "1.0.0")
        .summary("Zero mean and unit variance of each group of channels of a sample (of a token), without scale or "
                 "shift: its own statistics, in training and in evaluation.")
        .reference("Wu and He 2018, Group Normalization")
        .param(&Options::groups, "groups",
               "Number of groups; unset: 16 channels in each, or one group when 16 does not divide them.",
               retort::Range::at_least(1))
        .param(&Options::eps, "eps", "Added to the variance.", retort::Range::at_least(0)));
