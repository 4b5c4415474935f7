// Many runs of one experiment, and what they are compared with: [study], [published].
#include "key_tables.hpp"

namespace retort::config {
namespace {

ParamSpec distribution_keys() {
  return table("distribution", "How the values of one key are drawn: one of these.",
               {list("uniform", "Two numbers, the smallest and the largest value.", number("", "", Range{}, {})),
                list("log_uniform", "Two numbers greater than 0; the logarithm is uniform between theirs.",
                     number("", "", Range::greater_than(0), {})),
                list("integers", "Two integers, the smallest and the largest value.", integer("", "", -kInfinity, {})),
                {.name = "choices", .doc = "The values, each as likely as the others.", .type = ParamType::List}});
}

}  // namespace

ParamSpec published_keys(const char* doc) {
  return table("published", doc,
               {required(number("top1", "Top-1 accuracy on the test images, as a ratio.", {0, 1}, {})),
                required(text("source", "Where it was published."))});
}

ParamSpec study_keys() {
  ParamSpec axes = tables("axes",
                          "The grid: for each key the list of its values. A key is a path, such as "
                          "`\"loss.soft.temperature\"`; `seed` stands for `run.seed`. Members that differ in it, or in "
                          "`student.seed`, alone are repetitions.",
                          {.type = ParamType::List});
  ParamSpec keys = tables("keys", "What is drawn: for each key, as in `axes`, a distribution.", distribution_keys());
  ParamSpec variants = tables("variants",
                              "Named changes: each table is laid over the experiment, after dropping the keys that its "
                              "`unset` lists. An empty table is the experiment itself.",
                              {.name = "variant", .type = ParamType::Table, .open = true});
  ParamSpec published =
      tables("published",
             "Results to stand beside those of members: tables, each under the name of a member without its seed.",
             published_keys("A published result."));
  return table(
      "study",
      "Many runs of one experiment, for `retort study`; `retort run` ignores it. Axes, samples and variants "
      "combine.",
      {boolean("share_teacher", "Whether a teacher that several members would train alike is trained once.", true),
       std::move(axes),
       table("sample", "Members with random values.",
             {integer("count", "How many combinations are drawn.", 1, {}), integer("seed", "Seed of the draws.", 0, 1),
              std::move(keys)}),
       std::move(variants), std::move(published)});
}

}  // namespace retort::config
