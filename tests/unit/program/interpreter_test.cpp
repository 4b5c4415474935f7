#include <gtest/gtest.h>

#include "networks.hpp"

namespace retort::program {
namespace {

TEST(Interpreter, LetsGoOfWhatNobodyReads) {
  auto net = testing::trained<testing::PreActivation>();
  net->eval();
  const torch::NoGradGuard no_grad;
  Program program = testing::recorded(*net, testing::images(4, 1));
  std::vector<at::WeakIValue> alive;
  // After each instruction, notes what the one before handed on.
  std::size_t most = 0;
  for (Instruction& instruction : program.instructions) {
    instruction.run = [&, inner = std::move(instruction.run)](c10::Stack& stack) {
      inner(stack);
      alive.emplace_back(stack.back());
      std::size_t living = 0;
      for (const at::WeakIValue& value : alive) living += value.lock().isNone() ? 0 : 1;
      most = std::max(most, living);
    };
  }
  const std::size_t instructions = program.instructions.size();
  Interpreter(std::move(program)).run(testing::images(4, 2), {});
  EXPECT_GE(instructions, 8u);
  EXPECT_LE(most, 4u);
}

}  // namespace
}  // namespace retort::program
