"""Runs the Python peers of the bench: JSON lines in, JSON lines out, one thread.

{"do": "versions", "modules": [...]}           -> {"versions": "Python 3.11.2, numpy 1.24.2, ..."}
{"do": "prepare", "module": path, "task": name, "arguments": {...}, "expected": path or null}
                                               -> {"difference": number or null}
                                                  {"absent": null or why}: the module does not do this
{"do": "run", "times": n}                      -> {"seconds": [...]}
Whatever fails                                 -> {"error": message}

An array comes as {"npy": path, "shape": [...]}. `difference` is the largest |result - expected| / (1 + |expected|).
"""

import importlib
import importlib.util
import json
import os
import platform
import sys
import time
import traceback

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
answers = sys.stdout
sys.stdout = sys.stderr  # what a peer prints must not end among the answers

call = None


def versions(modules):
    named = [f"{name} {importlib.import_module(name).__version__}" for name in modules]
    return {"versions": ", ".join([f"Python {platform.python_version()}", *named])}


def decoded(value):
    if isinstance(value, list):
        return [decoded(item) for item in value]
    if isinstance(value, dict) and "npy" in value:
        return np.load(value["npy"]).reshape(value["shape"])
    return value


def loaded(path):
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    return module


def difference(result, expected):
    if expected is None:
        return None
    result = np.asarray(result, np.float64).ravel()
    expected = np.load(expected).astype(np.float64).ravel()
    if result.shape != expected.shape or not np.isfinite(result).all():
        return 1e300  # JSON knows no infinity
    return float(np.max(np.abs(result - expected) / (1 + np.abs(expected)), initial=0))


def prepare(module, task, arguments, expected):
    global call
    function = getattr(loaded(module), task, None)
    if function is None:
        return {"absent": None}
    arguments = {name: decoded(value) for name, value in arguments.items()}
    call = lambda: function(**arguments)
    return {"difference": difference(call(), expected)}


def run(times):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return {"seconds": seconds}


for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = {"versions": versions, "prepare": prepare, "run": run}[request.pop("do")](**request)
    except NotImplementedError as error:
        answer = {"absent": str(error)}
    except Exception as error:
        traceback.print_exc()
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), file=answers, flush=True)
