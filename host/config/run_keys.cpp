// How a run is done and watched: [run], [metrics], [engine].
#include "experiment.hpp"
#include "key_tables.hpp"

namespace retort::config {

ParamSpec run_keys() {
  const RunSpec run;
  return table("run", "How and where the experiment runs.",
               {text("name",
                     "Name of the run's directory below `directory`; the file's name unless given. A relative "
                     "path without `..`."),
                integer("seed", "Seed of every generator of the run.", 0, run.seed),
                text("device", "`auto` (a GPU if there is one), `cpu`, `cuda` or `cuda:N`.", run.device.value),
                text("precision", "Type in which the models compute; parameters stay `float32`.", run.precision.value,
                     {"float32", "bfloat16"}),
                text("directory", "Where the directories of runs are made; relative to the working directory.", "runs"),
                integer("threads", "Threads that compute on the CPU; 0: one for each core.", 0, run.threads),
                integer("checkpoint_every", "Epochs between two checkpoints.", 1, run.checkpoint_every),
                integer("keep_checkpoints",
                        "How many of the newest checkpoints stay; that of the best evaluation stays besides.", 1,
                        run.keep_checkpoints)});
}

ParamSpec metrics_keys() {
  const MetricsSpec metrics;
  return table("metrics", "How the run can be watched.",
               {boolean("serve", "Whether the metrics are served to Prometheus.", metrics.serve),
                text("address", "Address that is listened on.", metrics.address.value),
                integer("port", "Port that is listened on; 0 picks a free one.", 0, metrics.port.value, 65535),
                text("users",
                     "File of those who may read the metrics, lines name:hash as `htpasswd -B` writes them; everybody "
                     "who reaches the address unless given."),
                integer("every", "Steps between two readings of the device's values.", 1, metrics.every),
                integer("diagnostics_every",
                        "Steps between two diagnoses of projectors and of the terms' gradients, each of which costs a "
                        "forward pass and a backward pass for each term; 0: none.",
                        0, metrics.diagnostics_every)});
}

ParamSpec engine_keys() {
  const EngineSpec engine;
  ParamSpec logit_cache = either(
      "logit_cache",
      "Whether the teacher's logits are kept, for each view that the augmentation makes of an image, in a file "
      "that all runs with this teacher and these images share; a text names the folder, relative to the file "
      "that says so. A sample whose view is known spares the teacher. Used where an objective asks the teacher "
      "for its logits alone.",
      {boolean("", "", false), text("", "The folder; `retort/logits` in the user's cache folder unless given.")});
  logit_cache.fallback = Value(false);
  return table(
      "engine", "How a step is computed. Every switch keeps the results to within rounding.",
      {boolean("record",
               "Note the operators of teacher and student once and run the record, which the other switches make "
               "faster; `false`: run the models as their plugins do it. Models that say that they are not capture-safe "
               "are never recorded.",
               engine.record),
       boolean("channels_last", "Keep the channels of a pixel side by side in memory.", engine.channels_last),
       boolean("fold_batch_norm", "Fold the batch norms of a frozen model into the convolutions before them.",
               engine.fold_batch_norm),
       boolean("fuse_batch_norm", "Compute a batch norm, the sum and the ReLU behind it in one pass.",
               engine.fuse_batch_norm),
       boolean("prepack", "Bring the weights of a frozen model's convolutions into oneDNN's layout once (CPU).",
               engine.prepack),
       boolean("fuse_losses", "Let losses that can do so normalise their features themselves.", engine.fuse_losses),
       boolean("cuda_graph", "Run whole steps as one CUDA graph (GPU).", engine.cuda_graph), std::move(logit_cache),
       text("logit_cache_type", "Type of the logits that are kept: the student learns from logits rounded to it.",
            EngineSpec::LogitCache().type, {"bfloat16", "float32"}),
       integer("readers", "Threads that read the images of a data set that streams; 0: one for each core.", 0,
               engine.readers)});
}

}  // namespace retort::config
