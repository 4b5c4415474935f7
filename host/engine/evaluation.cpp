#include "evaluation.hpp"

#include <algorithm>
#include <array>

#include "sample_measures.hpp"
#include "split_pass.hpp"

namespace retort::engine {
namespace {

// What is summed over the samples, by its place in the vector of sums.
enum Sum {
  kLoss,
  kTop1,
  kTop5,
  kEntropy,
  kTopLogitDifference,
  kLogitNorm,
  kPenultimateNorm,
  kAgreement,
  kLogitDistance,
  kBothRight,
  kTeacherRight,
  kSums
};

// Adds up the batches of an evaluation on the device.
class Totals {
 public:
  explicit Totals(c10::Device device)
      : calibration_(device),
        sums_(torch::zeros({kSums}, torch::TensorOptions().dtype(torch::kDouble).device(device))) {}

  // `teacher` is undefined, or the teacher's logits of this batch; `penultimate` may be undefined.
  void add(const torch::Tensor& target, const torch::Tensor& logits, const torch::Tensor& penultimate,
           const torch::Tensor& teacher) {
    const torch::Tensor log_probabilities = torch::log_softmax(logits, 1);
    const torch::Tensor ranked = std::get<1>(logits.topk(std::min<std::int64_t>(5, logits.size(1)), 1));
    const torch::Tensor predicted = logits.argmax(1);
    const torch::Tensor right = predicted.eq(target);
    calibration_.add(log_probabilities.amax(1).exp(), right);

    std::array<torch::Tensor, kSums> sums;
    sums.fill(torch::zeros({}, sums_.options()));
    const auto put = [&](Sum which, const torch::Tensor& values) { sums[which] = values.sum(torch::kDouble); };
    sums[kLoss] = torch::nll_loss_nd(log_probabilities, target, {}, at::Reduction::Sum).to(torch::kDouble);
    put(kTop1, right);
    put(kTop5, ranked.eq(target.unsqueeze(1)).any(1).logical_or(right));
    put(kEntropy, entropy(log_probabilities));
    put(kTopLogitDifference, top_logit_difference(logits, target));
    put(kLogitNorm, sample_norm(logits));
    if (penultimate.defined()) put(kPenultimateNorm, sample_norm(penultimate));
    if (teacher.defined()) {
      const torch::Tensor teachers_choice = teacher.argmax(1);
      const torch::Tensor teacher_right = teachers_choice.eq(target);
      put(kAgreement, predicted.eq(teachers_choice));
      put(kLogitDistance, sample_norm(logits - teacher));
      put(kBothRight, right.logical_and(teacher_right));
      put(kTeacherRight, teacher_right);
    }
    sums_ += torch::stack(sums);
  }

  // The one time that the device is read.
  void read(Evaluation& evaluation, bool penultimate, bool several_classes, bool teacher) const {
    const torch::Tensor host = torch::cat({sums_, calibration_.sums().flatten()}).cpu();
    const torch::Tensor means = host.slice(0, 0, kSums) / static_cast<double>(evaluation.samples);
    const double* mean = means.data_ptr<double>();
    evaluation.loss = mean[kLoss];
    evaluation.top1 = mean[kTop1];
    evaluation.top5 = mean[kTop5];
    const torch::Tensor calibration = host.slice(0, kSums).view_as(calibration_.sums());
    evaluation.calibration = calibration_bins(calibration);
    evaluation.measures = {.calibration_error = expected_calibration_error(calibration),
                           .entropy = mean[kEntropy],
                           .logit_norm = mean[kLogitNorm]};
    if (several_classes) evaluation.measures.top_logit_difference = mean[kTopLogitDifference];
    if (penultimate) evaluation.measures.penultimate_norm = mean[kPenultimateNorm];
    if (!teacher) return;
    const double* sum = host.data_ptr<double>();
    const auto share = [&](double count) { return count / static_cast<double>(evaluation.samples); };
    evaluation.agreement = mean[kAgreement];
    evaluation.comparison = {.logit_distance = mean[kLogitDistance],
                             .both_right = mean[kBothRight],
                             .student_right_teacher_wrong = share(sum[kTop1] - sum[kBothRight]),
                             .student_wrong_teacher_right = share(sum[kTeacherRight] - sum[kBothRight]),
                             .both_wrong = share(static_cast<double>(evaluation.samples) - sum[kTop1] -
                                                 sum[kTeacherRight] + sum[kBothRight])};
  }

 private:
  Calibration calibration_;
  torch::Tensor sums_;  // [kSums] double
};

}  // namespace

Evaluation evaluate(const graph::ModelNode& node, const data::Source& source, const EvaluationOptions& options) {
  const TapRequest request = evaluated_taps(node);
  const bool penultimate = request.contains("penultimate");
  const torch::Tensor& teacher = options.teacher_logits;
  Totals totals(source.device());
  std::vector<torch::Tensor> kept;
  std::int64_t done = 0;
  std::int64_t classes = 0;
  for_each_batch(node, source, options.type, request, [&](const data::Batch& batch, const auto& taps) {
    const torch::Tensor& logits = taps.at("logits");
    classes = logits.size(1);
    const std::int64_t end = done + logits.size(0);
    totals.add(batch.target, logits, penultimate ? taps.at("penultimate") : torch::Tensor(),
               teacher.defined() ? teacher.slice(0, done, end) : torch::Tensor());
    if (options.keep_logits) kept.push_back(logits);
    done = end;
  });
  Evaluation evaluation{.samples = source.size()};
  if (options.keep_logits) evaluation.logits = torch::cat(kept);
  totals.read(evaluation, penultimate, classes > 1, teacher.defined());
  return evaluation;
}

}  // namespace retort::engine
