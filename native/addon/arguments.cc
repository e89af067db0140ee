#include "arguments.h"

#include <cmath>
#include <sstream>

namespace uflow::addon {
namespace {

constexpr std::uint32_t largest_dimension = 65535;
constexpr std::size_t largest_map = std::size_t{1} << 28;

std::string expected(const std::string& what, const std::string& name, const std::string& received) {
  return "expected " + what + " for " + name + " but received " + received;
}

template <typename Array>
Array given_or_new(Napi::Env env, std::size_t count, Napi::Value given, napi_typedarray_type type,
                   const std::string& kind, const std::string& name) {
  if (given.IsUndefined()) return Array::New(env, count);
  const bool fits = given.IsTypedArray() && given.As<Napi::TypedArray>().TypedArrayType() == type &&
                    given.As<Napi::TypedArray>().ElementLength() == count;
  if (!fits) {
    bad_tensor(env, "expected a " + kind + " of " + std::to_string(count) + " elements for " + name +
                        " but received " + shown(given));
  }
  return given.As<Array>();
}

}  // namespace

void fail(Napi::Env env, const char* code, const std::string& message) {
  auto error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  throw error;
}

void bad_option(Napi::Env env, const std::string& message) {
  fail(env, "ERR_UFLOW_BAD_OPTION", message);
}

void bad_tensor(Napi::Env env, const std::string& message) {
  fail(env, "ERR_UFLOW_BAD_TENSOR", message);
}

std::string shown(Napi::Value value) {
  if (value.IsUndefined()) return "nothing";
  if (value.IsNull() || value.IsNumber() || value.IsBoolean()) return value.ToString();
  if (value.IsString()) return '"' + value.As<Napi::String>().Utf8Value().substr(0, 40) + '"';
  if (value.IsTypedArray()) {
    return "a typed array of " + std::to_string(value.As<Napi::TypedArray>().ElementLength()) + " elements";
  }
  if (value.IsArray()) return "an array";
  return value.IsObject() ? "an object" : "a value of another type";
}

Napi::Object object(Napi::Value value, const std::string& name) {
  if (!value.IsObject()) bad_option(value.Env(), expected("an object", name, shown(value)));
  return value.As<Napi::Object>();
}

Napi::Object optional_object(Napi::Value value, const std::string& name) {
  return value.IsUndefined() ? Napi::Object::New(value.Env()) : object(value, name);
}

double number(Napi::Value value, const std::string& name) {
  if (!value.IsNumber() || std::isnan(value.As<Napi::Number>().DoubleValue())) {
    bad_option(value.Env(), expected("a number", name, shown(value)));
  }
  return value.As<Napi::Number>().DoubleValue();
}

bool flag(Napi::Value value, const std::string& name) {
  if (value.IsUndefined()) return false;
  if (!value.IsBoolean()) bad_option(value.Env(), expected("true or false", name, shown(value)));
  return value.As<Napi::Boolean>();
}

double number_within(Napi::Value value, const std::string& name, double least, double most) {
  const double given = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (given >= least && given <= most) return given;
  std::ostringstream what;
  what << "a number from " << least << " to " << most;
  bad_option(value.Env(), expected(what.str(), name, shown(value)));
}

std::uint32_t whole_number(Napi::Value value, const std::string& name, std::uint32_t most) {
  const double given = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : 0;
  if (!(given >= 1 && given <= most && given == std::floor(given))) {
    bad_option(value.Env(), expected("a whole number from 1 to " + std::to_string(most), name, shown(value)));
  }
  return static_cast<std::uint32_t>(given);
}

std::size_t odd_side(Napi::Value value, const std::string& name) {
  const std::uint32_t side = whole_number(value, name, 255);
  if (side % 2 == 0) bad_option(value.Env(), expected("an odd number", name, shown(value)));
  return side;
}

std::size_t dimension(Napi::Value value, const std::string& name) {
  return whole_number(value, name, largest_dimension);
}

Size size(Napi::Object from, const std::string& name) {
  const Size result{dimension(from.Get("width"), name + ".width"),
                    dimension(from.Get("height"), name + ".height")};
  if (result.pixels() > largest_map) {
    bad_option(from.Env(), expected("at most 2^28 pixels", name,
                                    std::to_string(result.width) + " × " + std::to_string(result.height)));
  }
  return result;
}

std::size_t choice(Napi::Value value, const std::string& name, std::span<const char* const> words) {
  if (value.IsUndefined()) return 0;
  std::string all;
  for (std::size_t i = 0; i < words.size(); i++) {
    if (value.IsString() && value.As<Napi::String>().Utf8Value() == words[i]) return i;
    all += (i == 0 ? "\"" : " or \"") + std::string(words[i]) + '"';
  }
  bad_option(value.Env(), expected(all, name, shown(value)));
}

Background background(Napi::Object from, const std::string& name, Background otherwise) {
  Background result = otherwise;
  const Napi::Value scale = from.Get("scale");
  const Napi::Value dof = from.Get("dof");
  const Napi::Value area = from.Get("area");
  if (!scale.IsUndefined()) result.scale = number_within(scale, name + ".scale", 1e-30, 1e30);
  if (!dof.IsUndefined()) result.dof = number_within(dof, name + ".dof", 0.001, 1e9);
  if (!area.IsUndefined()) result.area = number_within(area, name + ".area", 1, 1e9);
  return result;
}

FloatTensor::FloatTensor(Napi::Value value, const std::string& name, Kind kind) : name_(name), kind_(kind) {
  const auto from = object(value, name);
  if (kind != Kind::map) channels_ = dimension(from.Get("channels"), name + ".channels");
  size_ = addon::size(from, name);
  background_.dof = static_cast<double>(channels_);
  if (kind == Kind::energy) background_ = background(from, name, background_);
  const Napi::Value data = from.Get("data");
  const bool fits = data.IsTypedArray() && data.As<Napi::TypedArray>().TypedArrayType() == napi_float32_array;
  if (!fits) bad_tensor(value.Env(), expected("a Float32Array", name + ".data", shown(data)));
  data_ = data;
}

const float* FloatTensor::memory() const {
  // The wrapper caches address and length, so it is made anew.
  const auto data = data_.As<Napi::Float32Array>();
  const std::size_t planes = kind_ == Kind::latent ? channels_ : 1;
  if (data.ElementLength() != planes * size_.pixels()) {
    const std::string product = (kind_ == Kind::latent ? std::to_string(channels_) + " × " : "") +
                                std::to_string(size_.height) + " × " + std::to_string(size_.width);
    bad_tensor(data_.Env(),
               expected("a Float32Array of " + product + " elements", name_ + ".data", shown(data_)));
  }
  return data.Data();
}

namespace {

std::vector<FloatTensor> list(Napi::Value value, const std::string& one, const std::string& many,
                              FloatTensor::Kind kind) {
  if (!value.IsArray() || value.As<Napi::Array>().Length() == 0) {
    bad_option(value.Env(), expected("an array of at least one " + one, many, shown(value)));
  }
  const auto list = value.As<Napi::Array>();
  if (list.Length() > 64) bad_option(value.Env(), "expected at most 64 " + many + " but received more");
  std::vector<FloatTensor> result;
  for (std::uint32_t i = 0, count = list.Length(); i < count; i++) {
    result.emplace_back(list.Get(i), many + "[" + std::to_string(i) + "]", kind);
  }
  return result;
}

}  // namespace

std::vector<FloatTensor> energies(Napi::Value value) {
  return list(value, "energy", "energies", FloatTensor::Kind::energy);
}

std::vector<FloatTensor> counts(Napi::Value value) {
  return list(value, "map of counts", "counts", FloatTensor::Kind::energy);
}

std::vector<FloatTensor> latents(Napi::Value value) {
  return list(value, "latent", "latents", FloatTensor::Kind::latent);
}

std::vector<EnergyView> views(std::span<const FloatTensor> tensors) {
  std::vector<EnergyView> result;
  for (const auto& tensor : tensors) result.push_back(tensor.energy());
  return result;
}

Napi::Float32Array floats(Napi::Env env, std::size_t count) {
  return Napi::Float32Array::New(env, count);
}

Napi::Float32Array floats(Napi::Env env, std::size_t count, Napi::Value given, const std::string& name) {
  return given_or_new<Napi::Float32Array>(env, count, given, napi_float32_array, "Float32Array", name);
}

Napi::Uint8Array bytes(Napi::Env env, std::size_t count, Napi::Value given, const std::string& name) {
  return given_or_new<Napi::Uint8Array>(env, count, given, napi_uint8_array, "Uint8Array", name);
}

std::span<float> memory(Napi::Float32Array array) {
  return {array.Data(), array.ElementLength()};
}

Napi::Object map_object(Napi::Env env, Napi::Float32Array data, Size size) {
  auto map = Napi::Object::New(env);
  map.Set("data", data);
  map.Set("height", static_cast<double>(size.height));
  map.Set("width", static_cast<double>(size.width));
  return map;
}

}  // namespace uflow::addon
