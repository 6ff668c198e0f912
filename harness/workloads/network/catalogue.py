"""The models by name and size.

``tiny`` is for tests and for a smoke run on two cores: every layer of the real thing, and little of each.
The other sizes are those that readers know.
"""

from __future__ import annotations

from collections.abc import Mapping

from harness.workloads.network.cnn import Cnn
from harness.workloads.network.lstm import Lstm
from harness.workloads.network.mlp import Mlp
from harness.workloads.network.recommender import Dlrm, Ncf
from harness.workloads.network.resnet import ResNet
from harness.workloads.network.spec import Network
from harness.workloads.network.transformer import Bert, Gpt

BASIC, DEEP = (2, 2, 2, 2), (3, 4, 6, 3)  # blocks of ResNet-18 and ResNet-50

MODELS: Mapping[str, Mapping[str, Network]] = {
    "mlp": {
        "tiny": Mlp(widths=(20, 16, 12, 10)),
        "digits": Mlp(widths=(64, 64, 10)),
        "classic": Mlp(widths=(784, 128, 10)),
        "wide": Mlp(widths=(784, 1024, 1024, 10)),
        "huge": Mlp(widths=(784, 8192, 8192, 8192, 10)),
    },
    "cnn": {
        "tiny": Cnn(image=(12, 1), channels=(4, 6), kernel=3, paddings=(1, 0), widths=(16, 10)),
        "digits": Cnn(image=(8, 1), channels=(16, 32), kernel=3, paddings=(1, 1), widths=(64, 10)),
        "lenet": Cnn(image=(28, 1), channels=(6, 16), kernel=5, paddings=(2, 0), widths=(120, 84, 10)),
    },
    "resnet18": {
        "tiny": ResNet(side=8, blocks=(1, 1), bottleneck=False, width=16),
        "cifar": ResNet(side=32, blocks=BASIC, bottleneck=False),
        "imagenet": ResNet(side=224, blocks=BASIC, bottleneck=False, classes=1000),
    },
    "resnet50": {
        "tiny": ResNet(side=8, blocks=(1, 1), bottleneck=True, width=8),
        "cifar": ResNet(side=32, blocks=DEEP, bottleneck=True),
        "imagenet": ResNet(side=224, blocks=DEEP, bottleneck=True, classes=1000),
    },
    "gpt": {
        "tiny": Gpt(vocabulary=101, length=12, blocks=2, width=32, heads=4),
        "mini": Gpt(vocabulary=4096, length=128, blocks=4, width=256, heads=4),
        "small": Gpt(vocabulary=50257, length=1024, blocks=12, width=768, heads=12),
        "medium": Gpt(vocabulary=50257, length=1024, blocks=24, width=1024, heads=16),
    },
    "bert": {
        "tiny": Bert(vocabulary=101, length=12, blocks=2, width=32, heads=4),
        "mini": Bert(vocabulary=4096, length=128, blocks=4, width=256, heads=4),
        "base": Bert(vocabulary=30522, length=512, blocks=12, width=768, heads=12),
        "large": Bert(vocabulary=30522, length=512, blocks=24, width=1024, heads=16),
    },
    "lstm": {
        "tiny": Lstm(length=9, width_in=7, hidden=12, layers=2),
        "small": Lstm(length=100, width_in=40, hidden=128),
        "speech": Lstm(length=800, width_in=80, hidden=512, layers=2, classes=29),
    },
    "ncf": {
        "tiny": Ncf(users=30, things=50, factors=6, widths=(16, 12, 8)),
        "movies": Ncf(users=6040, things=3706, factors=8, widths=(64, 32, 16, 8)),
        "large": Ncf(users=138_493, things=26_744, factors=64, widths=(256, 256, 128, 64)),
    },
    "dlrm": {
        "tiny": Dlrm(numbers=5, bottom=(16, 8), tables=3, rows=20, top=(16, 1)),
        "small": Dlrm(numbers=13, bottom=(128, 64, 16), tables=8, rows=10_000, top=(128, 64, 1)),
        "criteo": Dlrm(numbers=13, bottom=(512, 256, 64, 16), tables=26, rows=100_000, top=(512, 256, 1)),
    },
}
