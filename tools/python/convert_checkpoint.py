#!/usr/bin/env python3
"""Turns a PyTorch checkpoint (.pth, .pt, .ckpt, .tar) into a safetensors file that Retort loads.

  tools/python/convert_checkpoint.py ckpt_epoch_240.pth teachers/wrn_40_2.safetensors --model wrn_40_2 --classes 100

Nothing in the checkpoint is executed: a file that asks for more than tensors, numbers, text and containers is refused.
The state dict is found where training scripts put it (the file itself, "model", "state_dict", ...), a prefix that all
of its names share ("module.", "backbone.", ...) is taken off, and with --model the program itself says whether the
result fits that model. A report tells all of it. Exit code 2: nothing was written.

Needs PyTorch and the safetensors package.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file

ROOT = Path(__file__).resolve().parents[2]

# What wrappers and training scripts put before every name.
KNOWN_PREFIXES = ("module.", "_orig_mod.", "model.", "state_dict.", "backbone.", "net.", "student.", "teacher.")
COUNTER = "num_batches_tracked"
# The types of safetensors that Retort reads.
TYPES = (
    *(torch.float64, torch.float32, torch.float16, torch.bfloat16),
    *(torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool),
)
# What training scripts save beside the weights, options and scores: read as nothing, by no code of theirs.
IGNORED = (
    "argparse.Namespace",
    "numpy.dtype",
    "numpy.ndarray",
    *(f"numpy.{core}.multiarray.{name}" for core in ("core", "_core") for name in ("scalar", "_reconstruct")),
)


class Ignored:
    """Stands for an object that is not looked at."""

    def __new__(cls, *_):
        return super().__new__(cls)

    def __init__(self, *_):
        pass

    def __setstate__(self, _):
        pass


class Refused(Exception):
    """What the user can mend; the message says how."""


def read(path):
    """The checkpoint's content: containers of tensors, numbers and text."""
    try:
        with warnings.catch_warnings(), torch.serialization.safe_globals([(Ignored, name) for name in IGNORED]):
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from None
    except Exception as error:  # torch.load answers a malformed file with errors of many types
        raise Refused(f"{path}: {why_unreadable(str(error))}") from None


def why_unreadable(said):
    """PyTorch's own words advise to load without protection, and are not passed on."""
    if wanted := re.search(r"GLOBAL (\S+)", said):
        return (
            f"it needs {wanted[1]}, which is code; only tensors, numbers, text and containers are read. "
            "Who trusts its source may save the state dict alone from there"
        )
    if "TorchScript" in said:
        return "it is a TorchScript archive, which is a program; save the state dict of the model instead"
    return "it is no checkpoint of PyTorch's, or it is damaged"


def is_state_dict(value):
    return (
        isinstance(value, Mapping)
        and len(value) > 0
        and all(isinstance(key, str) and isinstance(item, torch.Tensor) for key, item in value.items())
    )


def state_dicts(content, path=()):
    """Every mapping of names to tensors, by the keys that lead to it: none for the file itself."""
    if is_state_dict(content):
        return {path: content}
    found = {}
    for key, value in content.items() if isinstance(content, Mapping) else ():
        # An optimizer's tensors hang below the numbers of its parameters, not below names.
        if isinstance(key, str):
            found |= state_dicts(value, (*path, key))
    return found


def choose(content, wanted):
    """The path of the state dict, and the state dict."""
    found = state_dicts(content)
    listed = ", ".join(f"'{'.'.join(path)}' ({len(state)} tensors)" for path, state in found.items()) or "none"
    if wanted is not None:
        for path, state in found.items():
            if ".".join(path) == wanted:
                return path, state
        raise Refused(f"there is no state dict at '{wanted}'; found: {listed}")
    if not found:
        kind = ", ".join(map(repr, content)) if isinstance(content, Mapping) else type(content).__name__
        raise Refused(f"it holds no state dict, a mapping from names to tensors alone; found: {kind}")
    if len(found) > 1:
        raise Refused(f"it holds several state dicts: {listed}; choose one with --key")
    return next(iter(found.items()))


def left_behind(content, path):
    """The names of what lies beside the state dict."""
    for key in path[:-1]:
        content = content[key]
    return [str(key) for key in content if key != path[-1]] if path else []


class Names:
    """The tensors under their changing names, and what was done to the names."""

    def __init__(self, tensors):
        self.tensors = dict(tensors)
        self.stripped, self.renamed, self.dropped = {}, {}, {}

    def keep_only(self, prefix):
        kept = {name: tensor for name, tensor in self.tensors.items() if name.startswith(prefix)}
        if not kept:
            raise Refused(f"no name begins with '{prefix}'; the first is '{next(iter(self.tensors))}'")
        if len(kept) < len(self.tensors):
            self.dropped[f"not below '{prefix}'"] = len(self.tensors) - len(kept)
        self.tensors = kept
        self.strip(prefix)

    def strip(self, prefix):
        changed = self._change({name: name[len(prefix) :] for name in self.tensors if name.startswith(prefix)})
        if not changed:
            raise Refused(f"no name begins with '{prefix}'; the first is '{next(iter(self.tensors))}'")
        self.stripped[prefix] = self.stripped.get(prefix, 0) + changed

    def strip_what_all_share(self):
        while shared := next((p for p in KNOWN_PREFIXES if all(name.startswith(p) for name in self.tensors)), None):
            self.strip(shared)

    def rename(self, old, new):
        changed = self._change({name: new + name[len(old) :] for name in self.tensors if name.startswith(old)})
        if not changed:
            raise Refused(f"--rename: no name begins with '{old}'")
        self.renamed[f"{old}={new}"] = changed

    def drop_counters(self):
        kept = {name: tensor for name, tensor in self.tensors.items() if name.rpartition(".")[2] != COUNTER}
        if len(kept) < len(self.tensors):
            self.dropped[COUNTER] = len(self.tensors) - len(kept)
        self.tensors = kept

    def _change(self, changes):
        names = [changes.get(name, name) for name in self.tensors]
        (most, count), *_ = Counter(names).most_common(1)
        if count > 1:
            raise Refused(f"{count} tensors would be named '{most}'")
        if "" in names:
            raise Refused("a tensor would be left without a name")
        self.tensors = dict(zip(names, self.tensors.values()))
        return len(changes)


def check_types(tensors):
    for name, tensor in tensors.items():
        if tensor.dtype not in TYPES or tensor.layout != torch.strided or tensor.is_quantized:
            raise Refused(f"'{name}' is of type {tensor.dtype}, {tensor.layout}: Retort reads no such tensors")


def summary(tensors):
    """Tensors and values by type."""
    counts = {}
    for tensor in tensors.values():
        entry = counts.setdefault(str(tensor.dtype).removeprefix("torch."), {"tensors": 0, "values": 0})
        entry["tensors"] += 1
        entry["values"] += tensor.numel()
    return counts


def not_finite(tensors):
    return [name for name, t in tensors.items() if t.is_floating_point() and not torch.isfinite(t).all()]


def find_retort():
    for candidate in (os.environ.get("RETORT_BIN"), ROOT / "build/release/bin/retort", shutil.which("retort")):
        if candidate and Path(candidate).is_file():
            return str(candidate)
    raise Refused("--model needs the program: build it, or name it in RETORT_BIN")


def check_fit(file, model, parameters):
    """Has the program load the file, as it will for an experiment."""
    words = [word for parameter in parameters for word in ("-p", parameter)]
    command = [find_retort(), "model", model, *words, "--weights", str(file), "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        said = done.stderr.strip().removeprefix("command line: ").removeprefix("error: ")
        raise Refused(said.replace(f"{file} does not fit", "the checkpoint does not fit"))


def write(tensors, options, source):
    """Complete under its name, or not at all."""
    options.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.out.parent, prefix=".convert-") as folder:
        file = Path(folder) / options.out.name
        digest = hashlib.sha256(source.read_bytes()).hexdigest()
        # A clone each: state dicts may hold views of one storage, which safetensors refuses.
        own = {name: tensor.detach().contiguous().clone() for name, tensor in tensors.items()}
        save_file(own, file, metadata={"format": "pt", "source": source.name, "source_sha256": digest})
        if options.model:
            check_fit(file, options.model, options.parameters)
        os.replace(file, options.out)


def convert(options):
    if options.out.exists() and not options.force:
        raise Refused(f"{options.out} exists; nothing is overwritten without --force")
    content = read(options.checkpoint)
    path, state = choose(content, options.key)
    names = Names(state)
    for prefix in options.only:
        names.keep_only(prefix)
    for prefix in options.strip:
        names.strip(prefix)
    names.strip_what_all_share()
    for old, new in options.rename:
        names.rename(old, new)
    if options.drop_counters:
        names.drop_counters()
    check_types(names.tensors)
    write(names.tensors, options, options.checkpoint)
    return {
        "checkpoint": str(options.checkpoint),
        "state_dict": ".".join(path),
        "left_behind": left_behind(content, path),
        "stripped": names.stripped,
        "renamed": names.renamed,
        "dropped": names.dropped,
        "types": summary(names.tensors),
        "not_finite": not_finite(names.tensors),
        "fits": options.model,
        "out": str(options.out),
        "shapes": {name: list(tensor.shape) for name, tensor in names.tensors.items()},
    }


def text(report, shapes):
    where = f"at '{report['state_dict']}'" if report["state_dict"] else "the file itself"
    if report["left_behind"]:
        where += f"; left behind: {', '.join(report['left_behind'])}"
    lines = [f"{report['checkpoint']}", f"  state dict: {where}"]
    lines += [f"  stripped '{prefix}' from {count} names" for prefix, count in report["stripped"].items()]
    lines += ["  renamed '{}' to '{}' in {} names".format(*k.split("=", 1), n) for k, n in report["renamed"].items()]
    lines += [f"  dropped {count} tensors: {what}" for what, count in report["dropped"].items()]
    lines += [f"  {kind}: {n['tensors']} tensors, {n['values']:,} values" for kind, n in report["types"].items()]
    lines += [f"    {name} {shape}" for name, shape in report["shapes"].items()] if shapes else []
    lines += [f"  fits {report['fits']}"] if report["fits"] else []
    return "\n".join([*lines, f"  wrote {report['out']}"])


def renaming(word):
    old, equals, new = word.partition("=")
    if not (old and equals):
        raise argparse.ArgumentTypeError(f"expected OLD=NEW, found '{word}'")
    return old, new


def parse(words):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path, help="the safetensors file to write")
    parser.add_argument("--key", metavar="PLACE", help="where the state dict is, when there are several: model.ema")
    lists = {"action": "append", "default": []}
    parser.add_argument("--only", **lists, metavar="PREFIX", help="keep the names that begin so, without it")
    parser.add_argument("--strip", **lists, metavar="PREFIX", help="take it off the names that begin so")
    parser.add_argument("--rename", **lists, type=renaming, metavar="OLD=NEW", help="change beginnings of names")
    parser.add_argument("--drop-counters", action="store_true", help=f"leave out {COUNTER}")
    parser.add_argument("--model", metavar="NAME", help="refuse what does not fit this model of Retort's")
    parser.add_argument("--classes", type=int, metavar="K", help="classes of that model")
    parser.add_argument("-p", **lists, dest="parameters", metavar="KEY=VALUE", help="other parameters of that model")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")
    parser.add_argument("--shapes", action="store_true", help="list every tensor with its shape")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    options = parser.parse_args(words)
    if options.classes is not None:
        options.parameters = [*options.parameters, f"classes={options.classes}"]
    if options.parameters and not options.model:
        parser.error("--classes and -p describe the model of --model")
    return options


def main(words=None):
    options = parse(words)
    try:
        report = convert(options)
    except Refused as refusal:
        print(f"convert_checkpoint: error: {refusal}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"convert_checkpoint: error: {error}", file=sys.stderr)
        return 2
    print(json.dumps(report) if options.json else text(report, options.shapes))
    for name in report["not_finite"]:
        print(f"convert_checkpoint: warning: '{name}' holds values that are not finite", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
