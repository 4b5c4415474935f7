#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <ATen/core/ivalue.h>
#include <ATen/core/stack.h>

// What a model computes, as data: the operators of one forward pass, which passes rewrite and an interpreter runs.
namespace retort::program {

// The place of a value in Program::values.
using Slot = std::size_t;

struct Value {
  enum class Kind { Images, Target, Weight, Constant, Computed };
  Kind kind = Kind::Computed;
  c10::IValue value;                // Weight: the module's own tensor, so that its changes are seen; Constant
  std::string name;                 // Weight: within its module
  std::vector<std::int64_t> sizes;  // of images and computed tensors, when recorded; empty: unknown
};

// Takes an instruction's inputs from the stack, in order, and leaves its outputs there.
using Operation = std::function<void(c10::Stack&)>;

struct Instruction {
  std::string op;  // "aten::_convolution"; what passes make is "retort::..."
  std::vector<Slot> inputs;
  std::vector<Slot> outputs;
  Operation run;
};

// Instructions in the order of their execution; each slot is written once.
struct Program {
  std::vector<Value> values;
  std::vector<Instruction> instructions;
  std::map<std::string, Slot> taps;

  Slot add(Value value) { return values.push_back(std::move(value)), values.size() - 1; }
  Slot add_constant(c10::IValue value) { return add({Value::Kind::Constant, std::move(value), {}}); }

  bool is_constant(Slot slot) const { return values[slot].kind == Value::Kind::Constant; }
  bool is_weight(Slot slot) const { return values[slot].kind == Value::Kind::Weight; }
  // Of a constant or a weight.
  const c10::IValue& value(Slot slot) const { return values[slot].value; }
};

// Who reads what. Built anew after a pass has changed the program.
class Uses {
 public:
  explicit Uses(const Program& program);

  // The instructions that read the slot, by position.
  const std::vector<std::size_t>& of(Slot slot) const { return users_[slot]; }
  // The instruction that computes the slot; npos for all other kinds of values.
  std::size_t producer(Slot slot) const { return producers_[slot]; }
  // The only reader of a slot that is no tap; npos when there is another.
  std::size_t single(Slot slot) const;
  bool is_tap(Slot slot) const { return taps_[slot]; }

  static constexpr std::size_t npos = static_cast<std::size_t>(-1);

 private:
  std::vector<std::vector<std::size_t>> users_;
  std::vector<std::size_t> producers_;
  std::vector<bool> taps_;
};

// Whether an instruction changes its first input ("aten::relu_").
bool mutates(const Instruction& instruction);

// Whether `slots` keep their values from instruction `first` to instruction `last`: nothing between changes one.
bool undisturbed(const Program& program, const std::vector<Slot>& slots, std::size_t first, std::size_t last);

}  // namespace retort::program
