#include "engine/learn/model_file.h"

#include <bit>
#include <cmath>
#include <limits>
#include <catch2/catch.hpp>

#include "engine/core/error.h"
#include "engine/core/hash.h"
#include "engine/core/rng.h"

using namespace impact;

namespace {

ModelFile sample() {
  ModelFile model{
      .kind = "example", .version = 3, .header = {{"classes", {"a", "é"}}, {"rate", 0.1}}};
  model.blocks["a"] = std::vector<double>{1.5, -0.0, std::numeric_limits<double>::infinity(),
                                          std::bit_cast<double>(0x7FF8000000000123)};
  model.blocks["b"] = std::vector<float>{0.25F, -1.0F, 3.0F};
  model.blocks["c"] = std::vector<std::int64_t>{(std::int64_t{1} << 53) + 1};
  model.blocks["d"] = std::vector<std::int32_t>{-7};
  model.blocks["e"] = std::vector<std::uint8_t>{0, 255, 10};
  model.blocks["none"] = std::vector<double>{};
  return model;
}

// As a file that somebody changed and signed again.
std::string signed_again(const std::string& body) {
  return "impact-model 1\n" + to_hex(sha256(body)) + "\n" + body;
}

}  // namespace

TEST_CASE("a model comes back to the bit", "[learn][model_file]") {
  const ModelFile model = sample();
  const std::string bytes = encode_model(model);
  const ModelFile back = decode_model(bytes, "m");
  CHECK(back.kind == "example");
  CHECK(back.version == 3);
  CHECK(back.header == model.header);
  CHECK(back.blocks.size() == 6);
  CHECK(encode_model(back) == bytes);
  const auto& a = model_block<double>(back, "a", 4);
  CHECK(std::signbit(a[1]));
  CHECK(std::bit_cast<std::uint64_t>(a[3]) == 0x7FF8000000000123);
  CHECK(model_block<std::int64_t>(back, "c")[0] == (std::int64_t{1} << 53) + 1);
  CHECK(model_block<double>(back, "none", 0).empty());
  CHECK_THROWS_WITH(model_block<double>(back, "x"), Catch::Contains("lacks the block 'x'"));
  CHECK_THROWS_WITH(model_block<float>(back, "a"), Catch::Contains("lacks the block 'a'"));
  CHECK_THROWS_WITH(model_block<double>(back, "a", 5), Catch::Contains("another length"));
}

TEST_CASE("the bytes of a model are those that are documented", "[learn][model_file]") {
  ModelFile model{.kind = "k", .version = 1};
  model.blocks["x"] = std::vector<std::uint8_t>{1, 2, 3};
  const std::string header =
      R"({"blocks":[{"count":3,"name":"x","type":"u8"}],"header":{},"kind":"k","version":1})";
  const std::string body =
      std::to_string(header.size()) + "\n" + header + std::string("\x01\x02\x03\0\0\0\0\0", 8);
  CHECK(encode_model(model) == signed_again(body));
}

TEST_CASE("a model that was cut or changed anywhere is refused", "[learn][model_file]") {
  const std::string bytes = encode_model(sample());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    INFO(size);
    CHECK_THROWS_AS(decode_model(std::string_view(bytes).substr(0, size), "m"), DataError);
  }
  CHECK_THROWS_AS(decode_model(bytes + "x", "m"), DataError);
  Stream rng(StreamKey::root(3).child("mutations"));
  for (int round = 0; round < 2000; ++round) {
    std::string changed = bytes;
    changed[rng.below(changed.size())] ^= static_cast<char>(1 + rng.below(255));
    CHECK_THROWS_AS(decode_model(changed, "m"), DataError);
  }
}

// Signed again, a file may hold anything: reading it must neither crash nor ask for the moon.
TEST_CASE("a forged model is refused or read, never trusted", "[learn][model_file]") {
  const auto forged = [](const std::string& header, const std::string& data) {
    return signed_again(std::to_string(header.size()) + "\n" + header + data);
  };
  const auto block = [](const std::string& count, const std::string& type) {
    return R"({"count":)" + count + R"(,"name":"x","type":")" + type + "\"}";
  };
  const auto listing = [](const std::string& blocks) {
    return R"({"blocks":[)" + blocks + R"(],"header":{},"kind":"k","version":1})";
  };
  for (const std::string& header :
       {std::string("[]"), std::string("{}"), std::string("{\"kind\":1}"), listing(""),
        listing(block("1e3", "f64")), listing(block("18446744073709551615", "f64")),
        listing(block("2", "f64")), listing(block("-1", "u8")), listing(block("0", "f16")),
        listing(block("0", "u8") + "," + block("0", "u8"))}) {
    INFO(header);
    CHECK_THROWS_AS(decode_model(forged(header, "12345678"), "m"), DataError);
  }
  CHECK_THROWS_WITH(decode_model("impact-model 2\nx", "m"), Catch::Contains("newer version"));
  CHECK_THROWS_WITH(decode_model("PK\3\4", "m"), Catch::Contains("no saved model"));
  const std::string body = encode_model(sample()).substr(15 + 65);
  Stream rng(StreamKey::root(4).child("forgeries"));
  for (int round = 0; round < 2000; ++round) {
    std::string changed = body;
    for (std::uint64_t i = 0; i <= rng.below(4); ++i) {
      changed[rng.below(changed.size())] = static_cast<char>(rng.below(256));
    }
    try {
      (void)decode_model(signed_again(changed), "m");
    } catch (const DataError&) {
    }
  }
}
