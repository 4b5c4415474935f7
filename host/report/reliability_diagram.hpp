#pragma once

#include <string>
#include <vector>

namespace retort::report {

// The samples whose confidence lies in (lower, upper].
struct ReliabilityBin {
  double lower = 0.0;
  double upper = 0.0;
  double samples = 0.0;
  double confidence = 0.0;  // mean
  double accuracy = 0.0;
};

struct ReliabilityPanel {
  std::string name;  // "student"
  std::vector<ReliabilityBin> bins;
};

// A reliability diagram (Guo et al., 2017) for each model beside each other: the accuracy of each bin as a bar, its
// mean confidence as a line across it, and below how many samples lie in it. "" when no panel has a sample.
std::string draw_reliability(const std::string& title, const std::vector<ReliabilityPanel>& panels);

}  // namespace retort::report
