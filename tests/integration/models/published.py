"""What the definitions that RepDistiller and mdistiller share say of themselves, for 100 classes and 32 x 32 pixels."""


def features(taps, widths, sides, pooled=None):
    """The maps handed to feature losses, by the tap that is the same tensor, and the pooled vector."""
    shapes = {tap: [width, side, side] for tap, width, side in zip(taps.split(), widths, sides, strict=True)}
    return shapes | {"penultimate": [pooled or widths[-1]]}


def resnet(*widths):
    return features("stem layer1 layer2 layer3", widths, (32, 32, 16, 8))


def wide(widen):
    return features("stem block1 block2 block3", (16, 16 * widen, 32 * widen, 64 * widen), (32, 32, 16, 8))


VGG = features("block0 block1 block2 block3 block4", (64, 128, 256, 512, 512), (32, 16, 8, 4, 4))

# Trainable parameters, entries of the state_dict, features.
PUBLISHED = {
    "resnet8": (83_892, 56, resnet(16, 16, 32, 64)),
    "resnet14": (181_108, 92, resnet(16, 16, 32, 64)),
    "resnet20": (278_324, 128, resnet(16, 16, 32, 64)),
    "resnet32": (472_756, 200, resnet(16, 16, 32, 64)),
    "resnet44": (667_188, 272, resnet(16, 16, 32, 64)),
    "resnet56": (861_620, 344, resnet(16, 16, 32, 64)),
    "resnet110": (1_736_564, 668, resnet(16, 16, 32, 64)),
    "resnet8x4": (1_233_540, 62, resnet(32, 64, 128, 256)),
    "resnet32x4": (7_433_860, 206, resnet(32, 64, 128, 256)),
    "wrn_16_1": (180_916, 82, wide(1)),
    "wrn_16_2": (703_284, 83, wide(2)),
    "wrn_40_1": (569_780, 226, wide(1)),
    "wrn_40_2": (2_255_156, 227, wide(2)),
    "vgg8": (3_965_028, 37, VGG),
    "vgg11": (9_277_284, 58, VGG),
    "vgg13": (9_462_180, 72, VGG),
    "vgg16": (14_774_436, 93, VGG),
    "vgg19": (20_086_692, 114, VGG),
    "ResNet50": (
        23_705_252,
        320,
        features("stem layer1 layer2 layer3 layer4", (64, 256, 512, 1024, 2048), (32, 32, 16, 8, 4)),
    ),
    "MobileNetV2": (
        812_836,
        320,
        features("stem blocks.1 blocks.2 blocks.4 blocks.6", (16, 12, 16, 48, 160), (16, 16, 8, 4, 2), pooled=1280),
    ),
    "ShuffleV1": (949_258, 296, features("stem layer1 layer2 layer3", (24, 240, 480, 960), (32, 16, 8, 4))),
    "ShuffleV2": (
        1_355_528,
        338,
        features("stem layer1 layer2 layer3", (24, 116, 232, 464), (32, 16, 8, 4), pooled=1024),
    ),
}

# Wide ResNets of which only the number of trainable parameters is published (kd_data).
PARAMETERS = {name: published[0] for name, published in PUBLISHED.items()} | {
    "wrn_16_4": 2_772_020,
    "wrn_16_6": 6_206_772,
    "wrn_28_2": 1_479_220,
    "wrn_28_4": 5_872_180,
    "wrn_40_6": 20_152_116,
}
