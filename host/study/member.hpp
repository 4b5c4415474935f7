#pragma once

#include <string>
#include <vector>

#include "study_spec.hpp"

namespace retort::study {

// A key that a member sets: by an axis, or by a sample.
struct Setting {
  Target target;
  config::Node value;
};

// One experiment of a study.
struct Member {
  std::string name;   // "kd,temperature=4,seed=1"; also its folder
  std::string group;  // the same without the seed: members of a group differ in nothing else
  std::string variant;
  std::vector<Setting> settings;
  config::Node document;  // without [study]; run.name and run.directory are the study's
};

}  // namespace retort::study
