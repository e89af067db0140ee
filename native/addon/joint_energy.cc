#include "../kernels/joint_energy.h"

#include "../kernels/box_mean.h"
#include "../plain/joint_energy.h"
#include "arguments.h"
#include "functions.h"

namespace uflow::addon {
namespace {

template <auto kernel>
Napi::Value joint_energy_by(const Napi::CallbackInfo& info) {
  const auto given = energies(info[0]);
  std::size_t side = 1;
  bool soft = false;
  if (!info[1].IsUndefined()) {
    const auto options = object(info[1], "options");
    const Napi::Value given_side = options.Get("side");
    if (!given_side.IsUndefined()) side = odd_side(given_side, "options.side");
    soft = flag(options.Get("soft"), "options.soft");
  }
  return guarded(info.Env(), [&] {
    const auto from = views(given);
    auto out = floats(info.Env(), given[0].size().pixels());
    kernel(from, soft, memory(out));
    std::vector<float> workspace;
    box_mean(memory(out), given[0].size(), side, workspace);
    const auto [scale, dof, area] = joint_background(from);
    auto result = map_object(info.Env(), out, given[0].size());
    result.Set("channels", 1);
    result.Set("scale", scale);
    result.Set("dof", dof);
    result.Set("area", area);
    return result;
  });
}

void fast_joint_energy(std::span<const EnergyView> energies, bool soft, std::span<float> out) {
  JointEnergyWorkspace workspace;
  uflow::joint_energy(energies, soft, out, workspace);
}

}  // namespace

Napi::Value joint_energy(const Napi::CallbackInfo& info) {
  return joint_energy_by<fast_joint_energy>(info);
}

Napi::Value plain_joint_energy(const Napi::CallbackInfo& info) {
  return joint_energy_by<plain::joint_energy>(info);
}

}  // namespace uflow::addon
