#pragma once

#include <filesystem>
#include <string>

#include "child.hpp"

namespace retort::study {

// Why a run failed: the last error in its log from byte `begin` on, else its last line, else how the process ended.
std::string failure_reason(const std::filesystem::path& log, std::uintmax_t begin, const Ending& ending);

// The last error that a run wrote into its events.log; a sentence that there is none.
std::string recorded_error(const std::filesystem::path& directory);

}  // namespace retort::study
