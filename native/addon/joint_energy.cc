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
  const Napi::Value options = info[1];
  const auto side =
      options.IsUndefined() ? 1 : odd_side(object(options, "options").Get("side"), "options.side");
  return guarded(info.Env(), [&] {
    const auto from = views(given);
    auto out = floats(info.Env(), given[0].size().pixels());
    kernel(from, memory(out));
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

void fast_joint_energy(std::span<const EnergyView> energies, std::span<float> out) {
  JointEnergyWorkspace workspace;
  uflow::joint_energy(energies, out, workspace);
}

}  // namespace

Napi::Value joint_energy(const Napi::CallbackInfo& info) {
  return joint_energy_by<fast_joint_energy>(info);
}

Napi::Value plain_joint_energy(const Napi::CallbackInfo& info) {
  return joint_energy_by<plain::joint_energy>(info);
}

}  // namespace uflow::addon
