"""The whole network of inspection in plain PyTorch: the paper's backbones, normalisation and flow (docs/maths.md).

Serves bench/backbones.mjs: JSON lines in, JSON lines out, as many threads as OMP_NUM_THREADS says.

{"do": "open", "name": network, "flow": {"scales": [[channels, height, width], ...], "steps": n,
 "normalization": "layer", "standard" or "none", "permutations": {step: [...]}}, "tensors": [[name, shape], ...], "weights": path}
                                                               -> {"versions": "Python 3.11.2, torch 1.13.0"}
{"do": "product"}                                              -> {"gflops": number}
{"do": "run", "image": path, "shape": [...], "at_once": images in a pass, "energies": path}
                                                               -> {"seconds": number, "gflop": number}
Whatever fails                                                 -> {"error": message}

Files hold float32 numbers, one tensor after the other. Weights have the names of the state_dict.
"""
import math
import platform
import time

import torch
from json_lines import serve
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    """Residual block: convolutions with batch norm, of which the first 3 x 3 has the stride."""

    def __init__(self, kernels, channels, width, out, stride):
        super().__init__()
        sizes = [channels] + [width] * (len(kernels) - 1) + [out]
        strides = [stride if i == kernels.index(3) else 1 for i in range(len(kernels))]
        self.layers = []
        for i, (k, a, b, s) in enumerate(zip(kernels, sizes, sizes[1:], strides), 1):
            conv, norm = nn.Conv2d(a, b, k, s, k // 2, bias=False), nn.BatchNorm2d(b)
            self.add_module(f"conv{i}", conv)
            self.add_module(f"bn{i}", norm)
            self.layers.append((conv, norm))
        self.downsample = None
        if stride != 1 or channels != out:
            self.downsample = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        y = x
        for i, (conv, norm) in enumerate(self.layers):
            y = norm(conv(y if i == 0 else F.relu(y, inplace=True)))
        return F.relu(y + (x if self.downsample is None else self.downsample(x)), inplace=True)


class ResNet(nn.Module):
    def __init__(self, kernels, layers):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64)
        channels, self.stages = 64, []
        for level, (blocks, width, out) in enumerate(layers):
            stage = nn.Sequential()
            for b in range(blocks):
                stage.append(Block(kernels, channels, width, out, 2 if level and not b else 1))
                channels = out
            self.add_module(f"layer{level + 1}", stage)
            self.stages.append(stage)

    def forward(self, x):
        x, features = F.max_pool2d(F.relu(self.bn1(self.conv1(x)), inplace=True), 3, 2, 1), []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features


class TalkingHeads(nn.Module):
    def __init__(self, channels, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.proj = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.proj_l, self.proj_w = nn.Linear(heads, heads), nn.Linear(heads, heads)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        maps = (q * (c // self.heads) ** -0.5) @ k.transpose(-2, -1)
        maps = self.proj_l(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2).softmax(-1)
        maps = self.proj_w(maps.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return self.proj((maps @ v).transpose(1, 2).reshape(b, n, c))


class Mlp(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(channels, 4 * channels), nn.Linear(4 * channels, channels)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class CaitBlock(nn.Module):
    def __init__(self, channels, heads):
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(channels, eps=1e-6) for _ in range(2))
        self.attn, self.mlp = TalkingHeads(channels, heads), Mlp(channels)
        self.gamma_1, self.gamma_2 = (nn.Parameter(torch.empty(channels)) for _ in range(2))

    def forward(self, x):
        x = x + self.gamma_1 * self.attn(self.norm1(x))
        return x + self.gamma_2 * self.mlp(self.norm2(x))


class Cait(nn.Module):
    def __init__(self, size, channels, heads, blocks):
        super().__init__()
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, channels, 16, 16)})
        self.pos_embed = nn.Parameter(torch.empty(1, (size // 16) ** 2, channels))
        self.blocks = nn.Sequential(*(CaitBlock(channels, heads) for _ in range(blocks)))
        self.norm = nn.LayerNorm(channels, eps=1e-6)

    def forward(self, x):
        y = self.patch_embed["proj"](x)
        tokens = self.norm(self.blocks(y.flatten(2).transpose(1, 2) + self.pos_embed))
        return tokens.transpose(1, 2).reshape(y.shape)


class MultiScaleCait(nn.Module):
    def __init__(self):
        super().__init__()
        self.cait_m48_448, self.cait_s24_224 = Cait(448, 768, 16, 41), Cait(224, 384, 8, 21)

    def forward(self, x):
        half = F.interpolate(x, size=(224, 224), mode="bicubic", align_corners=True)
        return [self.cait_m48_448(x), self.cait_s24_224(half)]


BACKBONES = {
    "resnet18": lambda: ResNet([3, 3], [(2, 64, 64), (2, 128, 128), (2, 256, 256)]),
    "wide_resnet50_2": lambda: ResNet([1, 3, 1], [(3, 128, 256), (4, 256, 512), (6, 512, 1024)]),
    "mcait": MultiScaleCait,
}


class FlowStep(nn.Module):
    def __init__(self, channels, kernel, permutation):
        super().__init__()
        self.sizes = [channels - channels // 2, channels // 2]
        kept, transformed = self.sizes
        self.conv1 = nn.Conv2d(kept, kept, kernel, padding=kernel // 2)
        self.conv2 = nn.Conv2d(kept, 2 * transformed, kernel, padding=kernel // 2)
        self.globalScale, self.globalOffset = (nn.Parameter(torch.empty(1, channels, 1, 1)) for _ in range(2))
        self.permutation = torch.tensor(permutation)

    def forward(self, x):
        x1, x2 = x.split(self.sizes, 1)
        s, t = (0.1 * self.conv2(F.relu(self.conv1(x1), inplace=True))).chunk(2, 1)
        y = torch.cat([x1, x2 * torch.exp(2 * torch.tanh(s)) + t], 1)
        y = y * (0.2 * F.softplus(0.5 * self.globalScale)) + self.globalOffset
        return y.index_select(1, self.permutation)


def normalization_of(kind, shape):
    return nn.Identity() if kind == "none" else nn.LayerNorm(shape, elementwise_affine=kind == "layer")


class Flow(nn.Module):
    """Feature maps in, energies out, both finest first."""

    Step = FlowStep

    def __init__(self, scales, steps, normalization, permutations):
        super().__init__()
        self.stages, below = [], 0
        for scale, shape in reversed(list(enumerate(scales))):
            channels = shape[0] + below
            up = channels // 8 * 4 if scale else 0
            stage = nn.ModuleDict({"norm": normalization_of(normalization, shape)})
            for step in range(steps):
                name = f"step{step}"
                stage[name] = self.Step(channels, 1 if step % 2 else 3, permutations[f"scale{scale}.{name}"])
            self.add_module(f"scale{scale}", stage)
            self.stages.append((stage, [up, channels - up]))
            below = up // 4

    def forward(self, features):
        energies, below = [], None
        for (stage, sizes), x in zip(self.stages, reversed(features)):
            norm, *steps = stage.values()
            x = norm(x)
            x = x if below is None else torch.cat([x, below], 1)
            for step in steps:
                x = step(x)
            up, z = x.split(sizes, 1)
            below = F.pixel_shuffle(up, 2) if sizes[0] else None
            energies.insert(0, z.square().sum(1))
        return energies


class Network(nn.Module):
    def __init__(self, backbone, flow):
        super().__init__()
        self.backbone, self.flow = backbone, flow

    def forward(self, image):
        return self.flow(self.backbone(image))


network = None
gflop_of = {}  # by batch


def numbers(path, shape):
    return torch.from_file(path, size=math.prod(shape), dtype=torch.float32).reshape(shape)


def opened(name, flow, tensors, weights):
    global network
    network = Network(BACKBONES[name](), Flow(**flow)).eval()
    flat = torch.from_file(weights, size=sum(math.prod(shape) for _, shape in tensors), dtype=torch.float32)
    parts = flat.split([math.prod(shape) for _, shape in tensors])
    state = {tensor: part.reshape(shape) for (tensor, shape), part in zip(tensors, parts)}
    missing, unexpected = network.load_state_dict(state, strict=False)
    wrong = [key for key in missing if not key.endswith("num_batches_tracked")] + unexpected
    if wrong:
        raise ValueError(f"{len(wrong)} weights that only one side has: {', '.join(wrong[:5])}")
    return {"versions": f"Python {platform.python_version()}, torch {torch.__version__}"}


def product():
    """Multiplying two 1024 x 1024 matrices, in OpenBLAS or whichever BLAS there is, and as a convolution.

    The latter has 16 images, since in one thread PyTorch leaves 1 x 1 convolutions of fewer to the BLAS instead of oneDNN.
    """
    a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)
    pixels, kernels = a.reshape(16, 1024, 8, 8), b.reshape(1024, 1024, 1, 1)
    fastest = min(seconds_of(work) for work in (lambda: a @ b, lambda: F.conv2d(pixels, kernels)) for _ in range(20))
    return {"gflops": 2 * 1024**3 / fastest / 1e9}


def run(image, shape, at_once, energies):
    parts, passes, gflop = numbers(image, shape).split(at_once), [], gflop_of.get(shape[0])
    if gflop is None:
        hooks, counts = counted()
    seconds = seconds_of(lambda: passes.extend(network(part) for part in parts))
    if gflop is None:
        for hook in hooks:
            hook.remove()
        gflop = gflop_of[shape[0]] = sum(counts) / 1e9
    torch.cat([energy.flatten() for scale in zip(*passes) for energy in scale]).numpy().tofile(energies)
    return {"seconds": seconds, "gflop": gflop}


def seconds_of(work):
    with torch.inference_mode():
        start = time.perf_counter()
        work()
        return time.perf_counter() - start


def counted():
    """Notes for each module that runs its floating-point operations: two per multiplication of a weight or of attention."""
    counts = []

    def count(module, inputs, output):
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            counts.append(2 * output.numel() * module.weight[0].numel())
        elif isinstance(module, TalkingHeads):
            counts.append(4 * output.numel() * output.shape[1])

    return [module.register_forward_hook(count) for module in network.modules()], counts


if __name__ == "__main__":
    serve({"open": opened, "product": product, "run": run})
