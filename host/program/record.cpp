#include "record.hpp"

#include <unordered_set>

#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/operator.h>

namespace retort::program {
namespace {

namespace jit = torch::jit;

// The tensors that the module owns, each once.
std::vector<std::pair<std::string, at::Tensor>> weights_of(const torch::nn::Module& module) {
  std::vector<std::pair<std::string, at::Tensor>> weights;
  std::unordered_set<const void*> seen;
  const auto add = [&](const auto& named) {
    for (const auto& entry : named) {
      if (entry.value().defined() && seen.insert(entry.value().unsafeGetTensorImpl()).second) {
        weights.emplace_back(entry.key(), entry.value());
      }
    }
  };
  add(module.named_parameters());
  add(module.named_buffers());
  return weights;
}

std::vector<c10::IValue> pop_all(c10::Stack& stack, std::size_t count) {
  std::vector<c10::IValue> values(stack.end() - static_cast<std::ptrdiff_t>(count), stack.end());
  stack.resize(stack.size() - count);
  return values;
}

Operation make_list(c10::TypePtr element, std::size_t count) {
  return [element = std::move(element), count](c10::Stack& stack) {
    c10::impl::GenericList list(element);
    for (c10::IValue& value : pop_all(stack, count)) list.push_back(std::move(value));
    stack.emplace_back(std::move(list));
  };
}

Operation make_tuple(std::size_t count) {
  return [count](c10::Stack& stack) { stack.emplace_back(c10::ivalue::Tuple::create(pop_all(stack, count))); };
}

void unpack(c10::Stack& stack) {
  const c10::IValue whole = std::move(stack.back());
  stack.pop_back();
  if (whole.isTuple()) {
    for (const c10::IValue& element : whole.toTupleRef().elements()) stack.push_back(element);
  } else {
    for (const c10::IValue& element : whole.toListRef()) stack.push_back(element);
  }
}

// From the tracer's graph to a program.
class Lowering {
 public:
  void bind(const jit::Value* value, Value meaning) { slots_[value] = program_.add(std::move(meaning)); }

  void lower(const jit::Node& node) {
    if (!node.blocks().empty()) {
      throw NotRecordable("it holds " + std::string(node.kind().toQualString()) + ", which branches");
    }
    if (node.kind() == jit::prim::Constant) {
      bind(node.output(), {Value::Kind::Constant, jit::toIValue(node.output()).value_or(c10::IValue()), {}});
    } else if (node.kind() == jit::prim::ListConstruct || node.kind() == jit::prim::TupleConstruct) {
      construct(node);
    } else if (node.kind() == jit::prim::ListUnpack || node.kind() == jit::prim::TupleUnpack) {
      append(node, unpack);
    } else if (node.maybeOperator() != nullptr) {
      append(node, node.getOperation());
    } else {
      throw NotRecordable("it calls " + std::string(node.kind().toQualString()));
    }
  }

  void name_tap(const std::string& name, const jit::Value* value) { program_.taps[name] = slots_.at(value); }

  Program take() { return std::move(program_); }

 private:
  void construct(const jit::Node& node) {
    const std::size_t count = node.inputs().size();
    Operation operation = node.kind() == jit::prim::ListConstruct
                              ? make_list(node.output()->type()->expectRef<c10::ListType>().getElementType(), count)
                              : make_tuple(count);
    c10::Stack constants;
    for (const jit::Value* input : node.inputs()) {
      const Slot slot = slots_.at(input);
      if (!program_.is_constant(slot)) return append(node, std::move(operation));
      constants.push_back(program_.value(slot));
    }
    operation(constants);
    bind(node.output(), {Value::Kind::Constant, constants.back(), {}});
  }

  void append(const jit::Node& node, Operation operation) {
    Instruction instruction{.op = node.kind().toQualString(), .run = std::move(operation)};
    for (const jit::Value* input : node.inputs()) instruction.inputs.push_back(slots_.at(input));
    for (const jit::Value* output : node.outputs()) {
      Value computed;
      if (const auto type = output->type()->cast<c10::TensorType>()) {
        computed.sizes = type->sizes().concrete_sizes().value_or(std::vector<std::int64_t>());
      }
      bind(output, std::move(computed));
      instruction.outputs.push_back(slots_.at(output));
    }
    program_.instructions.push_back(std::move(instruction));
  }

  Program program_;
  std::unordered_map<const jit::Value*, Slot> slots_;
};

}  // namespace

Program record(const torch::nn::Module& module, const at::Tensor& images, const at::Tensor& target,
               const Forward& forward) {
  const auto weights = weights_of(module);
  jit::Stack inputs{images};
  if (target.defined()) inputs.emplace_back(target);
  for (const auto& [name, tensor] : weights) inputs.emplace_back(tensor);

  std::vector<std::string> names;
  std::shared_ptr<jit::tracer::TracingState> state;
  try {
    state = jit::tracer::trace(
                inputs,
                [&](const jit::Stack& given) {
                  jit::Stack taps;
                  for (auto& [name, tensor] :
                       forward(given[0].toTensor(), target.defined() ? given[1].toTensor() : target)) {
                    names.push_back(name);
                    taps.emplace_back(tensor);
                  }
                  return taps;
                },
                [](const torch::autograd::Variable&) { return std::string(); }, /*strict=*/false,
                /*force_outplace=*/false, /*self=*/nullptr, /*argument_names=*/{})
                .first;
  } catch (const c10::Error& error) {
    throw NotRecordable(error.what_without_backtrace());
  }

  Lowering lowering;
  const auto& graph_inputs = state->graph->inputs();
  std::size_t next = 0;
  lowering.bind(graph_inputs[next++], {Value::Kind::Images, {}, {}, images.sizes().vec()});
  if (target.defined()) lowering.bind(graph_inputs[next++], {Value::Kind::Target, {}, {}});
  for (const auto& [name, tensor] : weights) lowering.bind(graph_inputs[next++], {Value::Kind::Weight, tensor, name});
  for (const jit::Node* node : state->graph->nodes()) lowering.lower(*node);
  const auto& outputs = state->graph->outputs();
  if (outputs.size() != names.size()) throw NotRecordable("it hands out the same tensor twice");
  for (std::size_t i = 0; i < names.size(); ++i) lowering.name_tap(names[i], outputs[i]);
  return lowering.take();
}

}  // namespace retort::program
