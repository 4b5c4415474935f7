#include "keys.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "experiment.hpp"
#include "key_tables.hpp"

namespace retort::config {
namespace {

ParamSpec class_reference() {
  return either("", "", {text("", "Name of a class."), integer("", "Number of a class.", 0, {})});
}

ParamSpec subset_keys() {
  const SubsetSpec subset;
  return table(
      "subset", "Which of the training images are used. The test images stay, and so do the model's classes.",
      {number("fraction", "Share of each class's images, drawn by `seed`.", {0, 1, true}, subset.fraction),
       list("classes", "The classes whose images are used, by name or number; all unless given.", class_reference()),
       integer("seed", "Seed of the draw.", 0, subset.seed)});
}

ParamSpec label_noise_keys() {
  const LabelNoiseSpec noise;
  std::vector<std::string> kinds;
  for (const Variant& variant : label_noise_variants()) kinds.push_back(variant.use);
  return table(
      "label_noise",
      "Wrong labels among the training images. Which images are hit follows from `seed` alone, not from the run's seed "
      "or the subset. What was changed is saved with the run (`stages/<stage>/label_noise.csv`).",
      {required(text("kind",
                     "`symmetric`: any other class, each as likely. `pair_flip`: the next class (the first after the "
                     "last). `asymmetric`: the class that `map` gives. `file`: as an earlier run saved it.",
                     {}, std::move(kinds))),
       number("rate", "Probability with which the label of an image becomes wrong; with `map`, of a class in it.",
              {0, 1}, {}),
       integer("seed", "Seed of the draw.", 0, noise.seed),
       tables("map", "From class to class, by name or number: `{ cat = \"dog\", truck = \"automobile\" }`.",
              class_reference()),
       text("file", "A `label_noise.csv`; relative to the file that says so.")});
}

ParamSpec withheld_labels_keys() {
  const WithheldLabelsSpec withheld;
  return table(
      "withheld_labels",
      "Training images whose label is withheld: the student learns from them what the teacher says, and losses "
      "that need a label leave them out.",
      {number("fraction", "Share of each class's images, drawn by `seed`.", {0, 1, true}, withheld.fraction),
       integer("seed", "Seed of the draw.", 0, withheld.seed)});
}

ParamSpec dataset_keys() {
  ParamSpec transform = open_table("transform", "One augmentation.", "Name of the transform.", {});
  return component(
      "dataset", "The images, and how those for training are augmented.", "Name of the data set.",
      {list("transforms",
            "Augmentations of the training images, in order: a text such as `\"random_crop(32, padding=4)\"` "
            "or a table `{ use = \"random_crop\", size = 32, padding = 4 }`.",
            either("", "", {text("", "The short form."), std::move(transform)})),
       subset_keys(), label_noise_keys(), withheld_labels_keys(),
       component("unlabelled",
                 "A second data set with images of the same shape: its training images are added, without labels.",
                 "Name of the data set.", {})});
}

// The keys of a value's schedule, without the value.
Specs schedule_shape() {
  const ScheduleSpec schedule;
  return {
      text("use", "How the value changes.", "constant", uses(schedule_variants())),
      list("milestones", "Epochs after which the value is multiplied by `gamma`, ascending.", integer("", "", 1, {})),
      number("gamma", "Factor at each milestone.", Range::greater_than(0), schedule.gamma),
      number("final", "Value at the end of training.", Range::at_least(0), schedule.final_value),
      number("warmup_epochs", "Epochs of linear warm-up; may be a fraction.", Range::at_least(0),
             schedule.warmup_epochs),
      number("warmup_start", "Where the warm-up starts, as a ratio of the value.", {0, 1}, schedule.warmup_start)};
}

ParamSpec weight_keys() {
  Specs fields = schedule_shape();
  fields.insert(fields.begin(), number("value", "The weight, before any schedule.", Range::at_least(0), 1.0));
  ParamSpec plain = number("", "A constant weight.", Range::at_least(0), {});
  ParamSpec weight = either("weight", "Weight of the term in the objective: a number, or a table for a schedule.",
                            {std::move(plain), table("", "A weight that changes while training.", std::move(fields))});
  weight.fallback = Value(1.0);
  return weight;
}

ParamSpec branch_keys(const char* name, const char* doc) {
  const ParamSpec tap = text("", "Name of a tap.");
  const ParamSpec branch =
      table("", "tap → projector → normalization",
            {text("tap", "Name of a tap of the model; the loss's own choice unless given."),
             component("projector", "Brings the tap to the shape of the other side.", "Name of the projector.", {}),
             component("normalization", "Normalises what the loss receives.", "Name of the normalization.", {})});
  return either(name, doc, {tap, branch, list("", "Several branches.", either("", "", {tap, branch}))});
}

ParamSpec loss_keys() {
  return tables("loss", "The objective: one table for each term, under a name of your choice.",
                component("loss", "One term of the objective.", "Name of the loss.",
                          {weight_keys(),
                           branch_keys("student",
                                       "What the loss sees of the student: a tap's name, a table, or a list "
                                       "of these."),
                           branch_keys("teacher", "What the loss sees of the teacher, likewise.")}));
}

ParamSpec optimizer_keys() {
  const OptimizerSpec optimizer;
  ParamSpec betas =
      list("betas", "Decay rates of the two moment estimates: two numbers.", number("", "", {0, 1, false, true}, {}));
  betas.fallback = Value(List{optimizer.beta1, optimizer.beta2});
  return table(
      "optimizer", "What changes the student's weights.",
      {text("use", "The method.", "sgd", uses(optimizer_variants())),
       number("lr", "Learning rate, before any schedule; `adam` and `adamw` have no default.", Range::at_least(0),
              optimizer.lr),
       number("momentum", "Momentum.", {0, 1, false, true}, optimizer.momentum),
       boolean("nesterov", "Nesterov's momentum.", optimizer.nesterov), std::move(betas),
       number("eps", "Added to the denominator.", Range::greater_than(0), optimizer.eps),
       number("weight_decay", "Weight decay; decoupled for `adamw`.", Range::at_least(0), optimizer.weight_decay),
       boolean("decay_1d", "Whether parameters with one dimension (biases, batch norm) decay too.", optimizer.decay_1d),
       number("clip_norm", "Largest norm of the whole gradient; not clipped unless given.", Range::greater_than(0),
              {})});
}

ParamSpec on_divergence_keys() {
  ParamSpec stop = text("", "The stage fails; its state and the checkpoints before stay.", {}, {"stop"});
  ParamSpec skip = table("", "Such steps are left out: weights and statistics stay as they were.",
                         {required(integer("skip", "How many; the stage fails at one more.", 1, {}))});
  ParamSpec keys =
      either("on_divergence",
             "What happens when the objective or a weight becomes infinite or not a number: `\"stop\"`, or "
             "`{ skip = N }`, which leaves out up to N such steps of the stage.",
             {std::move(stop), std::move(skip)});
  keys.fallback = Value("stop");
  return keys;
}

ParamSpec schedule_keys() {
  const TrainingSpec training;
  return table("schedule", "How long, and in what portions.",
               {integer("epochs", "Passes over the training images.", 1, training.epochs),
                integer("batch_size", "Images in a step.", 1, training.batch_size),
                boolean("drop_last", "Whether a last, smaller batch is left out.", training.drop_last),
                integer("max_steps", "Ends the stage after so many steps; for trials.", 1, {}),
                integer("evaluate_every", "Epochs between two evaluations; the last epoch is always evaluated.", 1,
                        training.evaluate_every),
                number("stop_at_accuracy",
                       "Ends the stage after the first epoch in which at least this share of the (augmented) training "
                       "images was classified right.",
                       {0, 1}, {}),
                on_divergence_keys(), table("lr", "How the learning rate changes.", schedule_shape())});
}

Specs model_fields() {
  const ModelSpec model;
  return {text("weights", "A safetensors file to start from; relative to the file that says so."),
          number("expect_accuracy",
                 "Top-1 accuracy on the test images, as a ratio, that the weights must have before "
                 "training starts.",
                 {0, 1}, {}),
          number("accuracy_tolerance", "By how much the accuracy may differ from `expect_accuracy`.", {0, 1},
                 model.accuracy_tolerance),
          list("mean", "Channel means that the model expects, instead of the data set's.", number("", "", Range{}, {})),
          list("deviation", "Channel deviations that the model expects, instead of the data set's.",
               number("", "", Range::greater_than(0), {}))};
}

ParamSpec stage_seed() {
  return integer("seed", "Seed of the stage; the run's unless given.", 0, {});
}

ParamSpec student_keys() {
  Specs fields = model_fields();
  fields.push_back(text("stage", "The stage whose student this one starts from."));
  fields.push_back(
      integer("seed",
              "Seed of the initial weights; the stage's unless given. Runs that differ in it alone see the "
              "same batches.",
              0, {}));
  return component("student", "The model that is trained.", "Name of the model.", std::move(fields));
}

Specs teacher_fields() {
  Specs fields = model_fields();
  fields.push_back(text("stage", "The stage whose student is this teacher."));
  fields.push_back(table("training",
                         "How the teacher is trained first, when it has neither `weights` nor `stage`: laid over the "
                         "experiment's own tables.",
                         {stage_seed(), optimizer_keys(), schedule_keys(), loss_keys()}));
  return fields;
}

ParamSpec teacher_keys() {
  Specs fields = teacher_fields();
  ParamSpec member = component("member",
                               "One model of the ensemble. Without `weights` and `stage` it is trained first, in a "
                               "stage named `teacher.<name>`; the n-th member that is, with the run's seed + 1000 (n - "
                               "1) unless `training.seed` says otherwise.",
                               "Name of the model.", std::move(fields));
  fields = teacher_fields();
  fields.push_back(tables("members", "An ensemble in place of one model: one table for each member, instead of `use`.",
                          std::move(member)));
  fields.push_back(text("combine",
                        "The ensemble's logits: the mean of the members' logits, the logarithm of the mean of their "
                        "probabilities, or the sum of their logits.",
                        "mean_logits", {"mean_logits", "mean_probabilities", "sum_logits"}));
  ParamSpec teacher = component("teacher",
                                "The model that is learnt from. Without `weights` and `stage` it is trained first, in "
                                "a stage of its own named `teacher`.",
                                "Name of the model.", std::move(fields));
  for (ParamSpec& field : teacher.fields) {
    if (field.name == "use") field.required = false;  // an ensemble has none
  }
  return teacher;
}

ParamSpec stage_keys() {
  const ParamSpec unset = file_keys()[1];
  return tables("stage", "A chain of distillations: each stage is the experiment with its own tables laid over it.",
                table("stage", "One stage.",
                      {text("after", "The stage that must be finished before; the order of the file otherwise."), unset,
                       stage_seed(), dataset_keys(), teacher_keys(), student_keys(), loss_keys(), optimizer_keys(),
                       schedule_keys()}));
}

const ParamSpec* field_named(const ParamSpec& parent, std::string_view name) {
  if (name == "*") return parent.element.empty() ? nullptr : &parent.element[0];
  for (const ParamSpec& field : parent.fields) {
    if (field.name == name) return &field;
  }
  for (const ParamSpec& alternative : parent.alternatives) {
    if (const ParamSpec* found = field_named(alternative, name)) return found;
  }
  return nullptr;
}

// The table that may stand in place of a number: its schedule. inf has no place on a schedule.
ParamSpec parameter_schedule(const ParamSpec& parameter) {
  Range range = parameter.range;
  range.infinite = false;
  Specs fields = schedule_shape();
  for (ParamSpec& field : fields) {
    if (field.name != "final" && field.name != "warmup_start") continue;
    // A weight begins and ends at 0 unless told otherwise; other parameters have no natural ends.
    field.fallback.reset();
    if (field.name == "final") field.range = range;
  }
  ParamSpec value = number("value", "The value, before any schedule.", range, {});
  value.required = parameter.required;
  if (parameter.fallback && range.contains(parameter.fallback->number())) value.fallback = parameter.fallback;
  fields.insert(fields.begin(), std::move(value));
  return table("", "A value that changes while training.", std::move(fields));
}

}  // namespace

ParamSpec accepted_form(const ParamSpec& parameter) {
  if (!parameter.scheduled) return parameter;
  ParamSpec plain = parameter;
  plain.name.clear();
  plain.required = false;
  plain.fallback.reset();
  ParamSpec form =
      either(parameter.name.c_str(), parameter.doc.c_str(), {std::move(plain), parameter_schedule(parameter)});
  form.required = parameter.required;
  form.fallback = parameter.fallback;
  return form;
}

const Specs& experiment_keys() {
  static const Specs keys{run_keys(),
                          dataset_keys(),
                          teacher_keys(),
                          student_keys(),
                          loss_keys(),
                          optimizer_keys(),
                          schedule_keys(),
                          engine_keys(),
                          metrics_keys(),
                          stage_keys(),
                          study_keys(),
                          published_keys("A result from the literature that `retort compare` shows beside the "
                                         "experiment's own. It is this experiment's alone: neither files that extend "
                                         "this one nor members of a study that change more than the seed have it.")};
  return keys;
}

const Specs& file_keys() {
  static const Specs keys{
      either("extends",
             "The files that this one is laid over: later ones win, this file last. Tables merge, everything "
             "else (lists too) replaces. Relative to this file.",
             {text("", "One file."), list("", "Several files.", text("", ""))}),
      either("unset", "Keys of what is extended that are dropped first: `[\"optimizer.momentum\"]`.",
             {text("", "One key."), list("", "Several keys.", text("", ""))})};
  return keys;
}

const ParamSpec& key_spec(std::string_view path) {
  const Specs* level = &experiment_keys();
  const ParamSpec* spec = nullptr;
  for (std::string_view rest = path; !rest.empty();) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const std::string_view name = rest.substr(0, dot);
    if (spec) {
      spec = field_named(*spec, name);
    } else {
      const auto found =
          std::find_if(level->begin(), level->end(), [name](const ParamSpec& s) { return s.name == name; });
      spec = found == level->end() ? nullptr : &*found;
    }
    if (!spec) break;
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
  if (!spec) throw std::out_of_range("there is no key " + std::string(path));
  return *spec;
}

std::optional<Kind> component_kind(const ParamSpec& table) {
  static const std::map<std::string, Kind> kinds{
      {"dataset", Kind::Dataset},     {"unlabelled", Kind::Dataset},
      {"teacher", Kind::Model},       {"member", Kind::Model},
      {"student", Kind::Model},       {"loss", Kind::Loss},
      {"projector", Kind::Projector}, {"normalization", Kind::Normalization}};
  const auto found = kinds.find(table.name);
  if (!table.open || table.fields.empty() || found == kinds.end()) return std::nullopt;
  return found->second;
}

bool is_transform(const ParamSpec& table) {
  return table.open && table.name == "transform";
}

const ParamSpec& table_form(const ParamSpec& one_of) {
  return *std::find_if(one_of.alternatives.begin(), one_of.alternatives.end(),
                       [](const ParamSpec& alternative) { return alternative.type == ParamType::Table; });
}

const std::vector<Variant>& optimizer_variants() {
  static const std::vector<Variant> variants{
      {"sgd", "stochastic gradient descent with momentum", {"momentum", "nesterov"}},
      {"adam", "Adam, whose weight decay is a part of the gradient", {"betas", "eps"}},
      {"adamw", "Adam with decoupled weight decay", {"betas", "eps"}}};
  return variants;
}

const std::vector<Variant>& schedule_variants() {
  static const std::vector<Variant> variants{{"constant", "the value throughout", {}},
                                             {"multistep", "times `gamma` at each milestone", {"milestones", "gamma"}},
                                             {"cosine", "half a cosine from the value to `final`", {"final"}},
                                             {"linear", "a straight line from the value to `final`", {"final"}}};
  return variants;
}

const std::vector<Variant>& label_noise_variants() {
  static const std::vector<Variant> variants{{"symmetric", "any other class, each as likely", {"rate", "seed"}},
                                             {"asymmetric", "the class that `map` gives", {"rate", "seed", "map"}},
                                             {"pair_flip", "the next class", {"rate", "seed"}},
                                             {"file", "as an earlier run saved it", {"file"}}};
  return variants;
}

const std::vector<Variant>* variants_of(const ParamSpec& table) {
  const ParamSpec* const use = field_named(table, "use");
  for (const auto* variants : {&optimizer_variants(), &schedule_variants()}) {
    if (use && use->choices == uses(*variants)) return variants;
  }
  return nullptr;
}

}  // namespace retort::config
