#pragma once

#include <string>

namespace retort::study {

// "0.4 s", "12 s", "3 min 20 s", "2 h 05 min"
std::string duration_text(double seconds);

}  // namespace retort::study
