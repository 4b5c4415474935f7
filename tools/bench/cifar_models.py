"""CIFAR networks in plain PyTorch; layer names and shapes are those of RepDistiller's models/resnet.py and wrn.py."""

import re

import torch.nn.functional as F
from torch import Tensor, nn


def conv3x3(channels_in: int, channels_out: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, stride, padding=1, bias=False)


class BasicBlock(nn.Module):
    def __init__(self, channels_in: int, channels_out: int, stride: int):
        super().__init__()
        self.conv1 = conv3x3(channels_in, channels_out, stride)
        self.bn1 = nn.BatchNorm2d(channels_out)
        self.conv2 = conv3x3(channels_out, channels_out)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.downsample = None
        if stride != 1 or channels_in != channels_out:
            self.downsample = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        y = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(y)) + shortcut)


class ResNet(nn.Module):
    """resnet8 to resnet110 (stem 16, stages 16, 32, 64) and the x4 variants (stem 32, stages 64, 128, 256)."""

    def __init__(self, depth: int, widen: int, classes: int):
        super().__init__()
        blocks = (depth - 2) // 6
        stem = 32 if widen == 4 else 16
        self.conv1 = conv3x3(3, stem)
        self.bn1 = nn.BatchNorm2d(stem)
        self.layer1 = self._stage(stem, 16 * widen, blocks, 1)
        self.layer2 = self._stage(16 * widen, 32 * widen, blocks, 2)
        self.layer3 = self._stage(32 * widen, 64 * widen, blocks, 2)
        self.fc = nn.Linear(64 * widen, classes)

    @staticmethod
    def _stage(channels_in: int, channels_out: int, blocks: int, stride: int) -> nn.Sequential:
        first = BasicBlock(channels_in, channels_out, stride)
        return nn.Sequential(first, *(BasicBlock(channels_out, channels_out, 1) for _ in range(blocks - 1)))

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(F.avg_pool2d(x, 8).flatten(1))


class WideBlock(nn.Module):
    """Pre-activation: a shortcut convolution takes the activated input, an identity shortcut the raw one."""

    def __init__(self, channels_in: int, channels_out: int, stride: int):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(channels_in)
        self.conv1 = conv3x3(channels_in, channels_out, stride)
        self.bn2 = nn.BatchNorm2d(channels_out)
        self.conv2 = conv3x3(channels_out, channels_out)
        self.convShortcut = None
        if channels_in != channels_out:
            self.convShortcut = nn.Conv2d(channels_in, channels_out, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        activated = F.relu(self.bn1(x))
        shortcut = x if self.convShortcut is None else self.convShortcut(activated)
        return self.conv2(F.relu(self.bn2(self.conv1(activated)))) + shortcut


class WideStage(nn.Module):
    def __init__(self, channels_in: int, channels_out: int, blocks: int, stride: int):
        super().__init__()
        first = WideBlock(channels_in, channels_out, stride)
        self.layer = nn.Sequential(first, *(WideBlock(channels_out, channels_out, 1) for _ in range(blocks - 1)))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(x)


class WideResNet(nn.Module):
    def __init__(self, depth: int, widen: int, classes: int):
        super().__init__()
        blocks = (depth - 4) // 6
        self.conv1 = conv3x3(3, 16)
        self.block1 = WideStage(16, 16 * widen, blocks, 1)
        self.block2 = WideStage(16 * widen, 32 * widen, blocks, 2)
        self.block3 = WideStage(32 * widen, 64 * widen, blocks, 2)
        self.bn1 = nn.BatchNorm2d(64 * widen)
        self.fc = nn.Linear(64 * widen, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.block3(self.block2(self.block1(self.conv1(x))))
        return self.fc(F.avg_pool2d(F.relu(self.bn1(x)), 8).flatten(1))


def make_model(name: str, classes: int) -> nn.Module:
    """The network that RepDistiller calls `name`."""
    if match := re.fullmatch(r"resnet(8|14|20|32|44|56|110)|resnet(8|32)x4", name):
        return ResNet(int(match[1] or match[2]), 4 if match[2] else 1, classes)
    if match := re.fullmatch(r"wrn_(16|40)_([12])", name):
        return WideResNet(int(match[1]), int(match[2]), classes)
    known = "resnet8, 14, 20, 32, 44, 56, 110, resnet8x4, resnet32x4, wrn_16_1, 16_2, 40_1, 40_2"
    raise ValueError(f"no model '{name}' here; known: {known}")
