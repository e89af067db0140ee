#include "../kernels/regions.h"

#include <optional>

#include "arguments.h"
#include "functions.h"

namespace uflow::addon {
namespace {

Napi::Object point(Napi::Env env, double x, double y) {
  auto result = Napi::Object::New(env);
  result.Set("x", x);
  result.Set("y", y);
  return result;
}

Napi::Array contour(Napi::Env env, std::span<const Point> corners) {
  auto result = Napi::Array::New(env, corners.size());
  for (std::uint32_t i = 0; i < corners.size(); i++) {
    auto corner = Napi::Array::New(env, 2);
    corner.Set(std::uint32_t{0}, corners[i].x);
    corner.Set(std::uint32_t{1}, corners[i].y);
    result.Set(i, corner);
  }
  return result;
}

Napi::Object region(Napi::Env env, const Region& found) {
  const Napi::HandleScope scope(env);
  auto box = point(env, static_cast<double>(found.x), static_cast<double>(found.y));
  box.Set("width", static_cast<double>(found.width));
  box.Set("height", static_cast<double>(found.height));
  auto peak = point(env, static_cast<double>(found.peak_x), static_cast<double>(found.peak_y));
  peak.Set("score", found.peak_score);
  auto result = Napi::Object::New(env);
  result.Set("logNfa", found.log_nfa);
  result.Set("area", static_cast<double>(found.area));
  result.Set("box", box);
  result.Set("centroid", point(env, found.centroid.x, found.centroid.y));
  result.Set("peak", peak);
  result.Set("contour", contour(env, found.contour));
  return result;
}

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
  const Napi::Value threshold = options.Get("logEpsilon");
  const double log_epsilon = threshold.IsUndefined() ? 0 : number(threshold, "options.logEpsilon");
  const Napi::Value neighbours = options.Get("connectivity");
  const double count = neighbours.IsUndefined() ? 4 : number(neighbours, "options.connectivity");
  if (count != 4 && count != 8) {
    bad_option(env, "expected 4 or 8 for options.connectivity but received " + shown(neighbours));
  }
  const auto score = read_score(options.Get("score"), log_nfa.size());
  return guarded(env, [&] {
    const auto found =
        uflow::regions(log_nfa.map(), log_epsilon, count == 4 ? Connectivity::four : Connectivity::eight,
                       score ? score->map().data : nullptr);
    auto result = Napi::Array::New(env, found.size());
    for (std::uint32_t i = 0; i < found.size(); i++) result.Set(i, region(env, found[i]));
    return result;
  });
}

}  // namespace uflow::addon
