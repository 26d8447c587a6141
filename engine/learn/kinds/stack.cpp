#include <fmt/format.h>

#include <utility>

#include "engine/learn/kinds/ensemble.h"
#include "engine/learn/kinds/file_fields.h"
#include "engine/learn/kinds/kinds.h"

// A learner of what other learners predict.
namespace impact::detail {
namespace {

constexpr const char* kFile = "stack";
constexpr int kVersion = 1;
constexpr std::int64_t kMostMembers = 10000;

// Columns of the second level: "forest", or "forest: <class>" of more than two classes. Values
// stand member by member, each rows x outputs.
std::vector<Feature> second_columns(std::span<const std::string> names,
                                    std::span<const std::string> classes, std::size_t rows,
                                    std::span<const double> values) {
  const std::size_t outputs = classes.size() > 2 ? classes.size() : 1;
  std::vector<Feature> columns;
  for (std::size_t m = 0; m < names.size(); ++m) {
    for (std::size_t k = 0; k < outputs; ++k) {
      std::vector<double> column(rows);
      for (std::size_t i = 0; i < rows; ++i) column[i] = values[(m * rows + i) * outputs + k];
      columns.push_back(
          number_feature(outputs == 1 ? names[m] : fmt::format("{}: {}", names[m], classes[k]),
                         std::move(column)));
    }
  }
  return columns;
}

void add_originals(std::vector<Feature>& columns, const FeatureTable& features) {
  for (std::size_t j = 0; j < features.size(); ++j) columns.push_back(features[j]);
}

class Stack final : public Predictor {
 public:
  Stack(std::vector<std::string> names, std::vector<std::string> classes, bool passthrough,
        std::vector<std::shared_ptr<const Predictor>> members,
        std::shared_ptr<const Predictor> last)
      : names_(std::move(names)),
        classes_(std::move(classes)),
        passthrough_(passthrough),
        members_(std::move(members)),
        last_(std::move(last)) {}

  [[nodiscard]] std::size_t outputs() const override { return last_->outputs(); }
  void predict(const FeatureTable& features, std::span<const std::uint32_t> rows,
               std::span<double> out, const Context& context) const override {
    const std::size_t block = rows.size() * outputs();
    std::vector<double> values(members_.size() * block);
    for (std::size_t m = 0; m < members_.size(); ++m) {
      members_[m]->predict(features, rows, std::span(values).subspan(m * block, block), context);
    }
    std::vector<Feature> columns = second_columns(names_, classes_, rows.size(), values);
    if (passthrough_) add_originals(columns, features.take(rows));
    last_->predict(FeatureTable(std::move(columns)), every_row(rows.size()), out, context);
  }
  [[nodiscard]] ModelFile save() const override {
    ModelFile file{.kind = kFile, .version = kVersion};
    file.header["names"] = names_;
    file.header["classes"] = classes_;
    file.header["passthrough"] = passthrough_;
    for (std::size_t m = 0; m < members_.size(); ++m) {
      add_part(file, fmt::format("member {}", m), *members_[m]);
    }
    add_part(file, "last", *last_);
    return file;
  }
  [[nodiscard]] std::vector<ModelTable> tables() const override { return last_->tables(); }

 private:
  std::vector<std::string> names_;
  std::vector<std::string> classes_;
  bool passthrough_;
  std::vector<std::shared_ptr<const Predictor>> members_;
  std::shared_ptr<const Predictor> last_;
};

std::shared_ptr<const Predictor> fit(const nlohmann::json& options, const Training& training) {
  OptionReader read("stack", options);
  const std::vector<Member> members = members_of(read);
  const nlohmann::json& given = read.value("last");
  const LearnerSpec last = given.is_null() ? LearnerSpec{.kind = "ridge"} : learner_spec(given);
  const bool passthrough = read.flag("passthrough", false);
  const int folds = folds_of(read, 5);
  read.done();

  const Lesson& lesson = training.lesson;
  Crossed crossed = cross_members(members, folds, training);
  std::vector<std::string> names;
  for (const Member& member : members) names.push_back(member.name);
  std::vector<Feature> columns =
      second_columns(names, lesson.classes, crossed.rows.size(), crossed.prediction);
  if (passthrough) add_originals(columns, lesson.features.take(crossed.rows));
  std::vector<double> outcome;
  std::vector<double> weights;
  std::vector<std::int32_t> groups;
  for (const std::uint32_t row : crossed.rows) {
    outcome.push_back(lesson.outcome[row]);
    if (!lesson.weights.empty()) weights.push_back(lesson.weights[row]);
    if (!lesson.groups.empty()) groups.push_back(lesson.groups[row]);
  }
  const Lesson second{.features = FeatureTable(std::move(columns)),
                      .outcome = outcome,
                      .classes = lesson.classes,
                      .weights = weights,
                      .groups = groups};
  const auto rows = every_row(outcome.size());
  auto fitted = fit_part(last, {.lesson = second,
                                .rows = rows,
                                .key = training.key.child("last"),
                                .context = training.context,
                                .warnings = training.warnings});
  return std::make_shared<const Stack>(
      std::move(names), std::vector<std::string>(lesson.classes.begin(), lesson.classes.end()),
      passthrough, std::move(crossed.models), std::move(fitted));
}

std::shared_ptr<const Predictor> read(const ModelFile& file) {
  const FileFields fields(file, kVersion);
  std::vector<std::string> names = fields.texts("names");
  std::vector<std::string> classes = fields.texts("classes");
  if (names.empty() || std::ssize(names) > kMostMembers) fields.refuse("the stack has no members");
  const std::size_t outputs = classes.size() > 2 ? classes.size() : 1;
  std::vector<std::shared_ptr<const Predictor>> members;
  for (std::size_t m = 0; m < names.size(); ++m) {
    members.push_back(read_part(file, fmt::format("member {}", m)));
    if (members.back()->outputs() != outputs) fields.refuse("a member predicts something else");
  }
  auto last = read_part(file, "last");
  if (last->outputs() != outputs) fields.refuse("the last learner predicts something else");
  return std::make_shared<const Stack>(std::move(names), std::move(classes),
                                       fields.flag("passthrough"), std::move(members),
                                       std::move(last));
}

constexpr LearnerKind kKinds[] = {
    {"stack",
     "A learner of what other learners predict for rows they have not seen (Wolpert 1992).", kFile,
     "as its learners say", true, true, true, fit, read},
};

}  // namespace

std::span<const LearnerKind> stack_kinds() { return kKinds; }

}  // namespace impact::detail
