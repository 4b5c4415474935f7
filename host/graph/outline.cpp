#include "outline.hpp"

#include <cmath>

#include <fmt/format.h>

#include "training_graph.hpp"

namespace retort::graph {
namespace {

std::string grouped(std::int64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string flops_text(std::int64_t flops) {
  if (flops >= 1'000'000'000) return fmt::format("{:.2f} GFLOPs", static_cast<double>(flops) / 1e9);
  return fmt::format("{:.2f} MFLOPs", static_cast<double>(flops) / 1e6);
}

// What stands behind the value that a schedule starts from: "" for a constant.
std::string schedule_text(const config::ScheduleSpec& schedule) {
  static const char* const names[] = {"", " multistep", " cosine", " linear"};
  return fmt::format("{}{}", names[static_cast<int>(schedule.kind)],
                     schedule.warmup_epochs > 0 ? fmt::format(", warm-up {:g} epochs", schedule.warmup_epochs) : "");
}

std::string parameters_text(const Table& params, const std::vector<config::ParameterSchedule>& schedules = {}) {
  std::string text;
  for (const auto& [name, value] : params) {
    text += (text.empty() ? "" : ", ") + name + " = " + to_toml(value);
    for (const auto& [parameter, schedule] : schedules) {
      if (parameter == name) text += schedule_text(schedule);
    }
  }
  return text;
}

std::string weight_text(const config::ScheduleSpec& weight) {
  return fmt::format("x {:g}{}", weight.value, schedule_text(weight));
}

const char* optimizer_name(config::OptimizerSpec::Kind kind) {
  static const char* const names[] = {"sgd", "adam", "adamw"};
  return names[static_cast<int>(kind)];
}

std::string optimizer_text(const config::OptimizerSpec& optimizer) {
  const std::string decay = fmt::format(", weight decay {:g}{}", optimizer.weight_decay,
                                        optimizer.decay_1d ? "" : " (none on 1-D parameters)");
  const std::string clip = optimizer.clip_norm ? fmt::format(", gradient norm at most {:g}", *optimizer.clip_norm) : "";
  if (optimizer.kind != config::OptimizerSpec::Kind::Sgd) {
    return fmt::format("lr {:g}, betas {:g} {:g}{}{}", optimizer.lr, optimizer.beta1, optimizer.beta2, decay, clip);
  }
  return fmt::format("lr {:g}, momentum {:g}{}{}{}", optimizer.lr, optimizer.momentum,
                     optimizer.nesterov ? " (Nesterov)" : "", decay, clip);
}

std::string model_text(const ModelNode& node) {
  if (node.members.empty()) return node.spec.model.use.value;
  std::string names;
  for (const ModelNode& member : node.members) names += (names.empty() ? "" : ", ") + member.spec.model.use.value;
  return "ensemble of " + names;
}

// What the experiment does with the training images and their labels.
std::string training_data_text(const config::DatasetSpec& spec) {
  std::string text;
  if (spec.subset) text += fmt::format(", subset of {:g}%", 100.0 * spec.subset->fraction);
  if (spec.subset && spec.subset->classes) text += fmt::format(" of {} classes", spec.subset->classes->size());
  if (spec.label_noise) {
    text += spec.label_noise->kind == config::LabelNoiseSpec::Kind::File
                ? ", label noise of a file"
                : fmt::format(", {:g}% label noise", 100.0 * spec.label_noise->rate);
  }
  if (spec.withheld_labels)
    text += fmt::format(", {:g}% of the labels withheld", 100.0 * spec.withheld_labels->fraction);
  if (spec.unlabelled) text += ", and " + spec.unlabelled->use.value + " without labels";
  return text;
}

class Builder {
 public:
  explicit Builder(const TrainingGraph& graph) : graph_(graph) {}

  Outline build() {
    outline_.stage = graph_.stage;
    outline_.notes = graph_.notes;
    outline_.memory = graph_.memory;
    add_data();
    if (graph_.uses_teacher()) add_model(*graph_.teacher, false);
    add_model(graph_.student, true);
    add({"objective", "objective", "objective", "sum of the weighted terms"});
    for (const Term& term : graph_.terms) add_term(term);
    add({"optimizer", "optimizer", optimizer_name(graph_.optimizer.kind), optimizer_text(graph_.optimizer)});
    connect("objective", "optimizer", "gradients");
    return std::move(outline_);
  }

 private:
  void add(OutlineNode node) { outline_.nodes.push_back(std::move(node)); }
  void connect(std::string from, std::string to, std::string label = "") {
    outline_.edges.push_back({std::move(from), std::move(to), std::move(label)});
  }

  void add_data() {
    const auto& dataset = graph_.dataset_spec.dataset;
    add({"dataset", "dataset", dataset.use.value,
         fmt::format("{} classes, images {}", graph_.data.classes, shape_text(graph_.data.image)) +
             training_data_text(graph_.dataset_spec)});
    last_data_ = "dataset";
    if (graph_.dataset_spec.transforms.empty()) return;
    std::string names;
    for (const auto& transform : graph_.dataset_spec.transforms) names += (names.empty() ? "" : ", ") + transform.use;
    add({"transforms", "transforms", names, ""});
    connect("dataset", "transforms", shape_text(graph_.data.image));
    last_data_ = "transforms";
  }

  void add_model(const ModelNode& node, bool trained) {
    add({node.role, "model", model_text(node),
         fmt::format("{}: {} parameters, {} a sample{}", node.role, grouped(node.parameters), flops_text(node.flops),
                     trained ? "" : ", frozen"),
         trained});
    connect(last_data_, node.role, shape_text(graph_.image));
    for (const std::string& tap : node.request.names()) {
      const std::string id = node.role + "." + tap;
      add({id, "tap", tap, node.role});
      connect(node.role, id, shape_text(node.taps.at(tap)));
    }
  }

  // Ends at the loss: tap -> projector -> normalization -> loss.
  void add_branch(const Branch& branch, const ModelNode& node, const std::string& loss) {
    std::string last = node.role + "." + branch.tap;
    Shape shape = branch.tap_shape;
    const auto append = [&](const char* kind, const config::ComponentSpec& spec, const torch::nn::Module& module,
                            const Shape& output) {
      const std::string id = branch.key + "." + kind;
      std::int64_t parameters = 0;
      for (const auto& parameter : module.parameters()) parameters += parameter.numel();
      std::string detail = parameters_text(spec.params);
      if (parameters > 0) detail += (detail.empty() ? "" : ", ") + grouped(parameters) + " parameters";
      add({id, kind, spec.use.value, detail, parameters > 0});
      connect(last, id, shape_text(shape));
      last = id;
      shape = output;
    };
    if (branch.projector) append("projector", *branch.projector_spec, *branch.projector, branch.projected_shape);
    if (branch.normalization)
      append("normalization", *branch.normalization_spec, *branch.normalization, branch.projected_shape);
    connect(last, loss, shape_text(shape));
  }

  void add_term(const Term& term) {
    const std::string id = "loss." + term.name;
    for (const Branch& branch : term.teacher) add_branch(branch, *graph_.teacher, id);
    for (const Branch& branch : term.student) add_branch(branch, graph_.student, id);
    const std::string params = parameters_text(term.spec.params, term.schedules);
    add({id, "loss", term.name, params.empty() ? term.spec.use.value : term.spec.use.value + ": " + params});
    connect(id, "objective", weight_text(term.weight));
  }

  const TrainingGraph& graph_;
  Outline outline_;
  std::string last_data_;
};

}  // namespace

Outline outline_of(const TrainingGraph& graph) {
  return Builder(graph).build();
}

}  // namespace retort::graph
