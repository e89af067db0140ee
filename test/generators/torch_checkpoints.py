"""Writes the checkpoints of test/fixtures/weights, and what is in them as expected.json.

    python3 test/generators/torch_checkpoints.py        (PyTorch 1.13)
"""

import argparse
import json
from collections import OrderedDict
from pathlib import Path

import torch

folder = Path(__file__).resolve().parent.parent / "fixtures" / "weights"
torch.manual_seed(7)


def tensors():
    base = torch.randn(4, 6)
    shared = torch.arange(10, dtype=torch.float32)
    return OrderedDict(
        conv=torch.randn(2, 3, 1, 2),
        half=torch.tensor([0.0, -0.0, 1.0, -2.5, 65504.0, 6e-8, float("inf")]).half(),
        brain=torch.tensor([[1.0, -3.0e38], [1e-40, 0.1]]).bfloat16(),
        double=torch.tensor([0.1, -1e300, 2.0**-30], dtype=torch.float64),
        num_batches_tracked=torch.tensor(1234567890123),
        permutation=torch.tensor([2, 0, 1], dtype=torch.int32),
        short=torch.tensor([-32768, 5], dtype=torch.int16),
        char=torch.tensor([-128, 127], dtype=torch.int8),
        byte=torch.tensor([0, 255], dtype=torch.uint8),
        mask=torch.tensor([[True, False], [False, True]]),
        scalar=torch.tensor(0.25),
        empty=torch.zeros(0, 3),
        transposed=base.t(),
        window=base[1:3, 2:5],
        steps=base[::2, ::3].permute(1, 0),
        expanded=torch.tensor([[1.5], [2.5]]).expand(2, 100),
        shared_left=shared[:6],
        shared_right=shared[4:],
        shared_matrix=shared.view(5, 2),
    )


def expected(tensor):
    floating = tensor.dtype.is_floating_point
    numbers = tensor.float() if floating else tensor.long()
    # JSON has no infinity.
    values = [v if abs(v) != float("inf") else "-Infinity"[v > 0 :] for v in numbers.reshape(-1).tolist()]
    return {"dtype": str(tensor.dtype).replace("torch.", ""), "shape": list(tensor.shape), "values": values}


state = tensors()
module = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 1), torch.nn.BatchNorm2d(3))
parameters = OrderedDict(module.named_parameters())
optimizer = torch.optim.Adam(module.parameters())
module(torch.randn(2, 2, 3, 3)).sum().backward()
optimizer.step()

lightning = {
    "epoch": 3,
    "global_step": 120,
    "pytorch-lightning_version": "1.9.0",
    "state_dict": module.state_dict(),
    "loops": {"fit_loop": {"state_dict": {}, "total": [1, 2.5, None, True, (1, 2), {4, 5}, b"raw"]}},
    "callbacks": {"ModelCheckpoint{'monitor': 'auroc'}": {"best_model_score": torch.tensor(0.9), "kind": OSError}},
    "optimizer_states": [optimizer.state_dict()],
    "hyper_parameters": argparse.Namespace(flow_steps=4, device=torch.device("cpu"), dtype=torch.float16, big=1 << 80),
}

torch.save(state, folder / "plain.pth")
torch.save(state, folder / "legacy.pth", _use_new_zipfile_serialization=False)
torch.save({"model": parameters, "epoch": 1}, folder / "parameters.pt", pickle_protocol=4)
torch.save(lightning, folder / "lightning.ckpt")
torch.save(module, folder / "module.pth")

contents = {"plain.pth": state, "legacy.pth": state, "parameters.pt": parameters, "lightning.ckpt": module.state_dict()}
described = {file: {name: expected(t) for name, t in content.items()} for file, content in contents.items()}
(folder / "expected.json").write_text(json.dumps(described) + "\n")
