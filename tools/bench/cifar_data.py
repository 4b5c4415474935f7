"""CIFAR batches for the PyTorch side: resident on the device, or read by a DataLoader."""

import sys
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

PADDING = 4
WORKERS = 2
IMAGE_BYTES = 3 * 32 * 32
# Classes: folder, its training files, bytes of labels before an image (the last one counts), mean, deviation.
LAYOUTS = {
    10: ("cifar-10-batches-bin", "data_batch_*.bin", 1, (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    100: ("cifar-100-binary", "train.bin", 2, (0.5071, 0.4866, 0.4409), (0.2673, 0.2564, 0.2762)),
}


def load(folder: Path | None, classes: int, size: int = 50000) -> tuple[Tensor, Tensor]:
    """uint8 images (N, 3, 32, 32) and int64 labels (N) of CIFAR's binary version; random ones without a folder."""
    if folder is None:
        generator = torch.Generator().manual_seed(0)
        images = torch.randint(0, 256, (size, 3, 32, 32), dtype=torch.uint8, generator=generator)
        return images, torch.randint(0, classes, (size,), generator=generator)
    name, pattern, label_bytes, *_ = LAYOUTS[classes]
    files = sorted((folder / name).glob(pattern))
    if not files:
        sys.exit(f"no {pattern} in {folder / name}")
    records = torch.cat([torch.frombuffer(bytearray(file.read_bytes()), dtype=torch.uint8) for file in files])
    records = records.view(-1, label_bytes + IMAGE_BYTES)
    images = records[:, label_bytes:].reshape(-1, 3, 32, 32).contiguous()
    return images, records[:, label_bytes - 1].long()


class ResidentBatches:
    """Endless shuffled batches, each image cropped at random from its zero-padded self and flipped half the time.

    Choosing the images and making the batch are apart, so that the second can be compiled or captured.
    """

    def __init__(self, images: Tensor, labels: Tensor, classes: int, batch: int, device: torch.device, layout):
        *_, mean, deviation = LAYOUTS[classes]
        self.padded = F.pad(images, [PADDING] * 4).to(device)
        self.labels = labels.to(device)
        self.batch = batch
        self.layout = layout
        self.mean = torch.tensor(mean, device=device).mul(255).view(1, 3, 1, 1)
        self.scale = torch.tensor(deviation, device=device).mul(255).reciprocal().view(1, 3, 1, 1)
        self.pixel = torch.arange(32, device=device)
        self.channel = torch.arange(3, device=device).view(1, 3, 1, 1)
        self.order = torch.empty(0, dtype=torch.long, device=device)

    def choose(self) -> Tensor:
        """Indices (B) of the next batch."""
        if len(self.order) < self.batch:
            self.order = torch.randperm(len(self.labels), device=self.labels.device)
        index, self.order = self.order[: self.batch], self.order[self.batch :]
        return index

    def make(self, index: Tensor) -> tuple[Tensor, Tensor]:
        """float32 images (B, 3, 32, 32) in the layout asked for, int64 labels (B)."""
        shape, device = (len(index), 1), index.device
        top = torch.randint(0, 2 * PADDING + 1, shape, device=device)
        left = torch.randint(0, 2 * PADDING + 1, shape, device=device)
        flipped = torch.rand(shape, device=device) < 0.5
        rows = top + self.pixel
        columns = left + torch.where(flipped, 31 - self.pixel, self.pixel)
        images = self.padded[index.view(-1, 1, 1, 1), self.channel, rows[:, None, :, None], columns[:, None, None, :]]
        images = (images.float() - self.mean) * self.scale
        return images.contiguous(memory_format=self.layout), self.labels[index]


class Files(torch.utils.data.Dataset):
    """What torchvision.datasets.CIFAR10 does with an image, for arrays that are already read."""

    def __init__(self, images: Tensor, labels: Tensor, transform: Callable):
        self.images = images.permute(0, 2, 3, 1).contiguous().numpy()
        self.labels = labels.tolist()
        self.transform = transform

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        from PIL import Image

        return self.transform(Image.fromarray(self.images[i])), self.labels[i]


class LoadedBatches:
    """Endless shuffled batches of a DataLoader with torchvision's transforms and worker processes."""

    def __init__(self, images: Tensor, labels: Tensor, classes: int, batch: int, device: torch.device, layout):
        from torchvision import transforms

        *_, mean, deviation = LAYOUTS[classes]
        transform = transforms.Compose(
            [
                transforms.RandomCrop(32, padding=PADDING),
                transforms.RandomHorizontalFlip(),
                transforms.ToTensor(),
                transforms.Normalize(mean, deviation),
            ]
        )
        self.loader = torch.utils.data.DataLoader(
            Files(images, labels, transform),
            batch_size=batch,
            shuffle=True,
            drop_last=True,
            num_workers=WORKERS,
            persistent_workers=True,
            pin_memory=device.type == "cuda",
        )
        self.device, self.layout = device, layout
        self.batches = iter(self.loader)

    def next(self) -> tuple[Tensor, Tensor]:
        try:
            images, labels = next(self.batches)
        except StopIteration:
            self.batches = iter(self.loader)
            images, labels = next(self.batches)
        images = images.to(self.device, non_blocking=True, memory_format=self.layout)
        return images, labels.to(self.device, non_blocking=True)
