#include "../kernels/nfa_tree.h"

#include "../plain/nfa_tree.h"
#include "arguments.h"
#include "functions.h"
#include "tail.h"

namespace uflow::addon {

Napi::Value nfa_tree(const Napi::CallbackInfo& info) {
  const FloatTensor given(info[0], "energy", FloatTensor::Kind::energy);
  const auto options = optional_object(info[1], "options");
  const Tail kind = tail(options.Get("tail"), "options.tail");
  return guarded(info.Env(), [&] {
    auto out = floats(info.Env(), given.size().pixels());
    uflow::nfa_tree(given.energy(), kind, memory(out));
    return map_object(info.Env(), out, given.size());
  });
}

namespace {

template <auto kernel>
Napi::Value nfa_tree_map_by(const Napi::CallbackInfo& info) {
  static constexpr const char* words[] = {"all", "per-scale"};
  const auto given = energies(info[0]);
  const auto to = object(info[1], "to");
  const Size target = size(to, "to");
  const Tail kind = tail(to.Get("tail"), "to.tail");
  const Tests tests = choice(to.Get("tests"), "to.tests", words) == 0 ? Tests::all : Tests::per_scale;
  return guarded(info.Env(), [&] {
    auto out = floats(info.Env(), target.pixels());
    kernel(views(given), target, kind, tests, memory(out));
    return map_object(info.Env(), out, target);
  });
}

}  // namespace

Napi::Value nfa_tree_map(const Napi::CallbackInfo& info) {
  return nfa_tree_map_by<uflow::nfa_tree_map>(info);
}

Napi::Value plain_nfa_tree_map(const Napi::CallbackInfo& info) {
  return nfa_tree_map_by<plain::nfa_tree_map>(info);
}

}  // namespace uflow::addon
