#include "../kernels/frame.h"

#include <optional>

#include "../plain/frame.h"
#include "arguments.h"
#include "functions.h"

namespace uflow::addon {
namespace {

struct Format {
  std::string name;
  Colours colours;
  Packing packing;
};

template <typename Meaning>
struct Word {
  const char* word;
  Meaning meaning;
};

constexpr Word<Colours> patterns[] = {{"Mono", Colours::mono},
                                      {"BayerRG", Colours::bayer_rg},
                                      {"BayerGR", Colours::bayer_gr},
                                      {"BayerGB", Colours::bayer_gb},
                                      {"BayerBG", Colours::bayer_bg}};
constexpr Word<Packing> packings[] = {{"8", Packing::bits8},
                                      {"10", Packing::bits10},
                                      {"12", Packing::bits12},
                                      {"16", Packing::bits16},
                                      {"10p", Packing::bits10p},
                                      {"12p", Packing::bits12p},
                                      {"12Packed", Packing::bits12_packed}};
constexpr Word<Colours> colours[] = {
    {"RGB8", Colours::rgb}, {"BGR8", Colours::bgr}, {"RGBa8", Colours::rgba}, {"BGRa8", Colours::bgra}};

std::optional<Format> format_named(const std::string& name) {
  for (const auto& [word, meaning] : colours) {
    if (name == word) return Format{name, meaning, Packing::bits8};
  }
  for (const auto& [pattern, what] : patterns) {
    for (const auto& [bits, how] : packings) {
      if (name == std::string(pattern) + bits) return Format{name, what, how};
    }
  }
  return std::nullopt;
}

Format read_format(Napi::Value value) {
  const auto found =
      value.IsString() ? format_named(value.As<Napi::String>().Utf8Value()) : std::optional<Format>();
  if (found) return *found;
  bad_option(value.Env(),
             "expected Mono, BayerRG, BayerGR, BayerGB or BayerBG with 8, 10, 12, 16, 10p, 12p or 12Packed, "
             "or RGB8, BGR8, RGBa8 or BGRa8 for frame.format but received " +
                 shown(value));
}

std::string row_of(Size size, const Format& format) {
  return "a row of " + std::to_string(size.width) + " pixels of " + format.name;
}

// Bytes from one row to the next: as given, or those of a row.
std::size_t read_stride(Napi::Value value, Size size, const Format& format, std::size_t row) {
  if (!value.IsUndefined()) {
    const std::size_t stride = whole_number(value, "frame.stride", 1u << 31);
    if (stride >= row) return stride;
    bad_option(value.Env(), "expected at least " + std::to_string(row) + " bytes, " + row_of(size, format) +
                                ", for frame.stride but received " + shown(value));
  }
  if (row_bits(size.width, format.colours, format.packing) == 8 * row) return row;
  bad_option(value.Env(), "expected frame.stride, since " + row_of(size, format) +
                              " does not end with a byte; make the width a multiple of " +
                              (format.packing == Packing::bits10p ? "4" : "2") +
                              ", or give the stride where rows begin at whole bytes");
}

class Frame {
 public:
  explicit Frame(Napi::Value value) {
    const auto from = object(value, "frame");
    size_ = addon::size(from, "frame");
    format_ = read_format(from.Get("format"));
    row_ = (row_bits(size_.width, format_.colours, format_.packing) + 7) / 8;
    stride_ = read_stride(from.Get("stride"), size_, format_, row_);
    if (is_mosaic(format_.colours) && (size_.width < 2 || size_.height < 2)) {
      bad_option(value.Env(), "expected at least 2 × 2 pixels of " + format_.name + " but received " +
                                  std::to_string(size_.width) + " × " + std::to_string(size_.height));
    }
    data_ = from.Get("data");
    check_type();
  }

  FrameView view() const { return {memory(), size_, stride_, format_.colours, format_.packing}; }
  Size size() const { return size_; }
  std::size_t channels() const { return image_channels(format_.colours); }

 private:
  void check_type() const {
    const bool words = format_.packing == Packing::bits10 || format_.packing == Packing::bits12 ||
                       format_.packing == Packing::bits16;
    const auto type =
        data_.IsTypedArray() ? data_.As<Napi::TypedArray>().TypedArrayType() : napi_float64_array;
    if (type == napi_uint8_array || (words && type == napi_uint16_array)) return;
    bad_tensor(data_.Env(), std::string("expected a Uint8Array ") + (words ? "or a Uint16Array " : "") +
                                "for frame.data of " + format_.name + " but received " + shown(data_));
  }

  // The wrapper caches address and length, so it is made anew: reading `data` may have run JavaScript.
  const std::uint8_t* memory() const {
    const auto data = data_.As<Napi::TypedArray>();
    const std::size_t least = (size_.height - 1) * stride_ + row_, most = size_.height * stride_;
    if (data.ByteLength() < least || data.ByteLength() > most) {
      bad_tensor(data_.Env(), "expected " + std::to_string(size_.height) + " rows of " +
                                  std::to_string(stride_) + " bytes, " + std::to_string(most) +
                                  " in all, for frame.data of " + format_.name + " but received " +
                                  std::to_string(data.ByteLength()) + " bytes");
    }
    return data.TypedArrayType() == napi_uint8_array
               ? data_.As<Napi::Uint8Array>().Data()
               : reinterpret_cast<const std::uint8_t*>(data_.As<Napi::Uint16Array>().Data());
  }

  Size size_{};
  Format format_{};
  std::size_t row_ = 0;
  std::size_t stride_ = 0;
  Napi::Value data_;
};

template <auto kernel>
Napi::Value image_of_frame_by(const Napi::CallbackInfo& info) {
  const Frame frame(info[0]);
  return guarded(info.Env(), [&] {
    auto data = Napi::Uint8Array::New(info.Env(), frame.size().pixels() * frame.channels());
    kernel(frame.view(), std::span(data.Data(), data.ElementLength()));
    auto image = Napi::Object::New(info.Env());
    image.Set("data", data);
    image.Set("width", static_cast<double>(frame.size().width));
    image.Set("height", static_cast<double>(frame.size().height));
    image.Set("channels", static_cast<double>(frame.channels()));
    return image;
  });
}

void fast_image_of_frame(FrameView frame, std::span<std::uint8_t> image) {
  FrameWorkspace workspace;
  uflow::image_of_frame(frame, image, workspace);
}

}  // namespace

Napi::Value image_of_frame(const Napi::CallbackInfo& info) {
  return image_of_frame_by<fast_image_of_frame>(info);
}

Napi::Value plain_image_of_frame(const Napi::CallbackInfo& info) {
  return image_of_frame_by<plain::image_of_frame>(info);
}

}  // namespace uflow::addon
