"""VGG with batch norm for small images, after the layer table of the published checkpoints."""

import torch.nn.functional as F
from torch import nn

WIDTHS = (64, 128, 256, 512, 512)
CONVOLUTIONS = {
    "vgg8": (1, 1, 1, 1, 1),
    "vgg11": (1, 1, 2, 2, 2),
    "vgg13": (2, 2, 2, 2, 2),
    "vgg16": (2, 2, 3, 3, 3),
    "vgg19": (2, 2, 4, 4, 4),
}


class Vgg(nn.Module):
    def __init__(self, name, classes, channels):
        super().__init__()
        for i, (width, count) in enumerate(zip(WIDTHS, CONVOLUTIONS[name])):
            # Layer numbers count the ReLUs, which hold nothing: 0, 1, (2), 3, 4, (5), ...
            block = nn.ModuleDict()
            for j in range(count):
                block[str(3 * j)] = nn.Conv2d(channels, width, 3, padding=1)
                block[str(3 * j + 1)] = nn.BatchNorm2d(width)
                channels = width
            self.add_module(f"block{i}", block)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, images):
        x, taps = images, {}
        for i, name in enumerate(("block0", "block1", "block2", "block3", "block4")):
            if i in (1, 2, 3) or i == 4 and images.shape[2] == 64:
                x = F.max_pool2d(x, 2)
            for layer in getattr(self, name).values():
                x = layer(x) if isinstance(layer, nn.Conv2d) else F.relu(layer(x))
            taps[name] = x
        taps["penultimate"] = x.mean(dim=(2, 3))
        taps["logits"] = self.classifier(taps["penultimate"])
        return taps
