#include "inspection.hpp"

#include <algorithm>

#include <retort/error.hpp>

#include "engine/sample_measures.hpp"

namespace retort::inspect {
namespace {

Distribution distribution_of(const torch::Tensor& values, std::int64_t bins) {
  const torch::Tensor whole = values.contiguous();
  const double* data = whole.data_ptr<double>();
  return distribution({data, data + whole.numel()}, bins);
}

torch::Tensor right(const SplitOutputs& outputs) {
  return outputs.logits.argmax(1).eq(outputs.target);
}

double share(const torch::Tensor& flags) {
  return flags.to(torch::kDouble).mean().item<double>();
}

}  // namespace

ModelInspection inspect_model(const std::string& model, const SplitOutputs& outputs, std::int64_t bins) {
  const torch::Tensor log_probabilities = torch::log_softmax(outputs.logits, 1);
  engine::Calibration calibration(c10::kCPU);
  calibration.add(log_probabilities.amax(1).exp(), right(outputs));
  ModelInspection result{
      .model = model,
      .samples = outputs.target.size(0),
      .loss = torch::nll_loss_nd(log_probabilities, outputs.target, {}, at::Reduction::Mean).item<double>(),
      .top1 = share(right(outputs)),
      .calibration_error = engine::expected_calibration_error(calibration.sums()),
      .calibration = engine::calibration_bins(calibration.sums()),
      .entropy = distribution_of(engine::entropy(log_probabilities), bins),
      .logit_norm = distribution_of(engine::sample_norm(outputs.logits), bins)};
  if (outputs.logits.size(1) > 1) {
    result.top_logit_difference = distribution_of(engine::top_logit_difference(outputs.logits, outputs.target), bins);
  }
  if (outputs.penultimate.defined()) {
    result.penultimate_norm = distribution_of(engine::sample_norm(outputs.penultimate), bins);
  }
  return result;
}

PlaneView inspect_plane(const Model& model, const SplitOutputs& outputs, const std::vector<std::int64_t>& classes) {
  if (!outputs.penultimate.defined()) {
    throw InvalidParameter("the model declares no tap 'penultimate' to look at");
  }
  const Templates templates = class_templates(model, outputs.logits.size(1), outputs.penultimate.size(1));
  const torch::Tensor corners = templates.rows.index_select(0, torch::tensor(classes, torch::kInt64));
  const Plane plane = plane_through(corners);

  PlaneView view{.parameter = templates.parameter};
  const auto add = [](std::vector<PlaneView::Point>& points, std::int64_t sample, std::int64_t label,
                      const torch::Tensor& place) {
    points.push_back({sample, label, place[0].item<double>(), place[1].item<double>()});
  };
  const torch::Tensor placed_templates = project(plane, corners);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    add(view.templates, 0, classes[i], placed_templates[static_cast<std::int64_t>(i)]);
  }
  const torch::Tensor placed = project(plane, outputs.penultimate);
  const auto* label = outputs.target.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < outputs.target.size(0); ++i) {
    if (std::find(classes.begin(), classes.end(), label[i]) != classes.end()) add(view.points, i, label[i], placed[i]);
  }
  return view;
}

PairInspection inspect_pair(const SplitOutputs& student, const SplitOutputs& teacher, std::int64_t bins) {
  const torch::Tensor student_right = right(student);
  const torch::Tensor teacher_right = right(teacher);
  const torch::Tensor distance = engine::sample_norm(student.logits - teacher.logits);
  return {.agreement = share(student.logits.argmax(1).eq(teacher.logits.argmax(1))),
          .logit_distance = distribution_of(distance, bins),
          .comparison = {.logit_distance = distance.mean().item<double>(),
                         .both_right = share(student_right & teacher_right),
                         .student_right_teacher_wrong = share(student_right & ~teacher_right),
                         .student_wrong_teacher_right = share(~student_right & teacher_right),
                         .both_wrong = share(~student_right & ~teacher_right)}};
}

}  // namespace retort::inspect
