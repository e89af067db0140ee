#include "../kernels/tail.h"

#include <cmath>

#include "functions.h"
#include "segmentation.h"

namespace uflow::addon {

Napi::Value log_chi2_survival(const Napi::CallbackInfo& info) {
  const double x = number(info[0], "x");
  const double dof = number_within(info[1], "dof", 0.001, 1e9);
  if (x < 0) bad_option(info.Env(), "expected a number ≥ 0 for x but received " + shown(info[0]));
  return Napi::Number::New(info.Env(), uflow::log_chi2_survival(x, dof, tail(info[2], "tail")));
}

Napi::Value log_number_of_regions(const Napi::CallbackInfo& info) {
  if (!info[0].IsArray() || info[0].As<Napi::Array>().Length() == 0) {
    bad_option(info.Env(),
               "expected an array of at least one number for pixels but received " + shown(info[0]));
  }
  const auto list = info[0].As<Napi::Array>();
  std::vector<double> pixels;
  for (std::uint32_t i = 0, count = list.Length(); i < count; i++) {
    const Napi::Value value = list.Get(i);
    const double n = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
    if (!(n >= 1 && n <= 9007199254740991.0 && n == std::floor(n))) {
      bad_option(info.Env(), "expected a whole number ≥ 1 for pixels[" + std::to_string(i) +
                                 "] but received " + shown(value));
    }
    pixels.push_back(n);
  }
  return Napi::Number::New(info.Env(), uflow::log_number_of_regions(pixels));
}

}  // namespace uflow::addon
