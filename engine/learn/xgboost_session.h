#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <utility>
#include <vector>

/// Owners of XGBoost's handles: the one place that calls its C interface. Every failure of the
/// library becomes an Error that quotes it. Nothing is printed; one thread is used.
namespace impact::detail {

using XgbOptions = std::vector<std::pair<std::string, std::string>>;

/// A training matrix: rows x columns, row by row, NaN: missing. Copies what it is given.
class XgbMatrix {
 public:
  XgbMatrix(std::span<const float> x, std::size_t rows, std::size_t columns);
  ~XgbMatrix();
  XgbMatrix(const XgbMatrix&) = delete;
  XgbMatrix& operator=(const XgbMatrix&) = delete;

  void set_numbers(const char* field, std::span<const float> values);           ///< "label", ...
  void set_columns(const char* field, const std::vector<std::string>& values);  ///< "feature_type"
  [[nodiscard]] void* handle() const { return handle_; }

 private:
  void* handle_ = nullptr;
};

class XgbBooster {
 public:
  /// `known`: the matrices whose sums are kept from round to round. `start`: a model's JSON to go
  /// on from, or "".
  XgbBooster(std::span<const XgbMatrix* const> known, const XgbOptions& options,
             const std::string& start = {});
  ~XgbBooster();
  XgbBooster(const XgbBooster&) = delete;
  XgbBooster& operator=(const XgbBooster&) = delete;

  /// One round by the objective of the options.
  void update(int round, const XgbMatrix& train);
  /// One round by these derivatives of the loss.
  void update(const XgbMatrix& train, std::span<float> gradient, std::span<float> hessian);
  /// Sums of the leaf values, rows x outputs; valid until the next call. `training`: DART draws
  /// the trees to leave out.
  [[nodiscard]] std::span<const float> sums(const XgbMatrix& matrix, bool training = false) const;
  void keep_rounds(int rounds);  ///< The first ones.
  void set_attribute(const char* name, const std::string& value);
  /// For the JSON: the model does not take them over from the matrices.
  void set_columns(const char* field, const std::vector<std::string>& values);
  [[nodiscard]] std::string json() const;

 private:
  void* handle_ = nullptr;
};

/// Major, minor of the library in use.
[[nodiscard]] std::pair<int, int> xgboost_version();

}  // namespace impact::detail
