#include "engine/learn/xgboost_session.h"

#include <fmt/format.h>
#include <xgboost/c_api.h>

#include <algorithm>
#include <cstdint>

#include "engine/core/error.h"

namespace impact::detail {
namespace {

// The library answers with the reason on the first line and then a trace of its stack.
void require(int code, const char* what) {
  if (code == 0) return;
  std::string reason = XGBGetLastError();
  // "[22:10:03] ./src/learner.cc:1123: Check failed: ...": neither time nor place help a user.
  if (reason.starts_with('[')) reason.erase(0, std::min(reason.size(), reason.find("] ") + 2));
  const auto trace = reason.find("\nStack trace");
  if (trace != std::string::npos) reason.erase(trace);
  throw ArgumentError({.what = fmt::format("XGBoost could not {}", what),
                       .where = "boosting",
                       .got = reason,
                       .hint = "an option that does not go with the others or with the data"});
}

std::vector<const char*> pointers(const std::vector<std::string>& texts) {
  std::vector<const char*> result;
  result.reserve(texts.size());
  for (const std::string& text : texts) result.push_back(text.c_str());
  return result;
}

}  // namespace

XgbMatrix::XgbMatrix(std::span<const float> x, std::size_t rows, std::size_t columns) {
  // Of this thread only.
  require(XGBSetGlobalConfig(R"({"verbosity": 0})"), "be told to be quiet");
  const std::string array =
      fmt::format(R"({{"data": [{}, true], "shape": [{}, {}], "typestr": "<f4", "version": 3}})",
                  reinterpret_cast<std::uintptr_t>(x.data()), rows, columns);
  require(XGDMatrixCreateFromDense(array.c_str(), R"({"missing": NaN, "nthread": 1})", &handle_),
          "take the features");
}

XgbMatrix::~XgbMatrix() { XGDMatrixFree(handle_); }

void XgbMatrix::set_numbers(const char* field, std::span<const float> values) {
  require(XGDMatrixSetFloatInfo(handle_, field, values.data(), values.size()),
          "take the outcome or the weights");
}

void XgbMatrix::set_columns(const char* field, const std::vector<std::string>& values) {
  auto texts = pointers(values);
  require(XGDMatrixSetStrFeatureInfo(handle_, field, texts.data(), texts.size()),
          "take the names or kinds of the columns");
}

XgbBooster::XgbBooster(std::span<const XgbMatrix* const> known, const XgbOptions& options,
                       const std::string& start) {
  std::vector<DMatrixHandle> handles;
  handles.reserve(known.size());
  for (const XgbMatrix* matrix : known) handles.push_back(matrix->handle());
  require(XGBoosterCreate(handles.data(), handles.size(), &handle_), "start a model");
  try {
    if (!start.empty()) {
      require(XGBoosterLoadModelFromBuffer(handle_, start.data(), start.size()),
              "go on from a model");
    }
    for (const auto& [name, value] : options) {
      require(XGBoosterSetParam(handle_, name.c_str(), value.c_str()), "take an option");
    }
  } catch (const Error&) {
    XGBoosterFree(handle_);
    throw;
  }
}

XgbBooster::~XgbBooster() { XGBoosterFree(handle_); }

void XgbBooster::update(int round, const XgbMatrix& train) {
  require(XGBoosterUpdateOneIter(handle_, round, train.handle()), "grow a tree");
}

void XgbBooster::update(const XgbMatrix& train, std::span<float> gradient,
                        std::span<float> hessian) {
  require(XGBoosterBoostOneIter(handle_, train.handle(), gradient.data(), hessian.data(),
                                gradient.size()),
          "grow a tree");
}

std::span<const float> XgbBooster::sums(const XgbMatrix& matrix, bool training) const {
  const char* const config =
      training ? R"({"type": 1, "training": true, "iteration_begin": 0, "iteration_end": 0,
                     "strict_shape": true})"
               : R"({"type": 1, "training": false, "iteration_begin": 0, "iteration_end": 0,
                     "strict_shape": true})";
  const bst_ulong* shape = nullptr;
  bst_ulong dimensions = 0;
  const float* values = nullptr;
  require(
      XGBoosterPredictFromDMatrix(handle_, matrix.handle(), config, &shape, &dimensions, &values),
      "predict");
  std::size_t size = 1;
  for (bst_ulong k = 0; k < dimensions; ++k) size *= shape[k];
  return {values, size};
}

void XgbBooster::keep_rounds(int rounds) {
  BoosterHandle kept = nullptr;
  require(XGBoosterSlice(handle_, 0, rounds, 1, &kept), "keep the best rounds");
  XGBoosterFree(handle_);
  handle_ = kept;
}

void XgbBooster::set_attribute(const char* name, const std::string& value) {
  require(XGBoosterSetAttr(handle_, name, value.c_str()), "note an attribute");
}

void XgbBooster::set_columns(const char* field, const std::vector<std::string>& values) {
  auto texts = pointers(values);
  require(XGBoosterSetStrFeatureInfo(handle_, field, texts.data(), texts.size()),
          "note the names or kinds of the columns");
}

std::string XgbBooster::json() const {
  bst_ulong length = 0;
  const char* bytes = nullptr;
  require(XGBoosterSaveModelToBuffer(handle_, R"({"format": "json"})", &length, &bytes),
          "write the model");
  return {bytes, length};
}

std::pair<int, int> xgboost_version() {
  int major = 0;
  int minor = 0;
  XGBoostVersion(&major, &minor, nullptr);
  return {major, minor};
}

}  // namespace impact::detail
