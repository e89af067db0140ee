#include "../kernels/anomaly_map.h"

#include "../plain/anomaly_map.h"
#include "arguments.h"
#include "functions.h"

namespace uflow::addon {
namespace {

template <auto kernel>
Napi::Value energy_by(const Napi::CallbackInfo& info) {
  const FloatTensor latent(info[0], "latent", FloatTensor::Kind::latent);
  return guarded(info.Env(), [&] {
    auto out = floats(info.Env(), latent.size().pixels());
    kernel(latent.latent(), memory(out));
    auto result = map_object(info.Env(), out, latent.size());
    result.Set("channels", static_cast<double>(latent.channels()));
    return result;
  });
}

template <auto kernel>
Napi::Value anomaly_map_by(const Napi::CallbackInfo& info) {
  const auto given = energies(info[0]);
  const Size target = size(object(info[1], "to"), "to");
  return guarded(info.Env(), [&] {
    auto out = floats(info.Env(), target.pixels());
    kernel(views(given), target, memory(out));
    return map_object(info.Env(), out, target);
  });
}

void fast_anomaly_map(std::span<const EnergyView> energies, Size to, std::span<float> out) {
  AnomalyMapWorkspace workspace;
  uflow::anomaly_map(energies, to, out, workspace);
}

}  // namespace

Napi::Value energy(const Napi::CallbackInfo& info) {
  return energy_by<uflow::energy>(info);
}

Napi::Value plain_energy(const Napi::CallbackInfo& info) {
  return energy_by<plain::energy>(info);
}

Napi::Value anomaly_map(const Napi::CallbackInfo& info) {
  return anomaly_map_by<fast_anomaly_map>(info);
}

Napi::Value plain_anomaly_map(const Napi::CallbackInfo& info) {
  return anomaly_map_by<plain::anomaly_map>(info);
}

}  // namespace uflow::addon
