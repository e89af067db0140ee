"""The training of a flow in plain PyTorch (docs/maths.md, "Training"), and of ResNet-18 whose features are computed anew.

Serves bench/training.mjs: JSON lines in, JSON lines out, as many threads as OMP_NUM_THREADS says.

{"do": "open", "flow_of": {...} as in torch_backbones.py, "tensors": [[name, shape], ...], "weights": path,
 "weight_decay": number, "backbone_name": name or null}            -> {"versions": "Python 3.11.2, torch 1.13.0"}
{"do": "step", "inputs": path, "shapes": [[...], ...], "rate": number}
                                                            -> {"seconds": number, "loss": number, "memory": bytes}
Whatever fails                                              -> {"error": message}

Inputs are the features of a batch, one tensor per scale; where there is a backbone, one tensor of images. Files hold
float32 numbers, one tensor after the other. Weights have the names of the state_dict.
"""
import math
import platform
import resource
import time

import torch
from json_lines import serve
from torch.nn import functional as F
from torch_backbones import BACKBONES, Flow, FlowStep


class TrainedStep(FlowStep):
    """A flow step that keeps the logarithm of its Jacobian's determinant, [batch]."""

    def forward(self, x):
        x1, x2 = x.split(self.sizes, 1)
        a, t = (0.1 * self.conv2(F.relu(self.conv1(x1), inplace=True))).chunk(2, 1)
        s, gain = 2 * torch.tanh(a), 0.2 * F.softplus(0.5 * self.globalScale)
        self.log_determinant = s.sum((1, 2, 3)) + x.shape[2] * x.shape[3] * gain.log().sum()
        y = torch.cat([x1, x2 * torch.exp(s) + t], 1) * gain + self.globalOffset
        return y.index_select(1, self.permutation)


class TrainedFlow(Flow):
    Step = TrainedStep

    def loss(self, features):
        energies = self(features)
        steps = [module for module in self.modules() if isinstance(module, TrainedStep)]
        half = sum(0.5 * energy.sum((1, 2)) for energy in energies)
        return (half - sum(step.log_determinant for step in steps)).mean()


flow = backbone = optimizer = None


def tensors_of(path, shapes):
    sizes = [math.prod(shape) for shape in shapes]
    flat = torch.from_file(path, size=sum(sizes), dtype=torch.float32)
    return [part.reshape(shape) for part, shape in zip(flat.split(sizes), shapes)]


def opened(flow_of, tensors, weights, weight_decay, backbone_name):
    global flow, backbone, optimizer
    flow = TrainedFlow(**flow_of)
    state = dict(zip((name for name, _ in tensors), tensors_of(weights, [shape for _, shape in tensors])))
    flow.load_state_dict({name[5:]: tensor for name, tensor in state.items() if name.startswith("flow.")})
    if backbone_name:
        backbone = BACKBONES[backbone_name]().eval()
        own = {name[9:]: tensor for name, tensor in state.items() if name.startswith("backbone.")}
        missing, unexpected = backbone.load_state_dict(own, strict=False)
        if unexpected or any(not name.endswith("num_batches_tracked") for name in missing):
            raise ValueError(f"weights that only one side has: {missing}, {unexpected}")
    optimizer = torch.optim.Adam(flow.parameters(), weight_decay=weight_decay)
    return {"versions": f"Python {platform.python_version()}, torch {torch.__version__}"}


def step(inputs, shapes, rate):
    tensors = [tensor.clone() for tensor in tensors_of(inputs, shapes)]
    optimizer.param_groups[0]["lr"] = rate
    start = time.perf_counter()
    if backbone is not None:
        with torch.no_grad():
            tensors = backbone(tensors[0])
    optimizer.zero_grad(set_to_none=True)
    loss = flow.loss(tensors)
    loss.backward()
    optimizer.step()
    seconds = time.perf_counter() - start
    memory = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"seconds": seconds, "loss": loss.item(), "memory": memory}


if __name__ == "__main__":
    serve({"open": opened, "step": step})
