#include <retort/plugin.hpp>

// Components that each break one rule of their interface, and compile all the same.
namespace {

using retort::LossInputs;
using torch::Tensor;

// Its gradient lacks the part that runs through the detached factor.
struct WrongGradient final : retort::Loss {
  Tensor forward(const LossInputs& in) override { return (in.student.single().detach() * in.student.single()).sum(); }
};

struct NotAScalar final : retort::Loss {
  Tensor forward(const LossInputs& in) override { return in.student.single().square().sum(1); }
};

struct AlwaysFloat32 final : retort::Loss {
  Tensor forward(const LossInputs& in) override { return in.student.single().square().mean().to(torch::kFloat32); }
};

struct OverwritesTheTeacher final : retort::Loss {
  Tensor forward(const LossInputs& in) override {
    Tensor teacher = in.teacher.single();
    return (in.student.single() - teacher.mul_(2)).square().mean();
  }
};

// Every call scales the value by another factor, which no buffer holds.
struct HiddenState final : retort::Loss {
  Tensor forward(const LossInputs& in) override { return in.student.single().square().mean() * ++calls; }
  int calls = 0;
};

struct UnusedParameter final : retort::Loss {
  Tensor unused = register_parameter("unused", torch::ones({1}));
  Tensor forward(const LossInputs& in) override { return in.student.single().square().mean(); }
};

struct Tempered {
  double temperature = 4;
};

// Told another temperature, it keeps the one that it was made with.
struct DeafToItsSchedule final : retort::Loss {
  explicit DeafToItsSchedule(const Tempered& options) : temperature(options.temperature) {}
  Tensor forward(const LossInputs& in) override { return in.student.single().square().mean() / temperature; }
  void set_temperature(double) {}
  double temperature;
};

struct WrongShape final : retort::Projector {
  explicit WrongShape(const retort::ProjectorShapes&) {}
  Tensor forward(const Tensor& features) override { return features; }
};

struct Fussy final : retort::Projector {
  explicit Fussy(const retort::ProjectorShapes&) { throw retort::ShapeError("no"); }
  Tensor forward(const Tensor& features) override { return features; }
};

struct InPlace final : retort::Normalization {
  explicit InPlace(const retort::Shape&) {}
  Tensor forward(const Tensor& features) override { return features.detach().mul_(2) + 0 * features; }
};

// Two layers, with the taps that `names` declares.
class TwoLayers : public retort::Model {
 public:
  explicit TwoLayers(std::vector<std::string> names) : names_(std::move(names)) {}

  std::vector<retort::TapInfo> taps() const override {
    std::vector<retort::TapInfo> infos;
    for (const std::string& name : names_) infos.push_back({name, "A layer."});
    return infos;
  }
  retort::InputSpec input() const override { return {{1, 2, 2}, {}, {}}; }
  retort::Taps forward(const retort::ModelInput& input, const retort::TapRequest& request) override {
    retort::Taps taps(request);
    const Tensor hidden = first_(input.images.flatten(1));
    if (taps.put("hidden", hidden)) return taps;
    taps.put("out", second_(hidden.relu()));
    return taps;
  }

 private:
  std::vector<std::string> names_;
  torch::nn::Linear first_ = register_module("first", torch::nn::Linear(4, 3));
  torch::nn::Linear second_ = register_module("second", torch::nn::Linear(3, 3));
};

struct Sound final : TwoLayers {
  Sound() : TwoLayers({"hidden", "out"}) {}
};

struct TapsInWrongOrder final : TwoLayers {
  TapsInWrongOrder() : TwoLayers({"out", "hidden"}) {}
};

struct TapThatIsNotThere final : TwoLayers {
  TapThatIsNotThere() : TwoLayers({"hidden", "out", "beyond"}) {}
};

// Claims to be capture-safe.
struct LooksAtValues final : retort::Normalization {
  explicit LooksAtValues(const retort::Shape&) {}
  Tensor forward(const Tensor& features) override {
    return features.detach().sum().item<double>() > 0 ? 2 * features : features + features + 0 * features;
  }
};

struct LabelsOutOfRange final : retort::Dataset {
  retort::DatasetInfo info() const override { return {{1, 2, 2}, 3, {}, {0.5}, {0.5}}; }
  retort::ResidentSplit load(retort::Split) override {
    return {torch::zeros({4, 1, 2, 2}, torch::kUInt8), torch::arange(4)};
  }
};

template <class Impl>
retort::Component make(const std::string& name) {
  return retort::component<Impl>(retort::describe<retort::NoOptions>(name, "1.0.0"));
}

}  // namespace

RETORT_PLUGIN_COMPONENTS(
    make<WrongGradient>("wrong_gradient"), make<NotAScalar>("not_a_scalar"), make<AlwaysFloat32>("always_float32"),
    make<OverwritesTheTeacher>("overwrites_the_teacher"), make<HiddenState>("hidden_state"),
    make<UnusedParameter>("unused_parameter"),
    retort::component<DeafToItsSchedule>(retort::describe<Tempered>("deaf_to_its_schedule", "1.0.0")
                                             .param(&Tempered::temperature, "temperature", "Divides.")
                                             .scheduled(&DeafToItsSchedule::set_temperature)),
    make<WrongShape>("wrong_shape"), make<Fussy>("fussy"), make<InPlace>("in_place"),
    make<LooksAtValues>("looks_at_values"), make<Sound>("sound"), make<TapsInWrongOrder>("taps_in_wrong_order"),
    make<TapThatIsNotThere>("tap_that_is_not_there"), make<LabelsOutOfRange>("labels_out_of_range"));
