#pragma once

#include <string>

#include <gmock/gmock.h>

#include "config/overrides.hpp"
#include "config/toml_reader.hpp"
#include "study/study_reader.hpp"

namespace retort::study {

// An experiment of components that the fake catalog knows; its teacher is trained first. 18 lines.
inline const std::string kExperiment = R"([run]
name = "base"

[dataset]
use = "cifar100"
[teacher]
use = "wrn_40_2"
[student]
use = "wrn_16_2"
[loss.label]
use = "cross_entropy"
[loss.soft]
use = "kl_divergence"
temperature = 4.0
[optimizer]
lr = 0.05
[schedule]
epochs = 2
)";

inline config::Node parse(const std::string& text) {
  config::Diagnostics diagnostics;
  config::Node node = config::read_toml(text, "e.toml", diagnostics);
  EXPECT_EQ(diagnostics.text(), "");
  return node;
}

// The study of an experiment with `study` behind it; what is wrong goes to `problems`.
inline std::optional<StudySpec> read_spec(const std::string& study, std::string* problems = nullptr) {
  config::Diagnostics diagnostics;
  auto spec = read_study(parse(kExperiment + study), diagnostics);
  if (problems) {
    *problems = diagnostics.text();
  } else {
    EXPECT_EQ(diagnostics.text(), "");
  }
  return spec;
}

}  // namespace retort::study
