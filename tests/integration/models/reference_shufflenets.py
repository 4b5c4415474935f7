"""ShuffleNet and ShuffleNetV2 for small images, after the layer tables of the published checkpoints."""

import torch
import torch.nn.functional as F
from torch import nn


def shuffle(x, groups):
    """Transposes the channels, seen as a matrix of `groups` rows."""
    order = torch.arange(x.shape[1]).view(groups, -1).t().flatten()
    return x[:, order]


def convolution(before, after, size=1, stride=1, groups=1):
    return nn.Conv2d(before, after, size, stride=stride, padding=size // 2, groups=groups, bias=False)


class V1Unit(nn.Module):
    def __init__(self, before, after, first, groups):
        super().__init__()
        computed = after - before if first else after
        inner = computed // 4
        self.first, self.groups = first, groups
        self.conv1, self.bn1 = convolution(before, inner, groups=groups), nn.BatchNorm2d(inner)
        self.conv2 = convolution(inner, inner, 3, stride=2 if first else 1, groups=inner)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3, self.bn3 = convolution(inner, computed, groups=3), nn.BatchNorm2d(computed)

    def forward(self, x):
        out = F.relu(self.bn1(self.conv1(x)))
        out = F.relu(self.bn2(self.conv2(shuffle(out, self.groups))))
        out = self.bn3(self.conv3(out))
        if self.first:
            return F.relu(torch.cat([out, F.avg_pool2d(x, 3, stride=2, padding=1)], dim=1))
        return F.relu(out + x)


class ShuffleV1(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.conv1, self.bn1 = convolution(channels, 24), nn.BatchNorm2d(24)
        self.layer1 = self._stage(24, 240, 4, 1)
        self.layer2 = self._stage(240, 480, 8, 3)
        self.layer3 = self._stage(480, 960, 4, 3)
        self.linear = nn.Linear(960, classes)

    @staticmethod
    def _stage(before, after, count, first_groups):
        rest = (V1Unit(after, after, False, 3) for _ in range(count - 1))
        return nn.Sequential(V1Unit(before, after, True, first_groups), *rest)

    def forward(self, images):
        taps = {"stem": F.relu(self.bn1(self.conv1(images)))}
        taps["layer1"] = self.layer1(taps["stem"])
        taps["layer2"] = self.layer2(taps["layer1"])
        taps["layer3"] = self.layer3(taps["layer2"])
        taps["penultimate"] = taps["layer3"].mean(dim=(2, 3))
        taps["logits"] = self.linear(taps["penultimate"])
        return taps


class V2Unit(nn.Module):
    def __init__(self, width):
        super().__init__()
        half = width // 2
        self.conv1, self.bn1 = convolution(half, half), nn.BatchNorm2d(half)
        self.conv2, self.bn2 = convolution(half, half, 3, groups=half), nn.BatchNorm2d(half)
        self.conv3, self.bn3 = convolution(half, half), nn.BatchNorm2d(half)

    def forward(self, x):
        kept, out = x.tensor_split(2, dim=1)
        out = F.relu(self.bn1(self.conv1(out)))
        out = F.relu(self.bn3(self.conv3(self.bn2(self.conv2(out)))))
        return shuffle(torch.cat([kept, out], dim=1), 2)


class V2Down(nn.Module):
    def __init__(self, before, after):
        super().__init__()
        half = after // 2
        self.conv1, self.bn1 = convolution(before, before, 3, stride=2, groups=before), nn.BatchNorm2d(before)
        self.conv2, self.bn2 = convolution(before, half), nn.BatchNorm2d(half)
        self.conv3, self.bn3 = convolution(before, half), nn.BatchNorm2d(half)
        self.conv4, self.bn4 = convolution(half, half, 3, stride=2, groups=half), nn.BatchNorm2d(half)
        self.conv5, self.bn5 = convolution(half, half), nn.BatchNorm2d(half)

    def forward(self, x):
        left = F.relu(self.bn2(self.conv2(self.bn1(self.conv1(x)))))
        right = self.bn4(self.conv4(F.relu(self.bn3(self.conv3(x)))))
        right = F.relu(self.bn5(self.conv5(right)))
        return shuffle(torch.cat([left, right], dim=1), 2)


class ShuffleV2(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.conv1, self.bn1 = convolution(channels, 24), nn.BatchNorm2d(24)
        self.layer1 = nn.Sequential(V2Down(24, 116), *(V2Unit(116) for _ in range(3)))
        self.layer2 = nn.Sequential(V2Down(116, 232), *(V2Unit(232) for _ in range(7)))
        self.layer3 = nn.Sequential(V2Down(232, 464), *(V2Unit(464) for _ in range(3)))
        self.conv2, self.bn2 = convolution(464, 1024), nn.BatchNorm2d(1024)
        self.linear = nn.Linear(1024, classes)

    def forward(self, images):
        taps = {"stem": F.relu(self.bn1(self.conv1(images)))}
        taps["layer1"] = self.layer1(taps["stem"])
        taps["layer2"] = self.layer2(taps["layer1"])
        taps["layer3"] = self.layer3(taps["layer2"])
        taps["penultimate"] = F.relu(self.bn2(self.conv2(taps["layer3"]))).mean(dim=(2, 3))
        taps["logits"] = self.linear(taps["penultimate"])
        return taps
