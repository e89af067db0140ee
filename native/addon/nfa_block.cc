#include "../kernels/nfa_block.h"

#include "../plain/nfa_block.h"
#include "functions.h"
#include "segmentation.h"

namespace uflow::addon {
namespace {

template <auto kernel>
Napi::Value nfa_block_map_by(const Napi::CallbackInfo& info) {
  const auto given = latents(info[0]);
  const auto to = object(info[1], "to");
  const Size target = size(to, "to");
  const WindowTest test = window_test(to, "to");
  return guarded(info.Env(), [&] {
    auto out = floats(info.Env(), target.pixels());
    std::vector<LatentView> views;
    for (const auto& latent : given) views.push_back(latent.latent());
    kernel(views, target, test, memory(out));
    return map_object(info.Env(), out, target);
  });
}

}  // namespace

Napi::Value log_binomial_survival(const Napi::CallbackInfo& info) {
  const double x = number(info[0], "x");
  const std::uint32_t n = whole_number(info[1], "n", 1'000'000);
  const double p = number(info[2], "p");
  if (!(p >= 1e-300 && p < 1)) {
    bad_option(info.Env(),
               "expected a number of at least 1e-300 and below 1 for p but received " + shown(info[2]));
  }
  return Napi::Number::New(info.Env(), uflow::log_binomial_survival(x, n, p, binomial_kind(info[3], "kind")));
}

Napi::Value nfa_block_map(const Napi::CallbackInfo& info) {
  return nfa_block_map_by<uflow::nfa_block_map>(info);
}

Napi::Value plain_nfa_block_map(const Napi::CallbackInfo& info) {
  return nfa_block_map_by<plain::nfa_block_map>(info);
}

Napi::Value nfa_block_map_of_counts(const Napi::CallbackInfo& info) {
  const auto given = counts(info[0]);
  const auto to = object(info[1], "to");
  const Size target = size(to, "to");
  const WindowTest test = window_test(to, "to");
  return guarded(info.Env(), [&] {
    auto out = floats(info.Env(), target.pixels());
    uflow::nfa_block_map_of_counts(counts_of(given), target, test, memory(out));
    return map_object(info.Env(), out, target);
  });
}

Napi::Value window_threshold(const Napi::CallbackInfo& info) {
  const double probability = info[0].IsUndefined() ? WindowTest().probability
                                                   : number_within(info[0], "probability", 1e-6, 1 - 1e-6);
  return Napi::Number::New(info.Env(), static_cast<float>(chi2_quantile(probability)));
}

}  // namespace uflow::addon
