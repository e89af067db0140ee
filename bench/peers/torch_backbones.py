"""The paper's backbones in plain PyTorch with random weights, for the comparison in bench/backbones.mjs.

    python3 bench/peers/torch_backbones.py NETWORK BATCH THREADS ROUNDS

Prints the seconds of the fastest run and the least processor time of a run, as JSON.
"""
import json
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """Residual block: convolutions with batch norm, of which the first 3 x 3 has the stride."""

    def __init__(self, kernels, channels, width, out, stride):
        super().__init__()
        sizes = [channels] + [width] * (len(kernels) - 1) + [out]
        strides = [stride if i == kernels.index(3) else 1 for i in range(len(kernels))]
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, k, s, k // 2, bias=False), nn.BatchNorm2d(b))
            for k, a, b, s in zip(kernels, sizes, sizes[1:], strides)
        )
        self.shortcut = None
        if stride != 1 or channels != out:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        y = x
        for i, layer in enumerate(self.layers):
            y = layer(y if i == 0 else F.relu(y, inplace=True))
        return F.relu(y + (x if self.shortcut is None else self.shortcut(x)), inplace=True)


class ResNet(nn.Module):
    def __init__(self, kernels, layers):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1))
        channels, stages = 64, []
        for level, (blocks, width, out) in enumerate(layers):
            stage = []
            for b in range(blocks):
                stage.append(Block(kernels, channels, width, out, 2 if level and not b else 1))
                channels = out
            stages.append(nn.Sequential(*stage))
        self.stages = nn.ModuleList(stages)

    def forward(self, x):
        x, features = self.stem(x), []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


class TalkingHeads(nn.Module):
    def __init__(self, channels, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.projection = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.before, self.after = nn.Linear(heads, heads), nn.Linear(heads, heads)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        maps = (q * (c // self.heads) ** -0.5) @ k.transpose(-2, -1)
        maps = self.before(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2).softmax(-1)
        maps = self.after(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return self.projection((maps @ v).transpose(1, 2).reshape(b, n, c))


class CaitBlock(nn.Module):
    def __init__(self, channels, heads):
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(channels, eps=1e-6) for _ in range(2))
        self.attention = TalkingHeads(channels, heads)
        self.mlp = nn.Sequential(nn.Linear(channels, 4 * channels), nn.GELU(), nn.Linear(4 * channels, channels))
        self.gammas = nn.ParameterList(nn.Parameter(0.1 * torch.ones(channels)) for _ in range(2))

    def forward(self, x):
        x = x + self.gammas[0] * self.attention(self.norms[0](x))
        return x + self.gammas[1] * self.mlp(self.norms[1](x))


class Cait(nn.Module):
    def __init__(self, size, channels, heads, blocks):
        super().__init__()
        self.patches = nn.Conv2d(3, channels, 16, 16)
        self.position = nn.Parameter(0.02 * torch.randn(1, (size // 16) ** 2, channels))
        self.blocks = nn.Sequential(*(CaitBlock(channels, heads) for _ in range(blocks)))
        self.norm = nn.LayerNorm(channels, eps=1e-6)

    def forward(self, x):
        y = self.patches(x)
        tokens = self.norm(self.blocks(y.flatten(2).transpose(1, 2) + self.position))
        return tokens.transpose(1, 2).reshape(y.shape)


class MultiScaleCait(nn.Module):
    def __init__(self):
        super().__init__()
        self.m48, self.s24 = Cait(448, 768, 16, 41), Cait(224, 384, 8, 21)

    def forward(self, x):
        half = F.interpolate(x, size=(224, 224), mode="bicubic", align_corners=True)
        return [self.m48(x), self.s24(half)]


NETWORKS = {
    "resnet18": lambda: ResNet([3, 3], [(2, 64, 64), (2, 128, 128), (2, 256, 256)]),
    "wide_resnet50_2": lambda: ResNet([1, 3, 1], [(3, 128, 256), (4, 256, 512), (6, 512, 1024)]),
    "mcait": MultiScaleCait,
}


def main(name, batch, threads, rounds):
    torch.set_num_threads(threads)
    network = NETWORKS[name]().eval()
    image = torch.randn(batch, 3, 448, 448)
    wall, cpu = [], []
    with torch.inference_mode():
        for _ in range(rounds):
            start, start_cpu = time.perf_counter(), time.process_time()
            network(image)
            wall.append(time.perf_counter() - start)
            cpu.append(time.process_time() - start_cpu)
    print(json.dumps({"seconds": min(wall), "processorSeconds": min(cpu)}))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]))
