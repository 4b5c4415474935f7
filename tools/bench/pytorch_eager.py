"""Distils one CIFAR-10 network from another in plain eager PyTorch and measures the steps.

The loop is what one would write by hand with care: the training set stays on the device as uint8, a batch is one gather
that crops and flips, the teacher runs in eval mode under no_grad, the objective is T^2 KL + CE (Hinton 2015). Without
RETORT_DATA the images are random; the weights always are. This measures speed alone. Prints JSON, times in ms.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from cifar_models import make_model
from torch import Tensor

CLASSES = 10
PADDING = 4
TEMPERATURE = 4.0
SOFT_WEIGHT = 0.9
LABEL_WEIGHT = 0.1
MEAN = (0.4914, 0.4822, 0.4465)
DEVIATION = (0.2470, 0.2435, 0.2616)
PARTS = ("data", "teacher", "student", "loss", "backward", "optimizer")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--teacher", default="resnet20")
    parser.add_argument("--student", default="resnet8")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=50, help="measured steps")
    parser.add_argument("--warmup", type=int, default=10, help="steps before them")
    parser.add_argument("--threads", type=int, help="default: what PyTorch chooses")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--precision", choices=("float32", "bfloat16", "float16"), default="float32", help="autocast")
    parser.add_argument("--channels-last", action="store_true")
    return parser.parse_args()


def load_training_set() -> tuple[Tensor, Tensor, str]:
    """uint8 images (N, 3, 32, 32), int64 labels (N) and where they are from: RETORT_DATA, or random without it."""
    if "RETORT_DATA" not in os.environ:
        generator = torch.Generator().manual_seed(0)
        images = torch.randint(0, 256, (50000, 3, 32, 32), dtype=torch.uint8, generator=generator)
        return images, torch.randint(0, CLASSES, (50000,), generator=generator), "random"
    folder = Path(os.environ["RETORT_DATA"]) / "cifar-10-batches-bin"
    files = sorted(folder.glob("data_batch_*.bin"))
    if not files:
        sys.exit(f"pytorch_eager: no data_batch_*.bin in {folder}; unset RETORT_DATA to use random images")
    records = torch.cat([torch.frombuffer(bytearray(file.read_bytes()), dtype=torch.uint8) for file in files])
    records = records.view(-1, 1 + 3 * 32 * 32)
    return records[:, 1:].reshape(-1, 3, 32, 32).contiguous(), records[:, 0].long(), "cifar10"


class ResidentBatches:
    """Endless shuffled batches, each image cropped at random from its zero-padded self and flipped half the time."""

    def __init__(self, images: Tensor, labels: Tensor, batch: int, device: torch.device):
        self.padded = F.pad(images, [PADDING] * 4).to(device)
        self.labels = labels.to(device)
        self.batch = batch
        self.mean = torch.tensor(MEAN, device=device).mul(255).view(1, 3, 1, 1)
        self.deviation = torch.tensor(DEVIATION, device=device).mul(255).view(1, 3, 1, 1)
        self.pixel = torch.arange(32, device=device)
        self.channel = torch.arange(3, device=device).view(1, 3, 1, 1)
        self.order = torch.empty(0, dtype=torch.long, device=device)

    def next(self) -> tuple[Tensor, Tensor]:
        """float32 images (B, 3, 32, 32), int64 labels (B)."""
        if len(self.order) < self.batch:
            self.order = torch.randperm(len(self.labels), device=self.labels.device)
        index, self.order = self.order[: self.batch], self.order[self.batch :]
        images = self.crop_and_flip(index)
        return images.float().sub_(self.mean).div_(self.deviation), self.labels[index]

    def crop_and_flip(self, index: Tensor) -> Tensor:
        shape, device = (len(index), 1), index.device
        top = torch.randint(0, 2 * PADDING + 1, shape, device=device)
        left = torch.randint(0, 2 * PADDING + 1, shape, device=device)
        flipped = torch.rand(shape, device=device) < 0.5
        rows = top + self.pixel
        columns = left + torch.where(flipped, 31 - self.pixel, self.pixel)
        return self.padded[index.view(-1, 1, 1, 1), self.channel, rows[:, None, :, None], columns[:, None, None, :]]


class Clock:
    """Marks in time that do not make the host wait for the device."""

    def __init__(self, device: torch.device):
        self.cuda = device.type == "cuda"
        self.marks = []

    def mark(self) -> None:
        if self.cuda:
            event = torch.cuda.Event(enable_timing=True)
            event.record()
            self.marks.append(event)
        else:
            self.marks.append(time.perf_counter())

    def intervals_ms(self) -> list[float]:
        if self.cuda:
            torch.cuda.synchronize()
            return [begin.elapsed_time(end) for begin, end in zip(self.marks, self.marks[1:])]
        return [(end - begin) * 1e3 for begin, end in zip(self.marks, self.marks[1:])]


def objective(student: Tensor, teacher: Tensor, labels: Tensor) -> Tensor:
    """SOFT_WEIGHT T^2 KL(teacher || student) + LABEL_WEIGHT CE of logits (B, K)."""
    log_q = F.log_softmax(student / TEMPERATURE, 1)
    log_p = F.log_softmax(teacher / TEMPERATURE, 1)
    soft = F.kl_div(log_q, log_p, reduction="batchmean", log_target=True)
    return SOFT_WEIGHT * TEMPERATURE**2 * soft + LABEL_WEIGHT * F.cross_entropy(student, labels)


class Distillation:
    def __init__(self, arguments: argparse.Namespace, batches: ResidentBatches, device: torch.device):
        layout = torch.channels_last if arguments.channels_last else torch.contiguous_format
        self.batches = batches
        self.layout = layout
        self.teacher = make_model(arguments.teacher, CLASSES).to(device, memory_format=layout).eval()
        self.student = make_model(arguments.student, CLASSES).to(device, memory_format=layout).train()
        self.optimizer = torch.optim.SGD(self.student.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4)
        self.autocast = torch.autocast(
            device.type, getattr(torch, arguments.precision), enabled=arguments.precision != "float32"
        )

    def step(self, clock: Clock) -> Tensor:
        """One training step; marks the end of each of PARTS."""
        images, labels = self.batches.next()
        images = images.contiguous(memory_format=self.layout)
        clock.mark()
        with torch.no_grad(), self.autocast:
            teacher = self.teacher(images)
        clock.mark()
        with self.autocast:
            student = self.student(images)
        clock.mark()
        loss = objective(student.float(), teacher.float(), labels)
        clock.mark()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        clock.mark()
        self.optimizer.step()
        clock.mark()
        return loss.detach()


def summary(values: list[float]) -> dict[str, float]:
    tenths = statistics.quantiles(values, n=10, method="inclusive")
    return {"median": statistics.median(values), "mean": statistics.fmean(values), "p10": tenths[0], "p90": tenths[-1]}


def measure(distillation: Distillation, device: torch.device, warmup: int, steps: int) -> dict:
    for _ in range(warmup):
        distillation.step(Clock(device))
    clock = Clock(device)
    clock.mark()
    for _ in range(steps):
        loss = distillation.step(clock)
    intervals = clock.intervals_ms()
    if not torch.isfinite(loss):
        sys.exit(f"pytorch_eager: the loss is {loss.item()}")
    parts = {part: intervals[i :: len(PARTS)] for i, part in enumerate(PARTS)}
    step_ms = [sum(step) for step in zip(*parts.values())]
    return {
        "images_per_second": distillation.batches.batch * steps / sum(step_ms) * 1e3,
        "step_ms": summary(step_ms),
        "parts_ms": {part: statistics.median(values) for part, values in parts.items()},
        "parts_mean_ms": {part: statistics.fmean(values) for part, values in parts.items()},
    }


def main() -> None:
    arguments = parse_arguments()
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    torch.backends.cudnn.benchmark = True
    device = torch.device(arguments.device)
    images, labels, source = load_training_set()
    batches = ResidentBatches(images, labels, arguments.batch, device)
    distillation = Distillation(arguments, batches, device)
    result = {
        **vars(arguments),
        "threads": torch.get_num_threads(),
        "data": source,
        "torch": torch.__version__,
        **measure(distillation, device, arguments.warmup, arguments.steps),
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
