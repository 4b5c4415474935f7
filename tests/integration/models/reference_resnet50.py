"""ResNet-50 for small images, after the layer table of the published checkpoints."""

import torch.nn.functional as F
from torch import nn

# Blocks, inner width, stride of the first block.
STAGES = ((3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2))


class Bottleneck(nn.Module):
    def __init__(self, before, width, stride):
        super().__init__()
        after = 4 * width
        self.conv1, self.bn1 = nn.Conv2d(before, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, after, 1, bias=False), nn.BatchNorm2d(after)
        if before != after:
            self.shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride=stride, bias=False), nn.BatchNorm2d(after))

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        return F.relu(out + (self.shortcut(x) if hasattr(self, "shortcut") else x))


class ResNet50(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(channels, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64)
        before = 64
        for i, (count, width, stride) in enumerate(STAGES, 1):
            rest = (Bottleneck(4 * width, width, 1) for _ in range(count - 1))
            self.add_module(f"layer{i}", nn.Sequential(Bottleneck(before, width, stride), *rest))
            before = 4 * width
        self.linear = nn.Linear(before, classes)

    def forward(self, images):
        taps = {"stem": F.relu(self.bn1(self.conv1(images)))}
        x = taps["stem"]
        for name in ("layer1", "layer2", "layer3", "layer4"):
            taps[name] = x = getattr(self, name)(x)
        taps["penultimate"] = x.mean(dim=(2, 3))
        taps["logits"] = self.linear(taps["penultimate"])
        return taps
