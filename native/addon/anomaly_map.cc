#include "../kernels/anomaly_map.h"

#include "arguments.h"
#include "functions.h"

namespace uflow::addon {

Napi::Value energy(const Napi::CallbackInfo& info) {
  const FloatTensor latent(info[0], "latent", FloatTensor::Kind::latent);
  return guarded(info.Env(), [&] {
    auto out = floats(info.Env(), latent.size().pixels());
    uflow::energy(latent.latent(), memory(out));
    auto result = map_object(info.Env(), out, latent.size());
    result.Set("channels", static_cast<double>(latent.channels()));
    return result;
  });
}

Napi::Value anomaly_map(const Napi::CallbackInfo& info) {
  const auto given = energies(info[0]);
  const Size target = size(object(info[1], "to"), "to");
  return guarded(info.Env(), [&] {
    auto out = floats(info.Env(), target.pixels());
    uflow::anomaly_map(views(given), target, memory(out));
    return map_object(info.Env(), out, target);
  });
}

}  // namespace uflow::addon
