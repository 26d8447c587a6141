#include "engine/learn/model_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <optional>

#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/core/number.h"

namespace impact {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "blocks are copied as they lie");

constexpr std::string_view kName = "impact-model ";
constexpr std::int64_t kFormat = 1;
constexpr std::size_t kAlign = 8;
// In the order of ModelBlock.
constexpr std::array<std::string_view, 5> kTypes = {"f64", "f32", "i64", "i32", "u8"};

std::size_t padding(std::size_t size) { return (kAlign - size % kAlign) % kAlign; }

[[noreturn]] void refuse(std::string_view where, std::string what, std::string hint = "") {
  throw DataError({.what = std::move(what),
                   .where = std::string(where),
                   .expected = "a model as impact saves it",
                   .hint = std::move(hint)});
}

// The text up to the next line end, which is taken off `rest`; nullopt: there is none nearby.
std::optional<std::string_view> take_line(std::string_view& rest, std::size_t most) {
  const std::size_t end = rest.substr(0, most + 1).find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

template <class T>
ModelBlock read_block(std::string_view bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

struct BlockType {
  std::size_t size;
  ModelBlock (*read)(std::string_view);
};
constexpr std::array<BlockType, 5> kReaders = {{{sizeof(double), read_block<double>},
                                                {sizeof(float), read_block<float>},
                                                {sizeof(std::int64_t), read_block<std::int64_t>},
                                                {sizeof(std::int32_t), read_block<std::int32_t>},
                                                {1, read_block<std::uint8_t>}}};

// The blocks that the header lists, out of the bytes behind it.
std::map<std::string, ModelBlock> read_blocks(const json& list, std::string_view rest,
                                              std::string_view where) {
  std::map<std::string, ModelBlock> blocks;
  for (const json& entry : list) {
    const auto& type = entry.at("type").get_ref<const std::string&>();
    const auto* const found = std::find(kTypes.begin(), kTypes.end(), type);
    if (found == kTypes.end()) refuse(where, "a block of the model has an unknown type");
    const BlockType& reader = kReaders[static_cast<std::size_t>(found - kTypes.begin())];
    const auto count = entry.at("count").get<std::uint64_t>();
    if (count > rest.size() / reader.size) refuse(where, "the model is cut off");
    const std::size_t size = static_cast<std::size_t>(count) * reader.size;
    const std::size_t gap = padding(size);
    if (rest.size() - size < gap) refuse(where, "the model is cut off");
    const bool added =
        blocks.emplace(entry.at("name").get<std::string>(), reader.read(rest.substr(0, size)))
            .second;
    if (!added) refuse(where, "a block of the model is there twice");
    rest.remove_prefix(size + gap);
  }
  if (!rest.empty()) refuse(where, "there is more in the file than the model");
  return blocks;
}

}  // namespace

std::string encode_model(const ModelFile& model) {
  json list = json::array();
  std::string data;
  for (const auto& [name, block] : model.blocks) {
    std::visit(
        [&](const auto& values) {
          list.push_back(
              {{"name", name}, {"type", kTypes[block.index()]}, {"count", values.size()}});
          const std::size_t size = values.size() * sizeof(values[0]);
          if (size > 0) data.append(reinterpret_cast<const char*>(values.data()), size);
          data.append(padding(size), '\0');
        },
        block);
  }
  const std::string header = canonical_json({{"blocks", std::move(list)},
                                             {"header", model.header},
                                             {"kind", model.kind},
                                             {"version", model.version}});
  const std::string body = std::to_string(header.size()) + "\n" + header + data;
  return std::string(kName) + std::to_string(kFormat) + "\n" + to_hex(sha256(body)) + "\n" + body;
}

ModelFile decode_model(std::string_view bytes, std::string_view where) {
  constexpr std::size_t kShort = 80;
  std::string_view rest = bytes;
  const auto magic = take_line(rest, kShort);
  const auto format = magic && magic->starts_with(kName)
                          ? parse_integer(magic->substr(kName.size()))
                          : std::nullopt;
  if (!format || *format < 1) refuse(where, "this is no saved model");
  if (*format > kFormat) {
    refuse(where, "the model was saved by a newer version of the program",
           "update the program, or save the model again with this one");
  }
  const auto digest = take_line(rest, kShort);
  if (!digest || *digest != to_hex(sha256(rest))) {
    refuse(where, "the model is damaged: its bytes are not those that were saved",
           "copy the file again, or train the model anew");
  }
  const auto size_line = take_line(rest, kShort);
  const auto size = size_line ? parse_integer(*size_line) : std::nullopt;
  if (!size || *size < 0 || static_cast<std::uint64_t>(*size) > rest.size()) {
    refuse(where, "the model is cut off");
  }
  const auto header_size = static_cast<std::size_t>(*size);
  const json header = parse_json(rest.substr(0, header_size), where);
  try {
    ModelFile model{.kind = header.at("kind").get<std::string>(),
                    .version = header.at("version").get<int>(),
                    .header = header.at("header"),
                    .blocks = {}};
    model.blocks = read_blocks(header.at("blocks"), rest.substr(header_size), where);
    return model;
  } catch (const json::exception&) {
    refuse(where, "the header of the model is not as it was saved");
  }
}

template <class T>
const std::vector<T>& model_block(const ModelFile& model, const std::string& name,
                                  std::int64_t count) {
  const auto at = model.blocks.find(name);
  const auto* values =
      at == model.blocks.end() ? nullptr : std::get_if<std::vector<T>>(&at->second);
  if (values != nullptr && (count < 0 || values->size() == static_cast<std::size_t>(count))) {
    return *values;
  }
  throw DataError({.what = values == nullptr ? "the model lacks the block '" + name + "'"
                                             : "the block '" + name + "' has another length",
                   .where = model.kind,
                   .got = values == nullptr ? "" : std::to_string(values->size()),
                   .expected = count < 0 ? "" : std::to_string(count)});
}

template const std::vector<double>& model_block(const ModelFile&, const std::string&, std::int64_t);
template const std::vector<float>& model_block(const ModelFile&, const std::string&, std::int64_t);
template const std::vector<std::int64_t>& model_block(const ModelFile&, const std::string&,
                                                      std::int64_t);
template const std::vector<std::int32_t>& model_block(const ModelFile&, const std::string&,
                                                      std::int64_t);
template const std::vector<std::uint8_t>& model_block(const ModelFile&, const std::string&,
                                                      std::int64_t);

}  // namespace impact
