#include "../kernels/regions.h"

#include <optional>

#include "functions.h"
#include "segmentation.h"

namespace uflow::addon {
namespace {

std::optional<FloatTensor> read_score(Napi::Value value, Size wanted) {
  if (value.IsUndefined()) return std::nullopt;
  FloatTensor score(value, "options.score", FloatTensor::Kind::map);
  if (score.size().width != wanted.width || score.size().height != wanted.height) {
    bad_option(value.Env(), "expected options.score to have the size of logNfa");
  }
  return score;
}

}  // namespace

Napi::Value regions(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const FloatTensor log_nfa(info[0], "logNfa", FloatTensor::Kind::map);
  const auto options = optional_object(info[1], "options");
  const double threshold = log_epsilon(options.Get("logEpsilon"), "options.logEpsilon");
  const Connectivity rule = connectivity(options.Get("connectivity"), "options.connectivity");
  const auto score = read_score(options.Get("score"), log_nfa.size());
  return guarded(env, [&] {
    return packed(env, uflow::regions(log_nfa.map(), threshold, rule, score ? score->map().data : nullptr));
  });
}

}  // namespace uflow::addon
