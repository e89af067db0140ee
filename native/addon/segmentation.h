// Reading and writing what the functions of phase 4 share.
#pragma once

#include "../kernels/nfa_block.h"
#include "../kernels/number_of_regions.h"
#include "../kernels/regions.h"
#include "../kernels/tail.h"
#include "arguments.h"

namespace uflow::addon {

// "exact" or "chernoff"; absent: exact.
Tail tail(Napi::Value value, const std::string& name);
// "all", "per-scale" or "by-size"; absent: all.
Tests tests(Napi::Value value, const std::string& name);
// A number; absent: 0.
double log_epsilon(Napi::Value value, const std::string& name);
// 4 or 8; absent: 4.
Connectivity connectivity(Napi::Value value, const std::string& name);

// "discrete" or "continuous"; absent: discrete.
BinomialKind binomial_kind(Napi::Value value, const std::string& name);
// `windowSize`, `probability` and `kind` of an object called `name`.
WindowTest window_test(Napi::Object from, const std::string& name);
std::vector<CountsView> counts_of(std::span<const FloatTensor> tensors);

// { numbers, polygons, points }, since objects cost much more to make here than in JavaScript.
Napi::Object packed(Napi::Env env, const Regions& found);

}  // namespace uflow::addon
