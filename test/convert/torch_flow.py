"""Runs the flow of an exported checkpoint with PyTorch, written from docs/maths.md.

    python3 torch_flow.py CHECKPOINT STEPS < request.json

The request holds features, finest first: [{"shape": [batch, channels, height, width], "data": [...]}]. Prints the shape of
every tensor, the energies and the log-determinants.
"""

import json
import sys

import torch
import torch.nn.functional as F

state = torch.load(sys.argv[1])["state_dict"]
steps = int(sys.argv[2])
features = [torch.tensor(f["data"]).reshape(f["shape"]).double() for f in json.load(sys.stdin)]
get = lambda key: state[f"model.{key}"].double()


def normalised(scale):
    x = features[scale]
    name = f"feature_extractor.feature_normalizations.{scale}"
    if f"model.{name}.weight" not in state:
        return x
    return F.layer_norm(x, x.shape[1:], get(f"{name}.weight"), get(f"{name}.bias"), 1e-5)


def step(x, module):
    value = lambda key: get(f"flow.module_list.{module}.{key}")
    half = x.shape[1] - x.shape[1] // 2
    x1, x2 = x[:, :half], x[:, half:]
    hidden = F.relu(F.conv2d(x1, value("subnet.0.weight"), value("subnet.0.bias"), padding="same"))
    a = 0.1 * F.conv2d(hidden, value("subnet.2.weight"), value("subnet.2.bias"), padding="same")
    s = 2 * torch.tanh(a[:, : x2.shape[1]])
    gain = 0.2 * torch.log1p(torch.exp(value("global_scale") / 2))
    y = torch.cat([x1, x2 * torch.exp(s) + a[:, x2.shape[1] :]], 1) * gain + value("global_offset")
    back = F.conv2d(F.conv2d(y, value("w_perm")), value("w_perm_inv"))
    assert torch.equal(back, y)
    return F.conv2d(y, value("w_perm")), s.sum((1, 2, 3)) + x.shape[2] * x.shape[3] * torch.log(gain).sum()


latents, log_determinant, x, module = [], 0, None, 0
for scale in reversed(range(len(features))):
    feature = normalised(scale)
    x = feature if x is None else torch.cat([feature, x], 1)
    for _ in range(steps):
        x, logs = step(x, module)
        log_determinant = log_determinant + logs
        module += 1
    if scale == 0:
        latents.insert(0, x)
        break
    up = x.shape[1] // 8 * 4
    latents.insert(0, x[:, up:])
    kernel = get(f"flow.module_list.{module + 1}.downsample_kernel")
    x = F.conv_transpose2d(x[:, :up], kernel, stride=2, groups=up // 4)
    module += 3

print(
    json.dumps(
        {
            "shapes": {key: list(tensor.shape) for key, tensor in state.items()},
            "energies": [(z * z).sum(1).flatten().tolist() for z in latents],
            "logDeterminant": log_determinant.tolist(),
        }
    )
)
