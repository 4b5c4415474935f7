#pragma once

#include <string>
#include <vector>

#include "component_reader.hpp"
#include "stage_plan.hpp"

namespace retort::config {

// Reads one stage. `earlier` are the names of the stages that run before it, `later` those of all others. The result is
// of use only when `context.diagnostics` has not failed.
StageSpec read_stage(const StageDraft& draft, const std::vector<std::string>& earlier,
                     const std::vector<std::string>& later, const ReadContext& context);

}  // namespace retort::config
