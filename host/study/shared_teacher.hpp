#pragma once

#include <string>
#include <vector>

#include "config/node.hpp"

namespace retort::study {

// How an experiment does without training a teacher itself.
struct Substitution {
  std::vector<std::string> models;   // the tables that get `weights`: "teacher", "stage.small.teacher"
  std::vector<std::string> dropped;  // keys that are unset: "teacher.training", "stage.large"
};

// A teacher that an experiment trains first, as an experiment of its own.
struct TeacherExperiment {
  std::string stage;      // its one stage
  config::Node document;  // without name and directory
  Substitution substitution;
};

// What an experiment trains first and from labels alone: teachers without weights, and stages of [stage.*] that have no
// teacher and that later stages take their teacher or student from, unless another stage says that it comes `after`
// them. `experiment` has been read, so that its paths are absolute.
//
// The student of such a run equals, bit for bit, that of the same stage of `experiment`, because seeds derive from the
// stage's seed and the names of stages and roles, which are the same. One exception: a loss of the teacher's own
// training that has random parameters starts from others, since these derive from the loss's key.
std::vector<TeacherExperiment> teacher_experiments(const config::Node& experiment);

}  // namespace retort::study
