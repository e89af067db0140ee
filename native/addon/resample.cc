#include "../kernels/resample.h"

#include <cmath>

#include "../plain/resample.h"
#include "arguments.h"
#include "functions.h"

namespace uflow::addon {
namespace {

struct Image {
  Size size;
  std::size_t channels;
  Napi::Value data;

  ImageView view() const {
    const auto bytes = data.As<Napi::Uint8Array>();
    if (bytes.ElementLength() != size.pixels() * channels) {
      bad_tensor(data.Env(), "expected a Uint8Array of " + std::to_string(size.height) + " × " +
                                 std::to_string(size.width) + " × " + std::to_string(channels) +
                                 " elements for image.data but received " + shown(data));
    }
    return {bytes.Data(), size, channels};
  }
};

Image read_image(Napi::Value value) {
  const auto from = object(value, "image");
  const Size given = size(from, "image");
  const Napi::Value channels = from.Get("channels");
  const double count = channels.IsNumber() ? channels.As<Napi::Number>().DoubleValue() : 0;
  if (count != 1 && count != 3 && count != 4) {
    bad_option(value.Env(), "expected 1, 3 or 4 for image.channels but received " + shown(channels));
  }
  const Napi::Value data = from.Get("data");
  if (!data.IsTypedArray() || data.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
    bad_tensor(value.Env(), "expected a Uint8Array for image.data but received " + shown(data));
  }
  return {given, static_cast<std::size_t>(count), data};
}

void read_triple(Napi::Value value, const std::string& name, bool positive, std::array<float, 3>& into) {
  if (value.IsUndefined()) return;
  if (!value.IsArray() || value.As<Napi::Array>().Length() != 3) {
    bad_option(value.Env(),
               "expected an array of three numbers for " + name + " but received " + shown(value));
  }
  for (std::uint32_t i = 0; i < 3; i++) {
    const std::string element = name + "[" + std::to_string(i) + "]";
    into[i] = static_cast<float>(number(value.As<Napi::Array>().Get(i), element));
    if (!std::isfinite(into[i]) || (positive && into[i] <= 0)) {
      bad_option(value.Env(),
                 std::string("expected a finite number") + (positive ? " > 0" : "") + " for " + element);
    }
  }
}

// The normalised values of black and white; those of all other pixels lie between.
void check_range(Napi::Env env, const Normalization& given) {
  for (std::size_t i = 0; i < 3; i++) {
    const float black = (0 - given.mean[i]) / given.std[i];
    const float white = (1 - given.mean[i]) / given.std[i];
    if (std::isfinite(black) && std::isfinite(white)) continue;
    const std::string index = std::to_string(i) + "]";
    bad_option(env,
               "expected (value − mean) / std to be finite in single precision, but it is not for to.mean[" +
                   index + " and to.std[" + index);
  }
}

template <typename Kernel>
Napi::Value resample_by(const Napi::CallbackInfo& info, Kernel kernel) {
  const Image image = read_image(info[0]);
  const auto to = object(info[1], "to");
  const Size target = size(to, "to");
  Normalization normalization;
  read_triple(to.Get("mean"), "to.mean", false, normalization.mean);
  read_triple(to.Get("std"), "to.std", true, normalization.std);
  check_range(info.Env(), normalization);
  const Napi::Value into = to.Get("into");
  return guarded(info.Env(), [&] {
    auto out = floats(info.Env(), 3 * target.pixels(), into, "to.into");
    kernel(image.view(), target, normalization, memory(out));
    return out;
  });
}

class ResamplerObject : public Napi::ObjectWrap<ResamplerObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Resampler", {InstanceMethod("resample", &ResamplerObject::resample)});
  }

  explicit ResamplerObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

 private:
  Napi::Value resample(const Napi::CallbackInfo& info) {
    return resample_by(
        info, [this](ImageView image, Size to, const Normalization& normalization, std::span<float> out) {
          uflow::resample(image, to, normalization, out, workspace_);
        });
  }

  ResampleWorkspace workspace_;
};

}  // namespace

Napi::Value resample(const Napi::CallbackInfo& info) {
  ResampleWorkspace workspace;
  return resample_by(info,
                     [&](ImageView image, Size to, const Normalization& normalization, std::span<float> out) {
                       uflow::resample(image, to, normalization, out, workspace);
                     });
}

Napi::Function resampler_class(Napi::Env env) {
  return ResamplerObject::define(env);
}

Napi::Value plain_resample(const Napi::CallbackInfo& info) {
  return resample_by(info, plain::resample);
}

}  // namespace uflow::addon
