#include "../kernels/nfa_tree.h"

#include "../plain/nfa_tree.h"
#include "functions.h"
#include "segmentation.h"

namespace uflow::addon {

Napi::Value nfa_tree(const Napi::CallbackInfo& info) {
  const FloatTensor given(info[0], "energy", FloatTensor::Kind::energy);
  const auto options = optional_object(info[1], "options");
  const Tail kind = tail(options.Get("tail"), "options.tail");
  return guarded(info.Env(), [&] {
    auto out = floats(info.Env(), given.size().pixels());
    ClusterFinder().find(given.energy(), kind, Significance::probability, memory(out));
    return map_object(info.Env(), out, given.size());
  });
}

namespace {

template <auto kernel>
Napi::Value nfa_tree_map_by(const Napi::CallbackInfo& info) {
  const auto given = energies(info[0]);
  const auto to = object(info[1], "to");
  const Size target = size(to, "to");
  const Tail kind = tail(to.Get("tail"), "to.tail");
  const Tests counted = tests(to.Get("tests"), "to.tests");
  return guarded(info.Env(), [&] {
    auto out = floats(info.Env(), target.pixels());
    kernel(views(given), target, kind, counted, memory(out));
    return map_object(info.Env(), out, target);
  });
}

void fast_nfa_tree_map(std::span<const EnergyView> energies, Size to, Tail tail, Tests tests,
                       std::span<float> out) {
  NfaTreeWorkspace workspace;
  uflow::nfa_tree_map(energies, to, tail, tests, out, workspace);
}

}  // namespace

Napi::Value nfa_tree_map(const Napi::CallbackInfo& info) {
  return nfa_tree_map_by<fast_nfa_tree_map>(info);
}

Napi::Value plain_nfa_tree_map(const Napi::CallbackInfo& info) {
  return nfa_tree_map_by<plain::nfa_tree_map>(info);
}

}  // namespace uflow::addon
