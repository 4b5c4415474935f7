#!/usr/bin/env python3
"""Exports a PyTorch model as a teacher for Retort's model plugins `aoti` and `torchscript`.

  tools/python/export_teacher.py teacher.pt2 --architecture tools/bench/cifar_models.py \\
      --build 'make_model("wrn_40_2", 100)' --weights teachers/wrn_40_2.safetensors --input-shape 3,32,32 \\
      --tap penultimate=fc:input --format aoti --dtype bfloat16

The architecture is a Python file of yours and an expression in its names that makes the model, a torch.nn.Module that
takes images [N, C, H, W] and returns logits, or a dictionary of taps whose last one is "logits". It is put into eval
mode and frozen. `--tap NAME=MODULE` adds what a submodule returns, `--tap NAME=MODULE:input` what it is given; taps are
listed in the order in which they are computed.

The package takes float32 images, normalised as --mean and --deviation say (without them: as the data set), computes in
--dtype and returns float32. Its batch dimension is free. It carries what Retort asks: taps, input shape, mean and
deviation. Before the file appears under its name it is loaded again and compared with the model. Exit code 2: nothing
was written.

aoti is compiled for the processor (or GPU, --device cuda) of this machine and for this version of PyTorch; its use
executes the code in the file, so take packages only from where you would take a program. torchscript runs anywhere,
more slowly. Needs PyTorch and the safetensors package; aoti a C++ compiler as well.
"""

import argparse
import os
import runpy
import sys
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("TORCHINDUCTOR_FREEZING", "1")  # weights are constants, repacked for the kernels

import torch
from torch import Tensor, nn

FORMAT_VERSION = "1"
EXPORT_BATCH = 8
# Of the largest absolute value. bfloat16 has 8 bits of mantissa, and errors add up over the layers.
TOLERANCE = {torch.float32: 1e-4, torch.bfloat16: 5e-2}


class Refused(Exception):
    """What the user can mend; the message says how."""


class Teacher(nn.Module):
    """float32 images in, float32 taps out, whatever is computed in."""

    def __init__(self, model: nn.Module, wanted: dict[str, str], dtype: torch.dtype):
        super().__init__()
        self.model, self.dtype = model, dtype
        self.caught = {}
        modules = dict(model.named_modules())
        for tap, place in wanted.items():
            path, _, side = place.partition(":")
            if path not in modules:
                known = ", ".join(filter(None, modules))
                raise Refused(f"--tap {tap}: the model has no module '{path}'; it has: {known}")
            modules[path].register_forward_hook(self._catch(tap, side == "input"))
        self.taps = [*wanted]

    def _catch(self, tap: str, given: bool):
        def hook(_module, inputs, output):
            self.caught[tap] = inputs[0] if given else output

        return hook

    def named_taps(self, images: Tensor) -> dict[str, Tensor]:
        self.caught = {}
        found = self.model(images.to(self.dtype))
        found = found if isinstance(found, dict) else {"logits": found}
        found = {**self.caught, **found}
        self.caught = {}
        return {name: tensor.float() for name, tensor in found.items()}

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.named_taps(images).values())


def build(options: argparse.Namespace) -> nn.Module:
    sys.path.insert(0, str(options.architecture.parent.resolve()))
    names = runpy.run_path(str(options.architecture))
    try:
        model = eval(options.build, names)
    except Exception as error:
        raise Refused(f"--build {options.build}: {type(error).__name__}: {error}") from None
    if not isinstance(model, nn.Module):
        raise Refused(f"--build {options.build} made a {type(model).__name__}; expected a torch.nn.Module")
    return model


def load_weights(model: nn.Module, file: Path) -> None:
    from safetensors.torch import load_file

    try:
        missing, unexpected = model.load_state_dict(load_file(file), strict=False)
    except (OSError, RuntimeError) as error:
        raise Refused(f"{file}: {error}") from None
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    if missing or unexpected:
        raise Refused(f"{file} does not fit: missing {missing[:5]}, unexpected {unexpected[:5]}")


def prepare(options: argparse.Namespace) -> tuple[Teacher, nn.Module]:
    """What is exported, and the model in float32 that it must equal."""
    model = build(options)
    if options.weights:
        load_weights(model, options.weights)
    reference = Teacher(model.eval().requires_grad_(False), options.taps, torch.float32)
    own = build(options)
    own.load_state_dict(model.state_dict())
    dtype = getattr(torch, options.dtype)
    own = own.eval().requires_grad_(False).to(dtype=dtype, device=options.device, memory_format=torch.channels_last)
    return Teacher(own, options.taps, dtype), reference


def images_for(options: argparse.Namespace, batch: int) -> Tensor:
    generator = torch.Generator().manual_seed(batch)
    return torch.randn(batch, *options.input_shape, generator=generator)


def metadata(options: argparse.Namespace, taps: list[str]) -> dict[str, str]:
    """What plugins/models/exported.hpp reads."""

    def numbers(values):
        return ",".join(map(repr, values or []))

    return {
        "retort_format": FORMAT_VERSION,
        "retort_taps": ",".join(taps),
        "retort_input_shape": numbers(options.input_shape),
        "retort_mean": numbers(options.mean),
        "retort_deviation": numbers(options.deviation),
        "retort_device": options.device,
        "retort_dtype": options.dtype,
        "retort_torch": torch.__version__,
    }


def linking_what_is_needed(folder: Path) -> Path:
    """A compiler that names no library in vain: libtorch.so, unused, would load all of CUDA with the package."""
    compiler = folder / "g++"
    own = os.environ.get("CXX", "g++")
    linking = 'case " $* " in *" -shared "*) set -- -Wl,--as-needed "$@" ;; esac'
    compiler.write_text(f'#!/bin/sh\n{linking}\nexec {own} "$@"\n')
    compiler.chmod(0o755)
    return compiler


def export_aoti(teacher: Teacher, images: Tensor, described: dict[str, str], file: Path) -> None:
    batch = torch.export.Dim("batch", min=2, max=1 << 16)
    program = torch.export.export(teacher, (images,), dynamic_shapes=({0: batch},), strict=False)
    configs = {
        # PyTorch 2.11 freezes the first convolution of a channels-last model with one input channel wrongly.
        "freezing": images.shape[1] > 1,
        "aot_inductor.metadata": described,
        "cpp.cxx": (str(linking_what_is_needed(file.parent)),),
        "cpp.dynamic_threads": True,  # as many as the process that runs it has
    }
    torch._inductor.aoti_compile_and_package(program, package_path=str(file), inductor_configs=configs)


def export_torchscript(teacher: Teacher, images: Tensor, described: dict[str, str], file: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated in favour of torch.export
        # Optimising for inference is left to the one who loads it: repacked weights are not saved.
        traced = torch.jit.freeze(torch.jit.trace(teacher, images).eval())
        torch.jit.save(traced, str(file), _extra_files={key: value.encode() for key, value in described.items()})


def load_again(options: argparse.Namespace, file: Path):
    if options.format == "aoti":
        return torch._inductor.aoti_load_package(str(file))
    return torch.jit.load(str(file), map_location=options.device)


def check(options: argparse.Namespace, file: Path, reference: Teacher, taps: list[str]) -> dict[str, float]:
    """The largest error of every tap relative to its largest value, over batches of several sizes."""
    loaded = load_again(options, file)
    errors = dict.fromkeys(taps, 0.0)
    for batch in (EXPORT_BATCH, EXPORT_BATCH + 3, 2):
        images = images_for(options, batch)
        found = loaded(images.to(options.device))
        found = [found] if isinstance(found, Tensor) else found
        for (name, expected), tensor in zip(reference.named_taps(images).items(), found, strict=True):
            error = (tensor.cpu() - expected).abs().max() / expected.abs().max().clamp_min(1e-12)
            errors[name] = max(errors[name], error.item())
    worst = max(errors, key=errors.get)
    if not errors[worst] <= TOLERANCE[getattr(torch, options.dtype)]:
        raise Refused(f"the package does not equal the model: '{worst}' is off by {errors[worst]:.2g} of its maximum")
    return errors


def export(options: argparse.Namespace) -> dict[str, float]:
    if options.out.exists() and not options.force:
        raise Refused(f"{options.out} exists; nothing is overwritten without --force")
    torch.set_num_threads(os.cpu_count())  # with one, kernels would be compiled for one
    teacher, reference = prepare(options)
    images = images_for(options, EXPORT_BATCH)
    try:
        taps = [*reference.named_taps(images)]
    except Exception as error:
        raise Refused(f"the model does not take images {list(images.shape)}: {error}") from None
    if taps[-1] != "logits":
        raise Refused(f"the last tap must be 'logits'; the model returns {', '.join(taps)}")
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.out.parent, prefix=".export-") as folder:
        file = Path(folder) / (options.out.stem + (".pt2" if options.format == "aoti" else ".pt"))
        write = export_aoti if options.format == "aoti" else export_torchscript
        try:
            write(teacher, images.to(options.device), metadata(options, taps), file)
        except Exception as error:  # of many types
            raise Refused(f"PyTorch cannot export the model: {type(error).__name__}: {error}") from error
        errors = check(options, file, reference, taps)
        os.replace(file, options.out)
    return errors


def numbers(kind):
    def read(text: str):
        try:
            return [kind(word) for word in text.split(",")]
        except ValueError:
            raise argparse.ArgumentTypeError(f"expected numbers with commas between them, found '{text}'") from None

    return read


def tap(text: str) -> tuple[str, str]:
    name, _, place = text.partition("=")
    if not (name and place) or place.partition(":")[2] not in ("", "input"):
        raise argparse.ArgumentTypeError(f"expected NAME=MODULE or NAME=MODULE:input, found '{text}'")
    return name, place


def parse(words) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="the package to write, .pt2 (aoti) or .pt (torchscript)")
    parser.add_argument("--architecture", type=Path, required=True, metavar="FILE.py")
    parser.add_argument("--build", required=True, metavar="EXPRESSION", help="makes the model: 'Net(classes=10)'")
    parser.add_argument("--weights", type=Path, metavar="FILE", help="safetensors under the model's names")
    parser.add_argument("--input-shape", type=numbers(int), required=True, metavar="C,H,W")
    parser.add_argument("--mean", type=numbers(float), help="of each channel, of images in [0, 1]")
    parser.add_argument("--deviation", type=numbers(float))
    parser.add_argument("--tap", type=tap, action="append", default=[], dest="taps", metavar="NAME=MODULE[:input]")
    parser.add_argument("--format", choices=("aoti", "torchscript"), default="aoti")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")
    options = parser.parse_args(words)
    if len(options.input_shape) != 3:
        parser.error("--input-shape is three numbers: channels, height, width")
    if bool(options.mean) != bool(options.deviation):
        parser.error("--mean and --deviation go together")
    for values in (options.mean, options.deviation):
        if values and len(values) != options.input_shape[0]:
            parser.error("--mean and --deviation have a number for each channel")
    options.taps = dict(options.taps)
    return options


def main(words=None) -> int:
    options = parse(words)
    try:
        with torch.no_grad():
            errors = export(options)
    except Refused as refusal:
        print(f"export_teacher: error: {refusal}", file=sys.stderr)
        return 2
    for name, error in errors.items():
        print(f"{name}: largest error {error:.2g} of the largest value")
    print(f"wrote {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
