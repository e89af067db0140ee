#include "../kernels/regions.h"

#include <cstring>
#include <optional>

#include "arguments.h"
#include "functions.h"

namespace uflow::addon {
namespace {

// What stands in `numbers` for each region.
constexpr std::size_t numbers_per_region = 12;

void write_numbers(const Region& region, double* to) {
  const auto number = [](std::size_t value) { return static_cast<double>(value); };
  *to++ = region.log_nfa;
  *to++ = number(region.area);
  *to++ = number(region.x);
  *to++ = number(region.y);
  *to++ = number(region.width);
  *to++ = number(region.height);
  *to++ = region.centroid.x;
  *to++ = region.centroid.y;
  *to++ = number(region.peak_x);
  *to++ = number(region.peak_y);
  *to++ = region.peak_score;
  *to++ = number(region.polygons);
}

// Plain structs as the numbers that they consist of.
template <typename Number, typename Struct>
Napi::TypedArrayOf<Number> flat_copy(Napi::Env env, const std::vector<Struct>& list) {
  static_assert(sizeof(Struct) == 2 * sizeof(Number));
  auto array = Napi::TypedArrayOf<Number>::New(env, 2 * list.size());
  if (!list.empty()) std::memcpy(array.Data(), list.data(), list.size() * sizeof(Struct));
  return array;
}

// Objects cost much more to make here than in JavaScript.
Napi::Object packed(Napi::Env env, const Regions& found) {
  auto numbers = Napi::Float64Array::New(env, numbers_per_region * found.list.size());
  double* to = numbers.Data();
  for (const Region& region : found.list) {
    write_numbers(region, to);
    to += numbers_per_region;
  }
  auto result = Napi::Object::New(env);
  result.Set("numbers", numbers);
  result.Set("polygons", flat_copy<std::uint32_t>(env, found.polygons));
  result.Set("points", flat_copy<double>(env, found.points));
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
    const auto rule = count == 4 ? Connectivity::four : Connectivity::eight;
    return packed(env, uflow::regions(log_nfa.map(), log_epsilon, rule, score ? score->map().data : nullptr));
  });
}

}  // namespace uflow::addon
