#include "generator_states.hpp"

#include <ATen/Context.h>

namespace retort::program {

GeneratorStates::GeneratorStates(c10::Device device) {
  std::vector<c10::Device> devices{c10::kCPU};
  if (!device.is_cpu()) devices.push_back(device);
  for (const c10::Device each : devices) {
    const at::Generator& generator = at::globalContext().defaultGenerator(each);
    states_.emplace_back(generator, generator.get_state());
  }
}

void GeneratorStates::put_back() const {
  for (auto [generator, state] : states_) generator.set_state(state);
}

}  // namespace retort::program
