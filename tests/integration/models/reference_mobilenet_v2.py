"""MobileNetV2 of half width for small images, after the layer table of the published checkpoints."""

import torch.nn.functional as F
from torch import nn

# Expansion, output channels, blocks, stride of the first block.
STAGES = ((1, 8, 1, 1), (6, 12, 2, 1), (6, 16, 3, 2), (6, 32, 4, 2), (6, 48, 3, 1), (6, 80, 3, 2), (6, 160, 1, 1))


class Block(nn.Module):
    def __init__(self, before, after, stride, expansion):
        super().__init__()
        inner = before * expansion
        self.conv = nn.ModuleDict(
            {
                "0": nn.Conv2d(before, inner, 1, bias=False),
                "1": nn.BatchNorm2d(inner),
                "3": nn.Conv2d(inner, inner, 3, stride=stride, padding=1, groups=inner, bias=False),
                "4": nn.BatchNorm2d(inner),
                "6": nn.Conv2d(inner, after, 1, bias=False),
                "7": nn.BatchNorm2d(after),
            }
        )

    def forward(self, x):
        out = F.relu(self.conv["1"](self.conv["0"](x)))
        out = F.relu(self.conv["4"](self.conv["3"](out)))
        out = self.conv["7"](self.conv["6"](out))
        return x + out if out.shape == x.shape else out


class MobileNetV2(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(channels, 16, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(16))
        self.blocks = nn.ModuleList()
        width = 16
        for expansion, after, count, stride in STAGES:
            widths = [width] + [after] * count
            pairs = zip(widths, widths[1:])
            self.blocks.append(
                nn.ModuleList(Block(*pair, stride if i == 0 else 1, expansion) for i, pair in enumerate(pairs))
            )
            width = after
        self.conv2 = nn.Sequential(nn.Conv2d(width, 1280, 1, bias=False), nn.BatchNorm2d(1280))
        self.classifier = nn.Sequential(nn.Linear(1280, classes))

    def forward(self, images):
        taps = {"stem": F.relu(self.conv1(images))}
        x = taps["stem"]
        for i, stage in enumerate(self.blocks):
            for block in stage:
                x = block(x)
            taps[f"blocks.{i}"] = x
        taps["penultimate"] = F.relu(self.conv2(x)).mean(dim=(2, 3))
        taps["logits"] = self.classifier(taps["penultimate"])
        return taps
