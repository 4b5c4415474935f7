#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

// An image as bytes: rows of pixels of three bytes, red, green and blue.
struct Picture {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> bytes;
};

// Reads a JPEG or PNG file, whichever its first bytes say it is. Grey, CMYK and transparent images become RGB, the
// latter on black. A JPEG file is decoded at the smallest of 1/8, 2/8, ... 8/8 of its size at which its shorter side
// has `least` pixels. Throws retort::DataError naming the file.
Picture decode(const std::filesystem::path& file, std::int64_t least);
