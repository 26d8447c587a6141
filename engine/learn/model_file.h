#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>
#include <nlohmann/json.hpp>

namespace impact {

/// Numbers or bytes of a saved model; doubles keep their bits.
using ModelBlock = std::variant<std::vector<double>, std::vector<float>, std::vector<std::int64_t>,
                                std::vector<std::int32_t>, std::vector<std::uint8_t>>;

/// A trained model as data. `kind` and `version` say which reader understands it.
struct ModelFile {
  std::string kind = {};                             ///< "random_forest", "elastic_net", ...
  int version = 1;                                   ///< Of that kind's layout.
  nlohmann::json header = nlohmann::json::object();  ///< Finite numbers and UTF-8 texts only.
  std::map<std::string, ModelBlock> blocks = {};
};

/// The model as bytes. Equal models give equal bytes, on every machine; nothing in them is ever
/// executed. Little-endian:
///
///     "impact-model 1\n"
///     SHA-256 of everything behind this line, 64 hex digits, "\n"
///     bytes of the header in decimal, "\n"
///     header: canonical JSON {"blocks":[{"count","name","type"}],"header","kind","version"}
///     the blocks in the header's order (by name), each at the next multiple of eight bytes from
///     the end of the header, gaps zero; type is f64, f32, i64, i32 or u8
///
/// Throws DataError for texts that are no UTF-8 and numbers that JSON can't hold.
[[nodiscard]] std::string encode_model(const ModelFile& model);

/// Inverse of encode_model. Throws DataError for anything that encode_model does not write: cut
/// off, too long, changed anywhere, written by a newer version (said so). `where` names the file.
/// Never reads outside `bytes`; asks for no more memory than a small multiple of their size.
[[nodiscard]] ModelFile decode_model(std::string_view bytes, std::string_view where);

/// The block of that name and type; throws DataError when the model has none, or one of another
/// length than `count` (-1: any).
template <class T>
[[nodiscard]] const std::vector<T>& model_block(const ModelFile& model, const std::string& name,
                                                std::int64_t count = -1);

}  // namespace impact
