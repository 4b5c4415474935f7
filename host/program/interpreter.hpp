#pragma once

#include "program.hpp"
#include "record.hpp"

namespace retort::program {

// Runs a program. Values are let go as soon as nothing reads them any more.
class Interpreter {
 public:
  explicit Interpreter(Program program);

  // Images and target of the shapes that were recorded. With gradients when grad mode is on. [step thread]
  Outputs run(const at::Tensor& images, const at::Tensor& target) const;

  const Program& program() const { return program_; }

 private:
  Program program_;
  std::vector<std::vector<Slot>> dead_after_;  // by instruction: the slots that it reads or writes last
};

}  // namespace retort::program
