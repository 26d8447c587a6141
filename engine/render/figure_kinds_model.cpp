#include "engine/render/figure_kind_parts.h"

namespace impact::detail::kinds {
namespace {

const char* const kByModel = "Models, told apart by colour and dash";
const char* const kLow = "Lower end of the interval";
const char* const kHigh = "Upper end of the interval";

FigureRole groups(const char* name, const char* text) {
  return {name, text, RoleType::kGroup, true};
}
FigureRole numbers(const char* name, const char* text) {
  return {name, text, RoleType::kNumber, true};
}

// A kind made for a table whose columns bear the names of its roles.
FigureKind of_table(const char* name, const char* text, Roles roles, Options options) {
  return {name, text, std::move(roles), std::move(options), false, true};
}

Options repeats() {
  return Options{choice("band",
                        "What of several rows at one place: their mean -+ one sd, a t "
                        "interval of the mean, or neither",
                        {"sd", "interval", "none"})} +
         level();
}

Options fitting() {
  return Options{choice("fit", "A curve through the points", {"loess", "linear", "none"}),
                 flag("band", "Interval of the curve, pointwise", true),
                 number("span", "Share of the points a local regression looks at", Value(0.75),
                        0.05, 1)} +
         level();
}

Options best_of(const char* text) { return {choice("best", text, {"highest", "lowest"})}; }

std::vector<FigureKind> judging() {
  return {
      of_table("roc", "True against false positive rate over all thresholds, with the area below.",
               Roles{numbers("false_positive_rate", "Column of x"),
                     numbers("true_positive_rate", "Column of y"), by(kByModel),
                     optional_number("auc",
                                     "Area below, the same in each row of a model; none: "
                                     "that of the drawn line")} +
                   facets(),
               axes() + colours() + panels() + common()),
      of_table("precision_recall",
               "Precision against recall over all thresholds; with thresholds a cursor shows what "
               "one of them achieves.",
               Roles{numbers("recall", "Column of x"), numbers("precision", "Column of y"),
                     optional_number("threshold", "Lowest score that is called positive"),
                     optional_number("share",
                                     "Share of the rows called positive; none: from "
                                     "prevalence, if that is given"),
                     by(kByModel)} +
                   facets(),
               Options{number("prevalence", "Share of positives: precision of guessing, as a line",
                              {}, 0, 1),
                       number("cursor",
                              "Threshold where the cursor stands at first; none: where F "
                              "is largest",
                              {}, -1e300, 1e300),
                       number("beta", "Weight of recall in F", Value(1.0), 0.01, 100)} +
                   axes() + colours() + panels() + common()),
      of_table("gain", "Share of all positives found among the rows with the highest scores.",
               Roles{numbers("share", "Share of the rows, highest scores first"),
                     numbers("gain", "Share of all positives among them"), by(kByModel)} +
                   facets(),
               Options{number("prevalence", "Share of positives: the line of a perfect order", {},
                              0, 1)} +
                   axes() + colours() + panels() + common()),
      of_table(
          "lift", "How much denser positives are among the highest scores than in all rows.",
          Roles{numbers("share", "Share of the rows, highest scores first"),
                numbers("lift", "Density of positives there, of that in all rows"), by(kByModel)} +
              facets(),
          axes() + colours() + panels() + common()),
      of_table("confusion", "True against predicted class: rows, and their shares as colour.",
               Roles{groups("truth", "True class"), groups("predicted", "Predicted class"),
                     optional_number("count",
                                     "Rows of the pair; none: each row of the table is "
                                     "one")} +
                   facets(),
               Options{choice("share",
                              "Shares of what: of each true class, each predicted class, "
                              "or all rows",
                              {"truth", "predicted", "all"})} +
                   axes() + limit(20, "Most classes; the rarest beyond are drawn as one, other") +
                   panels() + common()),
      of_table("calibration",
               "Observed against predicted shares, with the diagonal and the rows a bin below.",
               Roles{numbers("predicted", "Mean predicted probability of a bin"),
                     numbers("observed", "Observed share of a bin"), optional_number("low", kLow),
                     optional_number("high", kHigh),
                     optional_number("count", "Rows of the bin, drawn below"), by(kByModel)} +
                   facets(),
               Options{flag("histogram", "Draw the rows of each bin below", true)} + axes() +
                   colours() + panels() + common()),
      of_table("model_comparison", "A score of each model with its interval, best first.",
               Roles{groups("model", "Models, one line each"), numbers("score", "The score"),
                     optional_number("low", kLow), optional_number("high", kHigh),
                     by("Variants of a model, such as sets of features, told apart by colour and "
                        "shape")} +
                   facets(),
               Options{number("reference", "Where a reference line stands", {}, -1e300, 1e300)} +
                   sorting("Order of the models: auto is the highest score first") + level() +
                   axes() + limit(30, "Most models; those beyond are left out, with a warning") +
                   panels() + common()),
      of_table("residuals", "Residuals against fitted values, with a curve through them.",
               Roles{numbers("fitted", "Fitted or predicted value"),
                     numbers("residual", "What is observed, less what is fitted"),
                     {"by", "Groups or a number, shown by colour", RoleType::kAny}} +
                   facets(),
               fitting() + x_scale() + y_scale() + axes() + colours() + panels() + common()),
  };
}

std::vector<FigureKind> learning() {
  return {
      of_table("learning_curve", "Score by the number of training rows, on training and test rows.",
               Roles{numbers("rows", "Training rows"), numbers("score", "Score of a fit"),
                     optional_number("low", "Lower end of the band"),
                     optional_number("high", "Upper end of the band"),
                     by("Parts, such as train and test: told apart by colour and dash")} +
                   facets(),
               repeats() + x_scale() + y_scale() + axes() + colours() + panels() + common()),
      of_table("validation_curve", "Score by the value of one option of a learner.",
               Roles{{"value", "Value of the option", RoleType::kAny, true},
                     numbers("score", "Score of a fit"),
                     optional_number("low", "Lower end of the band"),
                     optional_number("high", "Upper end of the band"),
                     by("Parts, such as train and test: told apart by colour and dash")} +
                   facets(),
               Options{choice("best",
                              "Which score is marked as the best, on rows that are not "
                              "called train",
                              {"none", "highest", "lowest"})} +
                   repeats() + x_scale() + y_scale() + axes() + colours() + panels() + common()),
      of_table("tuning_history", "Score by trial, with the best so far as steps.",
               Roles{numbers("trial", "Number of the trial"), numbers("score", "Its score"),
                     optional_number("low", kLow), optional_number("high", kHigh),
                     by("Rungs or methods, told apart by colour and shape")} +
                   facets(),
               best_of("Which score is the best") + y_scale() + axes() + colours() + panels() +
                   common()),
      of_table(
          "tuning_slices", "Score against each tuned option, one panel an option.",
          Roles{
              groups("parameter", "Name of the option"),
              {"value", "Its value; texts that are numbers count as numbers", RoleType::kAny, true},
              numbers("score", "Score of the trial"),
              optional_number("trial", "Number of the trial, shown by colour")},
          best_of("Which score is the best") +
              Options{words("format", "d3 format of the scores"),
                      words("y_title", "Title of the y axes; default: the column's name")} +
              limit(12, "Most options, first those whose score varies most with them") + common()),
  };
}

std::vector<FigureKind> explaining() {
  const Roles effect = {
      {"value", "Value of the column", RoleType::kAny, true},
      optional_number("low", "Lower end of the band"),
      optional_number("high", "Upper end of the band"),
      {"second", "Value of a second column: both make a heat map", RoleType::kAny},
      by("Models or classes, told apart by colour and dash")};
  const Options shown = Options{flag("rug", "Mark the places that were computed", true)} +
                        x_scale() + axes() + colours() + panels() + common();
  return {
      of_table(
          "importance", "How much each column matters, the most important first.",
          Roles{groups("feature", "Columns of the model"),
                numbers("importance", "Importance; several rows of a column become their mean"),
                optional_number("low", kLow), optional_number("high", kHigh),
                by("Models, told apart by colour")} +
              facets(),
          Options{choice("mark", "How it is drawn", {"bar", "point"})} +
              sorting("Order of the columns: auto is the largest first") + level() + axes() +
              limit(20,
                    "Most columns; the less important beyond are left out, with a "
                    "warning") +
              panels() + common()),
      of_table("partial_dependence",
               "Mean prediction by the value of a column, over single cases if they are given.",
               Roles{numbers("prediction", "Prediction there")} + effect +
                   Roles{{"case", "Whose prediction; none or missing: the mean of all",
                          RoleType::kGroup}} +
                   facets(),
               shown),
      of_table("ale", "Accumulated local effect of a column on the prediction.",
               Roles{numbers("effect", "Effect there, centred")} + effect + facets(), shown),
      of_table("shap_beeswarm",
               "SHAP values of many rows, a line a column, coloured by the column's value.",
               Roles{groups("feature", "Columns of the model"),
                     numbers("shap", "SHAP value"),
                     {"value", "Value of the column, shown by colour", RoleType::kAny}} +
                   facets(),
               axes() + limit(15, "Most columns, by mean |SHAP|; those beyond are left out") +
                   panels() + common()),
      of_table("shap_dependence", "SHAP values of a column against its value.",
               Roles{numbers("value", "Value of the column"),
                     numbers("shap", "SHAP value"),
                     {"by", "A second column, shown by colour", RoleType::kAny}} +
                   facets(),
               Options{choice("fit", "A curve through the points", {"none", "loess", "linear"}),
                       flag("band", "Interval of the curve, pointwise", true),
                       number("span", "Share of the points a local regression looks at",
                              Value(0.75), 0.05, 1)} +
                   level() + x_scale() + y_scale() + axes() + colours() + panels() + common()),
      of_table(
          "shap_waterfall",
          "How the SHAP values of one row lead from the mean prediction to its own.",
          Roles{groups("feature", "Columns of the model"),
                numbers("shap", "SHAP value"),
                {"value", "Value of the column, written beside its name", RoleType::kAny}},
          Options{number("base", "Mean prediction, where it starts", Value(0.0), -1e300, 1e300)} +
              axes() + limit(10, "Most columns; the smaller ones beyond are drawn as one") +
              common()),
  };
}

}  // namespace

std::vector<FigureKind> model_kinds() {
  std::vector<FigureKind> all = {
      {"coefficients",
       "Estimates with their intervals, one line each.",
       {},
       Options{number("reference", "Where the reference line stands; default 0, on ratios 1", {},
                      -1e300, 1e300),
               flag("exponentiate", "Draw exp() of estimates and ends on a log axis: odds ratios",
                    false)} +
           sorting("Order of the lines: by estimate, or by label; auto: as given") + x_scale() +
           axes() + limit(60, "Most lines; those beyond are left out, with a warning") + common(),
       true}};
  for (FigureKind& kind : judging()) all.push_back(std::move(kind));
  return all;
}

std::vector<FigureKind> learner_kinds() {
  std::vector<FigureKind> all = learning();
  for (FigureKind& kind : explaining()) all.push_back(std::move(kind));
  all.push_back(
      {"spec", "A Vega-Lite specification of your own over the table's columns.",
       Roles{{"of", "Columns to put into the data; none: all", RoleType::kAny, false, 0}},
       Options{{"spec", "object", "The specification, without data and without URLs"}} + common()});
  return all;
}

}  // namespace impact::detail::kinds
