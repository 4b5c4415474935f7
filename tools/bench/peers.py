"""The ways to write the distillation loop in PyTorch that `compare` measures Retort against."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """One way. Without `mode` it is eager; what is compiled contains the loss."""

    name: str
    bfloat16: bool = False  # autocast; the loss stays in float32
    channels_last: bool = False
    folded: bool = False  # the teacher: batch norms folded into the convolutions, weights of the compute type
    freezing: bool = False  # TORCHINDUCTOR_FREEZING=1: the teacher's weights are constants, repacked for the kernels
    mode: str | None = None  # of torch.compile
    one_graph: bool = False  # teacher, student and loss compiled as one
    captured: bool = False  # the whole step, optimizer included, as one CUDA graph


NHWC = {"channels_last": True}
AUTOCAST = {"bfloat16": True, **NHWC}
FROZEN = {**AUTOCAST, "folded": True, "freezing": True}
DEFAULT, OVERHEAD, AUTOTUNE = "default", "reduce-overhead", "max-autotune"

# Each peer is the fastest of its recipes; the first is taken where none are tried.
PEERS = {
    "eager_float32": [Recipe("contiguous")],
    "eager_float32_channels_last": [Recipe("channels_last", **NHWC)],
    "eager_bfloat16": [
        Recipe("autocast", **AUTOCAST),
        Recipe("autocast, folded teacher", **AUTOCAST, folded=True),
    ],
    "compile_float32": [
        Recipe("channels_last", **NHWC, mode=DEFAULT),
        Recipe("contiguous", mode=DEFAULT),
        Recipe("frozen folded teacher", **NHWC, mode=DEFAULT, folded=True, freezing=True),
    ],
    "compile_bfloat16": [
        Recipe("autocast", **AUTOCAST, mode=DEFAULT),
        Recipe("autocast, contiguous", bfloat16=True, mode=DEFAULT),
    ],
    "compile_best": [
        Recipe("frozen folded teacher", **FROZEN, mode=DEFAULT),
        Recipe("folded teacher in one graph with the student", **AUTOCAST, folded=True, mode=DEFAULT, one_graph=True),
        Recipe("frozen folded teacher, max-autotune", **FROZEN, mode=AUTOTUNE),
    ],
}

CUDA_PEERS = {
    "compile_reduce_overhead": [Recipe("autocast", **AUTOCAST, mode=OVERHEAD)],
    "compile_max_autotune": [Recipe("autocast", **AUTOCAST, mode=AUTOTUNE)],
    "cuda_graph": [
        Recipe("autocast, folded teacher", **AUTOCAST, folded=True, captured=True),
        Recipe("compiled, folded teacher", **AUTOCAST, folded=True, mode=DEFAULT, captured=True),
    ],
    "compile_best": [
        Recipe("frozen folded teacher, reduce-overhead", **FROZEN, mode=OVERHEAD),
        Recipe("one graph, reduce-overhead", **AUTOCAST, folded=True, mode=OVERHEAD, one_graph=True),
        Recipe("compiled in one CUDA graph", **AUTOCAST, folded=True, mode=DEFAULT, one_graph=True, captured=True),
    ],
}


def peers_on(device: str) -> dict[str, list[Recipe]]:
    """The peers on "cpu" or "cuda", compile_best last: it is compared with most care."""
    peers = dict(PEERS)
    if device == "cuda":
        best = peers.pop("compile_best")
        peers |= CUDA_PEERS
        peers["compile_best"] = [*CUDA_PEERS["compile_best"], *best]
    return peers


def find(peer: str, name: str) -> Recipe:
    """The recipe of that name; KeyError when the peer has none."""
    every = [*PEERS.get(peer, []), *CUDA_PEERS.get(peer, [])]
    for recipe in every:
        if recipe.name == name:
            return recipe
    raise KeyError(f"{peer}: {name}")
