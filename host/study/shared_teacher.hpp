#pragma once

#include <string>
#include <vector>

#include "config/node.hpp"

namespace retort::study {

// A teacher that an experiment trains first, as an experiment of its own.
struct TeacherExperiment {
  std::string key;        // where it stands: "teacher", or "teacher.members.<name>" in an ensemble
  std::string stage;      // its one stage
  config::Node document;  // without name and directory
};

// The teachers that an experiment trains first; none when they have weights or are students of its [stage.*].
// `experiment` has been read, so that its paths are absolute.
//
// The student of such a run equals, bit for bit, that of the same stage of `experiment`, because seeds derive from the
// stage's seed and the names of stages and roles, which are the same. One exception: a loss of the teacher's own
// training that has random parameters starts from others, since these derive from the loss's key.
std::vector<TeacherExperiment> teacher_experiments(const config::Node& experiment);

}  // namespace retort::study
