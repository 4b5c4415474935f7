"""CIFAR networks in plain PyTorch; layer names and shapes are those of RepDistiller's models/."""

import re

import torch
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


class Vgg(nn.Module):
    """vgg8 to vgg19 with batch norm; block4 is not pooled before, the last pooling is global."""

    WIDTHS = (64, 128, 256, 512, 512)
    CONVOLUTIONS = {
        8: (1, 1, 1, 1, 1),
        11: (1, 1, 2, 2, 2),
        13: (2, 2, 2, 2, 2),
        16: (2, 2, 3, 3, 3),
        19: (2, 2, 4, 4, 4),
    }

    def __init__(self, depth: int, classes: int):
        super().__init__()
        channels = 3
        for i, (width, count) in enumerate(zip(self.WIDTHS, self.CONVOLUTIONS[depth])):
            layers = []
            for j in range(count):
                layers += [nn.ReLU(inplace=True)] * (j > 0)
                layers += [nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width)]
                channels = width
            self.add_module(f"block{i}", nn.Sequential(*layers))
        self.classifier = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.block0(x))
        x = F.relu(self.block1(F.max_pool2d(x, 2)))
        x = F.relu(self.block2(F.max_pool2d(x, 2)))
        x = F.relu(self.block3(F.max_pool2d(x, 2)))
        x = F.relu(self.block4(x))
        return self.classifier(F.adaptive_avg_pool2d(x, 1).flatten(1))


class Bottleneck(nn.Module):
    def __init__(self, channels_in: int, width: int, stride: int):
        super().__init__()
        channels_out = 4 * width
        self.conv1, self.bn1 = nn.Conv2d(channels_in, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = conv3x3(width, width, stride), nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, channels_out, 1, bias=False), nn.BatchNorm2d(channels_out)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels_in != channels_out:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, stride, bias=False), nn.BatchNorm2d(channels_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))
        return F.relu(self.bn3(self.conv3(y)) + self.shortcut(x))


class ResNet50(nn.Module):
    def __init__(self, classes: int):
        super().__init__()
        self.conv1, self.bn1 = conv3x3(3, 64), nn.BatchNorm2d(64)
        channels = 64
        for i, (width, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
            first = Bottleneck(channels, width, 1 if i == 0 else 2)
            channels = 4 * width
            rest = (Bottleneck(channels, width, 1) for _ in range(blocks - 1))
            self.add_module(f"layer{i + 1}", nn.Sequential(first, *rest))
        self.linear = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.linear(F.adaptive_avg_pool2d(x, 1).flatten(1))


class InvertedResidual(nn.Module):
    def __init__(self, channels_in: int, channels_out: int, stride: int, expansion: int):
        super().__init__()
        inner = channels_in * expansion
        self.residual = stride == 1 and channels_in == channels_out
        self.conv = nn.Sequential(
            nn.Conv2d(channels_in, inner, 1, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(inplace=True),
            nn.Conv2d(inner, inner, 3, stride, 1, groups=inner, bias=False),
            nn.BatchNorm2d(inner),
            nn.ReLU(inplace=True),
            nn.Conv2d(inner, channels_out, 1, bias=False),
            nn.BatchNorm2d(channels_out),
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.residual else self.conv(x)


class MobileNetV2(nn.Module):
    """Half width."""

    # expansion, channels, blocks, stride of the first
    STAGES = ((1, 8, 1, 1), (6, 12, 2, 1), (6, 16, 3, 2), (6, 32, 4, 2), (6, 48, 3, 1), (6, 80, 3, 2), (6, 160, 1, 1))

    def __init__(self, classes: int):
        super().__init__()
        self.conv1 = nn.Sequential(conv3x3(3, 16, 2), nn.BatchNorm2d(16), nn.ReLU(inplace=True))
        self.blocks = nn.ModuleList()
        channels = 16
        for expansion, width, count, stride in self.STAGES:
            blocks = [InvertedResidual(channels, width, stride, expansion)]
            blocks += [InvertedResidual(width, width, 1, expansion) for _ in range(count - 1)]
            self.blocks.append(nn.Sequential(*blocks))
            channels = width
        self.conv2 = nn.Sequential(
            nn.Conv2d(channels, 1280, 1, bias=False), nn.BatchNorm2d(1280), nn.ReLU(inplace=True)
        )
        self.classifier = nn.Sequential(nn.Linear(1280, classes))

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv1(x)
        for block in self.blocks:
            x = block(x)
        return self.classifier(F.adaptive_avg_pool2d(self.conv2(x), 1).flatten(1))


def shuffle_channels(x: Tensor, groups: int) -> Tensor:
    return x.unflatten(1, (groups, -1)).transpose(1, 2).flatten(1, 2)


def conv1x1(channels_in: int, channels_out: int, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 1, groups=groups, bias=False)


def depthwise(channels: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, 3, stride, 1, groups=channels, bias=False)


class ShuffleV1Unit(nn.Module):
    def __init__(self, channels_in: int, channels_out: int, stride: int, groups: int):
        super().__init__()
        self.stride, self.groups = stride, groups
        computed = channels_out - (channels_in if stride == 2 else 0)
        inner = computed // 4
        self.conv1, self.bn1 = conv1x1(channels_in, inner, groups), nn.BatchNorm2d(inner)
        self.conv2, self.bn2 = depthwise(inner, stride), nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = conv1x1(inner, computed, 3), nn.BatchNorm2d(computed)

    def forward(self, x: Tensor) -> Tensor:
        y = shuffle_channels(F.relu(self.bn1(self.conv1(x))), self.groups)
        y = self.bn3(self.conv3(F.relu(self.bn2(self.conv2(y)))))
        return F.relu(torch.cat([y, F.avg_pool2d(x, 3, 2, 1)], 1) if self.stride == 2 else y + x)


class ShuffleV1(nn.Module):
    def __init__(self, classes: int):
        super().__init__()
        self.conv1, self.bn1 = conv1x1(3, 24), nn.BatchNorm2d(24)
        channels = 24
        for i, (width, units) in enumerate(((240, 4), (480, 8), (960, 4))):
            first = ShuffleV1Unit(channels, width, 2, 1 if i == 0 else 3)
            rest = (ShuffleV1Unit(width, width, 1, 3) for _ in range(units - 1))
            self.add_module(f"layer{i + 1}", nn.Sequential(first, *rest))
            channels = width
        self.linear = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(F.adaptive_avg_pool2d(x, 1).flatten(1))


class ShuffleV2Unit(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        half = channels // 2
        self.conv1, self.bn1 = conv1x1(half, half), nn.BatchNorm2d(half)
        self.conv2, self.bn2 = depthwise(half, 1), nn.BatchNorm2d(half)
        self.conv3, self.bn3 = conv1x1(half, half), nn.BatchNorm2d(half)

    def forward(self, x: Tensor) -> Tensor:
        kept, y = x.chunk(2, 1)
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(y)))))
        return shuffle_channels(torch.cat([kept, F.relu(self.bn3(self.conv3(y)))], 1), 2)


class ShuffleV2Down(nn.Module):
    def __init__(self, channels_in: int, channels_out: int):
        super().__init__()
        half = channels_out // 2
        self.conv1, self.bn1 = depthwise(channels_in, 2), nn.BatchNorm2d(channels_in)
        self.conv2, self.bn2 = conv1x1(channels_in, half), nn.BatchNorm2d(half)
        self.conv3, self.bn3 = conv1x1(channels_in, half), nn.BatchNorm2d(half)
        self.conv4, self.bn4 = depthwise(half, 2), nn.BatchNorm2d(half)
        self.conv5, self.bn5 = conv1x1(half, half), nn.BatchNorm2d(half)

    def forward(self, x: Tensor) -> Tensor:
        left = F.relu(self.bn2(self.conv2(self.bn1(self.conv1(x)))))
        right = self.bn4(self.conv4(F.relu(self.bn3(self.conv3(x)))))
        return shuffle_channels(torch.cat([left, F.relu(self.bn5(self.conv5(right)))], 1), 2)


class ShuffleV2(nn.Module):
    def __init__(self, classes: int):
        super().__init__()
        self.conv1, self.bn1 = conv1x1(3, 24), nn.BatchNorm2d(24)
        channels = 24
        for i, (width, units) in enumerate(((116, 3), (232, 7), (464, 3))):
            rest = (ShuffleV2Unit(width) for _ in range(units))
            self.add_module(f"layer{i + 1}", nn.Sequential(ShuffleV2Down(channels, width), *rest))
            channels = width
        self.conv2, self.bn2 = conv1x1(channels, 1024), nn.BatchNorm2d(1024)
        self.linear = nn.Linear(1024, classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.layer3(self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x))))))
        return self.linear(F.adaptive_avg_pool2d(F.relu(self.bn2(self.conv2(x))), 1).flatten(1))


SINGLES = {"ResNet50": ResNet50, "MobileNetV2": MobileNetV2, "ShuffleV1": ShuffleV1, "ShuffleV2": ShuffleV2}
KNOWN = "resnet8 to resnet110, resnet8x4, resnet32x4, wrn_10_1 to wrn_40_10, vgg8 to vgg19, " + ", ".join(SINGLES)


def make_model(name: str, classes: int) -> nn.Module:
    """The network that RepDistiller calls `name`, for images of 3x32x32."""
    if match := re.fullmatch(r"resnet(8|14|20|32|44|56|110)|resnet(8|32)x4", name):
        return ResNet(int(match[1] or match[2]), 4 if match[2] else 1, classes)
    if match := re.fullmatch(r"wrn_(10|16|22|28|34|40)_(1|2|4|6|8|10)", name):
        return WideResNet(int(match[1]), int(match[2]), classes)
    if match := re.fullmatch(r"vgg(8|11|13|16|19)", name):
        return Vgg(int(match[1]), classes)
    if name in SINGLES:
        return SINGLES[name](classes)
    raise ValueError(f"no model '{name}' here; known: {KNOWN}")
