"""Independent PyTorch definitions of the models, with the state_dict names of the published checkpoints."""

import math

import torch
import torch.nn.functional as F
from reference_mobilenet_v2 import MobileNetV2
from reference_resnet50 import ResNet50
from reference_shufflenets import ShuffleV1, ShuffleV2
from reference_vgg import Vgg
from torch import nn


def conv3x3(in_channels, out_channels, stride=1):
    return nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)


class PostActivationBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride):
        super().__init__()
        self.conv1 = conv3x3(in_channels, out_channels, stride)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = conv3x3(out_channels, out_channels)
        self.bn2 = nn.BatchNorm2d(out_channels)
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False), nn.BatchNorm2d(out_channels)
            )

    def forward(self, x):
        out = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(out + (self.downsample(x) if hasattr(self, "downsample") else x))


class CifarResNet(nn.Module):
    def __init__(self, depth, widths, classes, channels):
        super().__init__()
        self.conv1 = conv3x3(channels, widths[0])
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.layer1 = self._stage(depth, widths[0], widths[1], 1)
        self.layer2 = self._stage(depth, widths[1], widths[2], 2)
        self.layer3 = self._stage(depth, widths[2], widths[3], 2)
        self.fc = nn.Linear(widths[3], classes)

    @staticmethod
    def _stage(depth, in_channels, out_channels, stride):
        rest = (depth - 2) // 6 - 1
        blocks = [PostActivationBlock(in_channels, out_channels, stride)]
        return nn.Sequential(*blocks, *(PostActivationBlock(out_channels, out_channels, 1) for _ in range(rest)))

    def forward(self, images):
        taps = {"stem": F.relu(self.bn1(self.conv1(images)))}
        taps["layer1"] = self.layer1(taps["stem"])
        taps["layer2"] = self.layer2(taps["layer1"])
        taps["layer3"] = self.layer3(taps["layer2"])
        taps["penultimate"] = F.avg_pool2d(taps["layer3"], taps["layer3"].shape[2:]).flatten(1)
        taps["logits"] = self.fc(taps["penultimate"])
        return taps


class PreActivationBlock(nn.Module):
    def __init__(self, in_channels, out_channels, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.conv1 = conv3x3(in_channels, out_channels, stride)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.conv2 = conv3x3(out_channels, out_channels)
        if in_channels != out_channels:
            self.convShortcut = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)

    def forward(self, x):
        activated = F.relu(self.bn1(x))
        out = self.conv2(F.relu(self.bn2(self.conv1(activated))))
        return out + (self.convShortcut(activated) if hasattr(self, "convShortcut") else x)


class Stage(nn.Module):
    def __init__(self, depth, in_channels, out_channels, stride):
        super().__init__()
        rest = (depth - 4) // 6 - 1
        blocks = [PreActivationBlock(in_channels, out_channels, stride)]
        self.layer = nn.Sequential(*blocks, *(PreActivationBlock(out_channels, out_channels, 1) for _ in range(rest)))

    def forward(self, x):
        return self.layer(x)


class WideResNet(nn.Module):
    def __init__(self, depth, width, classes, channels):
        super().__init__()
        self.conv1 = conv3x3(channels, 16)
        self.block1 = Stage(depth, 16, 16 * width, 1)
        self.block2 = Stage(depth, 16 * width, 32 * width, 2)
        self.block3 = Stage(depth, 32 * width, 64 * width, 2)
        self.bn1 = nn.BatchNorm2d(64 * width)
        self.fc = nn.Linear(64 * width, classes)

    def forward(self, images):
        taps = {"stem": self.conv1(images)}
        taps["block1"] = self.block1(taps["stem"])
        taps["block2"] = self.block2(taps["block1"])
        taps["block3"] = self.block3(taps["block2"])
        activated = F.relu(self.bn1(taps["block3"]))
        taps["penultimate"] = F.avg_pool2d(activated, activated.shape[2:]).flatten(1)
        taps["logits"] = self.fc(taps["penultimate"])
        return taps


class Mlp(nn.Module):
    def __init__(self, input_shape, hidden, classes):
        super().__init__()
        widths = [math.prod(input_shape), *hidden]
        for i, (before, after) in enumerate(zip(widths, hidden), 1):
            self.add_module(f"hidden{i}", nn.Linear(before, after))
        self.fc = nn.Linear(widths[-1], classes)

    def forward(self, images):
        x, taps = images.flatten(1), {}
        for name, layer in self.named_children():
            if name != "fc":
                taps[name] = x = F.relu(layer(x))
        taps["penultimate"] = x
        taps["logits"] = self.fc(x)
        return taps


class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.conv = conv3x3(in_channels, out_channels)
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x):
        return F.max_pool2d(F.relu(self.bn(self.conv(x))), 2)


class ConvNet(nn.Module):
    def __init__(self, input_shape, channels, classes):
        super().__init__()
        widths = [input_shape[0], *channels]
        for i, (before, after) in enumerate(zip(widths, channels), 1):
            self.add_module(f"layer{i}", ConvBlock(before, after))
        self.fc = nn.Linear(widths[-1], classes)

    def forward(self, images):
        x, taps = images, {}
        for name, layer in self.named_children():
            if name != "fc":
                taps[name] = x = layer(x)
        taps["penultimate"] = x.mean(dim=(2, 3))
        taps["logits"] = self.fc(taps["penultimate"])
        return taps


THIN, WIDE = (16, 16, 32, 64), (32, 64, 128, 256)
RESNETS = {f"resnet{depth}": (depth, THIN) for depth in (8, 14, 20, 32, 44, 56, 110)}
RESNETS |= {"resnet8x4": (8, WIDE), "resnet32x4": (32, WIDE)}
SINGLES = {"ResNet50": ResNet50, "MobileNetV2": MobileNetV2, "ShuffleV1": ShuffleV1, "ShuffleV2": ShuffleV2}


def build(name, classes, input_shape, **options):
    """The reference for a component, as the component is named and parametrised."""
    if name in RESNETS:
        return CifarResNet(*RESNETS[name], classes, input_shape[0])
    if name.startswith("wrn_"):
        depth, width = map(int, name.split("_")[1:])
        return WideResNet(depth, width, classes, input_shape[0])
    if name.startswith("vgg"):
        return Vgg(name, classes, input_shape[0])
    if name in SINGLES:
        return SINGLES[name](classes, input_shape[0])
    if name == "mlp":
        return Mlp(input_shape, options.get("hidden", [256, 128]), classes)
    return ConvNet(input_shape, options.get("channels", [32, 64]), classes)


def randomise(model, seed=0):
    """Gives every parameter and buffer a value of its own, so that no two layers can be taken for each other."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("num_batches_tracked"):
                tensor.fill_(7)
            elif name.endswith("running_var") or tensor.dim() == 1 and name.endswith("weight"):
                tensor.uniform_(0.5, 1.5, generator=generator)
            elif tensor.dim() == 1:
                tensor.normal_(0, 0.1, generator=generator)
            else:
                tensor.normal_(0, 1 / math.sqrt(tensor[0].numel()), generator=generator)
    return model
