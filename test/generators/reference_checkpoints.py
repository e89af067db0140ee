"""Writes the checkpoints of test/fixtures/convert: the flows of test/fixtures/flow with the keys of the Python reference.

    python3 test/generators/reference_checkpoints.py        (PyTorch 1.13)
"""

import argparse
import json
from collections import OrderedDict
from pathlib import Path

import numpy as np
import torch

fixtures = Path(__file__).resolve().parent.parent / "fixtures"
types = {"f32": "<f4", "f64": "<f8", "i32": "<i4"}


def golden(name):
    described = json.loads((fixtures / "flow" / f"{name}.json").read_text())
    data = (fixtures / "flow" / f"{name}.bin").read_bytes()

    def tensor(key):
        place = described["tensors"][key]
        numbers = np.frombuffer(data, types[place["dtype"]], place["length"], place["offset"])
        return torch.from_numpy(numbers.reshape(place["shape"]).copy())

    return described["meta"], list(described["tensors"]), tensor


def state_of(name):
    meta, keys, tensor = golden(name)
    state = OrderedDict()
    for key in (key for key in keys if key.startswith("state/")):
        name_there = key[len("state/") :].replace("norms.", "feature_extractor.feature_normalizations.")
        state[f"model.{name_there}"] = tensor(key)
    for key in (key for key in keys if key.startswith("perm/")):
        order = tensor(key).long()
        matrix = torch.eye(len(order))[order].reshape(len(order), len(order), 1, 1)
        module = f"model.flow.{key[len('perm/') :]}"
        state[f"{module}.w_perm"] = torch.nn.Parameter(matrix, requires_grad=False)
        state[f"{module}.w_perm_inv"] = torch.nn.Parameter(matrix.transpose(0, 1).contiguous(), requires_grad=False)
    steps, levels = meta["flowSteps"], len(meta["channels"])
    for level in range(levels - 1):
        first = level * (steps + 3)
        channels = state[f"model.flow.module_list.{first}.global_scale"].shape[1] // 8 * 4
        kernel = torch.eye(4).reshape(4, 1, 2, 2).repeat(channels // 4, 1, 1, 1)
        state[f"model.flow.module_list.{first + steps + 1}.downsample_kernel"] = kernel
    return state


for name in ["flow3_ln", "flow_odd"]:
    checkpoint = {
        "epoch": 12,
        "global_step": 3400,
        "pytorch-lightning_version": "1.9.0",
        "state_dict": state_of(name),
        "hyper_parameters": argparse.Namespace(flow_steps=4),
    }
    checkpoint["state_dict"]["val_auroc.preds"] = torch.tensor([0.25, float("nan")])
    torch.save(checkpoint, fixtures / "convert" / f"{name}.ckpt")
