"""The safetensors package for Python, against which the C++ reader and writer are tested.

    safetensors_oracle.py WRITTEN CHECKED    writes the test content, and exits with 1 unless CHECKED holds it too
"""

import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

TYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
METADATA = {"format": "pt"}


def content():
    tensors = {name: torch.arange(6).reshape(2, 3).to(dtype) for name, dtype in TYPES.items()}
    tensors["scalar"] = torch.tensor(1.5)
    tensors["empty"] = torch.empty(0, 4)
    tensors['é "x"\n'] = torch.tensor([-1.0, float("inf")])
    return tensors


def check(path):
    found, expected = load_file(path), content()
    assert found.keys() == expected.keys(), found.keys()
    for name, tensor in expected.items():
        assert found[name].dtype == tensor.dtype, name
        assert torch.equal(found[name], tensor), name
    with safe_open(path, "pt") as file:
        assert file.metadata() == METADATA, file.metadata()


if __name__ == "__main__":
    written, checked = sys.argv[1:]
    save_file(content(), written, metadata=METADATA)
    check(checked)
