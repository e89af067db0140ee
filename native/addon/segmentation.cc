#include "segmentation.h"

#include <cstring>

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

}  // namespace

Tail tail(Napi::Value value, const std::string& name) {
  static constexpr const char* words[] = {"exact", "chernoff"};
  return static_cast<Tail>(choice(value, name, words));
}

Tests tests(Napi::Value value, const std::string& name) {
  static constexpr const char* words[] = {"all", "per-scale", "by-size"};
  return static_cast<Tests>(choice(value, name, words));
}

double log_epsilon(Napi::Value value, const std::string& name) {
  return value.IsUndefined() ? 0 : number(value, name);
}

Connectivity connectivity(Napi::Value value, const std::string& name) {
  const double count = value.IsUndefined() ? 4 : number(value, name);
  if (count == 4) return Connectivity::four;
  if (count == 8) return Connectivity::eight;
  bad_option(value.Env(), "expected 4 or 8 for " + name + " but received " + shown(value));
}

BinomialKind binomial_kind(Napi::Value value, const std::string& name) {
  static constexpr const char* words[] = {"discrete", "continuous"};
  return choice(value, name, words) == 0 ? BinomialKind::discrete : BinomialKind::continuous;
}

WindowTest window_test(Napi::Object from, const std::string& name) {
  WindowTest test;
  const Napi::Value window_size = from.Get("windowSize");
  const Napi::Value probability = from.Get("probability");
  if (!window_size.IsUndefined()) test.window_size = whole_number(window_size, name + ".windowSize", 63);
  if (!probability.IsUndefined()) {
    test.probability = number_within(probability, name + ".probability", 1e-6, 1 - 1e-6);
  }
  test.kind = binomial_kind(from.Get("kind"), name + ".kind");
  return test;
}

std::vector<CountsView> counts_of(std::span<const FloatTensor> tensors) {
  std::vector<CountsView> result;
  for (const auto& tensor : tensors) {
    const EnergyView given = tensor.energy();
    result.push_back({given.data, given.channels, given.size});
  }
  return result;
}

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

}  // namespace uflow::addon
