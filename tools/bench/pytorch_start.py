"""Trains one step on CIFAR-10 and says "step": pytorch_start.py MODEL DEVICE [RETORT_DATA]. `start_up` measures it."""

import sys
from pathlib import Path

import cifar_data
import torch
import torch.nn.functional as F
from cifar_models import make_model


def main(name: str, device_name: str, folder: str | None = None) -> None:
    device = torch.device(device_name)
    data = cifar_data.load(Path(folder) if folder else None, 10)
    batches = cifar_data.ResidentBatches(*data, 10, 128, device, torch.contiguous_format)
    model = make_model(name, 10).to(device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, fused=True)
    images, labels = batches.make(batches.choose())
    loss = F.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    assert torch.isfinite(loss)  # waits for the device
    print("step", flush=True)


main(*sys.argv[1:])
