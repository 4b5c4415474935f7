"""Measures one way of distilling one CIFAR network from another in PyTorch; `compare` runs it, a process a measurement.

The objective is T^2 KL + CE (Hinton 2015), the optimizer SGD with momentum, fused. Weights are random. Prints JSON.
"""

import argparse
import json
import os
import re
import statistics
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import peers

TEMPERATURE, SOFT_WEIGHT, LABEL_WEIGHT = 4.0, 0.9, 0.1
OPTIMIZER = {"lr": 0.05, "momentum": 0.9, "weight_decay": 5e-4}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer")
    parser.add_argument("recipe", help="one of those in peers.py")
    parser.add_argument("--teacher", default="resnet20")
    parser.add_argument("--student", default="resnet8")
    parser.add_argument("--classes", type=int, default=100, choices=(10, 100))
    parser.add_argument("--data", type=Path, help="folder with CIFAR's binary version; random images without it")
    parser.add_argument("--data-loader", action="store_true")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--steps", type=int, default=50, help="measured steps")
    parser.add_argument("--warmup", type=int, default=10, help="steps before them, behind the first")
    parser.add_argument("--threads", type=int)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    return parser.parse_args()


arguments = parse_arguments()
try:
    recipe = peers.find(arguments.peer, arguments.recipe)
except KeyError as error:
    sys.exit(f"pytorch_peer: no recipe {error}")
# Inductor reads it when it is imported.
os.environ["TORCHINDUCTOR_FREEZING"] = "1" if recipe.freezing else "0"

import cifar_data  # noqa: E402
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from cifar_models import make_model  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.fx.experimental.optimization import fuse  # noqa: E402

device = torch.device(arguments.device)
layout = torch.channels_last if recipe.channels_last else torch.contiguous_format


def objective(student: Tensor, teacher: Tensor, labels: Tensor) -> Tensor:
    """SOFT_WEIGHT T^2 KL(teacher || student) + LABEL_WEIGHT CE of logits (B, K)."""
    student, teacher = student.float(), teacher.float()
    log_q = F.log_softmax(student / TEMPERATURE, 1)
    log_p = F.log_softmax(teacher / TEMPERATURE, 1)
    soft = F.kl_div(log_q, log_p, reduction="batchmean", log_target=True)
    return SOFT_WEIGHT * TEMPERATURE**2 * soft + LABEL_WEIGHT * F.cross_entropy(student, labels)


def autocast():
    return torch.autocast(device.type, torch.bfloat16) if recipe.bfloat16 else nullcontext()


def make_teacher() -> nn.Module:
    teacher = make_model(arguments.teacher, arguments.classes).eval().requires_grad_(False)
    if recipe.folded:
        teacher = fuse(teacher).to(torch.bfloat16 if recipe.bfloat16 else torch.float32)
    return teacher.to(device, memory_format=layout)


class Distillation:
    def __init__(self):
        self.teacher = make_teacher()
        self.student = make_model(arguments.student, arguments.classes).to(device, memory_format=layout).train()
        # A learning rate on the device can change while a CUDA graph is replayed.
        lr = torch.tensor(OPTIMIZER["lr"], device=device) if recipe.captured else OPTIMIZER["lr"]
        self.optimizer = torch.optim.SGD(self.student.parameters(), **{**OPTIMIZER, "lr": lr}, fused=True)
        Batches = cifar_data.LoadedBatches if arguments.data_loader else cifar_data.ResidentBatches
        data = cifar_data.load(arguments.data, arguments.classes)
        self.batches = Batches(*data, arguments.classes, arguments.batch, device, layout)
        self.make_batch = None if arguments.data_loader else self.batches.make
        self.run_teacher, self.run_student, self.run_both = self.teacher_logits, self.student_loss, self.both
        if recipe.mode:
            self.compile()
        self.captured = None

    def compile(self) -> None:
        def compiled(function, mode=recipe.mode):
            return torch.compile(function, mode=mode, dynamic=False)

        self.run_teacher, self.run_student = compiled(self.teacher_logits), compiled(self.student_loss)
        self.run_both = compiled(self.both)
        if self.make_batch:
            self.make_batch = compiled(self.make_batch, "default")

    def teacher_logits(self, images: Tensor) -> Tensor:
        if recipe.folded and recipe.bfloat16:
            return self.teacher(images.bfloat16())
        with autocast():
            return self.teacher(images)

    def student_loss(self, images: Tensor, labels: Tensor, teacher: Tensor) -> Tensor:
        with autocast():
            student = self.student(images)
        return objective(student, teacher, labels)

    def both(self, images: Tensor, labels: Tensor) -> Tensor:
        with torch.no_grad():
            teacher = self.teacher_logits(images)
        return self.student_loss(images, labels, teacher)

    def learn(self, images: Tensor, labels: Tensor) -> Tensor:
        """Forward, backward and update; the loss."""
        if recipe.one_graph:
            loss = self.run_both(images, labels)
        else:
            with torch.no_grad():
                teacher = self.run_teacher(images)
            loss = self.run_student(images, labels, teacher)
        loss.backward()
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=not recipe.captured)
        return loss.detach()

    def step(self) -> Tensor:
        if device.type == "cuda" and recipe.mode and not recipe.captured:
            torch.compiler.cudagraph_mark_step_begin()
        if arguments.data_loader:
            batch = self.batches.next()
            return self.replay(*batch) if self.captured else self.learn(*batch)
        index = self.batches.choose()
        return self.replay(index) if self.captured else self.learn(*self.make_batch(index))

    def capture(self) -> None:
        """The whole step as one CUDA graph, the making of the batch included where the data is resident."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(5):
                self.step()
            inputs = self.batches.next() if arguments.data_loader else (self.batches.choose().clone(),)
        torch.cuda.current_stream().wait_stream(stream)
        self.inputs = tuple(tensor.clone() for tensor in inputs)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, stream=stream):
            batch = self.inputs if arguments.data_loader else self.make_batch(*self.inputs)
            self.loss = self.learn(*batch)
        self.captured = graph

    def replay(self, *inputs: Tensor) -> Tensor:
        for held, given in zip(self.inputs, inputs):
            held.copy_(given, non_blocking=True)
        self.captured.replay()
        return self.loss


class Clock:
    """Marks in time that do not make the host wait for the device."""

    def __init__(self):
        self.marks = []

    def mark(self) -> None:
        if device.type == "cuda":
            event = torch.cuda.Event(enable_timing=True)
            event.record()
            self.marks.append(event)
        else:
            self.marks.append(time.perf_counter())

    def intervals_ms(self) -> list[float]:
        if device.type == "cuda":
            torch.cuda.synchronize()
            return [begin.elapsed_time(end) for begin, end in zip(self.marks, self.marks[1:])]
        return [(end - begin) * 1e3 for begin, end in zip(self.marks, self.marks[1:])]


class PeakMemory:
    """The most that is held while the object lives, as `retort bench` measures it."""

    def __init__(self):
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM, see proc(5)

    def bytes(self) -> dict[str, int | None]:
        resident = re.search(r"(?m)^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text())
        return {
            "peak_memory_bytes": 1024 * int(resident[1]),
            "peak_device_memory_bytes": torch.cuda.max_memory_allocated() if device.type == "cuda" else None,
        }


def summary(values: list[float]) -> dict[str, float]:
    tenths = statistics.quantiles(values, n=10, method="inclusive") if len(values) > 1 else values
    return {"median": statistics.median(values), "mean": statistics.fmean(values), "p10": tenths[0], "p90": tenths[-1]}


def measure(distillation: Distillation) -> dict:
    began = time.perf_counter()
    loss = distillation.step()
    if recipe.captured:
        distillation.capture()
    loss.item()  # waits
    first = time.perf_counter() - began
    for _ in range(arguments.warmup):
        distillation.step()
    memory, clock = PeakMemory(), Clock()
    clock.mark()
    for _ in range(arguments.steps):
        loss = distillation.step()
        clock.mark()
    steps = clock.intervals_ms()
    if not torch.isfinite(loss):
        sys.exit(f"pytorch_peer: the loss is {loss.item()}")
    return {"step_ms": summary(steps), "first_step_s": first, "loss": loss.item(), **memory.bytes()}


def main() -> None:
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    torch.backends.cudnn.benchmark = True
    result = measure(Distillation())
    gpu = torch.cuda.get_device_name() if device.type == "cuda" else None
    print(json.dumps({**result, "threads": torch.get_num_threads(), "torch": torch.__version__, "gpu": gpu}))


if __name__ == "__main__":
    main()
