#pragma once

#include <string>

#include <retort/dataset.hpp>

namespace retort::run {

// The SHA-256, in hexadecimal, of a split's shapes and of the bytes of its images and labels: runs whose splits have
// the same have seen the same data, wherever it lay.
std::string fingerprint(const ResidentSplit& split);

}  // namespace retort::run
