#include "compile.hpp"

#include "passes/passes.hpp"

namespace retort::program {
namespace {

class Passes {
 public:
  explicit Passes(Compiled& compiled) : compiled_(compiled) {}

  void run(bool wanted, const char* key, const char* did, std::size_t (*pass)(Program&)) {
    if (wanted) note(key, did, pass(compiled_.program));
  }
  void note(const char* key, const char* did, std::size_t count) {
    if (count != 0) compiled_.notes.push_back(std::string(key) + ": " + std::to_string(count) + " " + did);
  }

 private:
  Compiled& compiled_;
};

}  // namespace

Compiled compile(Program recorded, const Target& target, const config::EngineSpec& engine) {
  Compiled compiled{.program = std::move(recorded)};
  Passes passes(compiled);
  if (!target.trained) {
    freeze(compiled.program);
    passes.run(engine.fold_batch_norm, "fold_batch_norm", "batch norms folded into convolutions", fold_batch_norms);
  }
  const bool lower = target.type != c10::kFloat;
  if (lower && !target.trained) {
    passes.note("precision", "tensors of weights converted once", lower_constants(compiled.program, target.type));
  }
  passes.run(engine.prepack && !target.trained, "prepack", "convolutions prepacked, with the sum and ReLU behind them",
             prepack_convolutions);
  passes.run(engine.fuse_batch_norm, "fuse_batch_norm", "batch norms in one pass with the sum and ReLU behind them",
             fuse_batch_norms);
  if (target.trained) {
    passes.run(engine.fuse_batch_norm, "fuse_batch_norm", "counters of batches added to at once", merge_counters);
    if (lower) {
      passes.note("precision", "convolutions read copies of their weights",
                  use_copies(compiled.program, *target.copies));
    }
  }
  return compiled;
}

}  // namespace retort::program
