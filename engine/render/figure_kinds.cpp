#include "engine/render/figure_kind_parts.h"

namespace impact {
namespace {

using namespace detail::kinds;

std::vector<FigureKind> distributions() {
  return {
      {"histogram", "How often values occur, in bins.",
       Roles{of("The values", RoleType::kNumberOrTime), by(kByColour)} + facets(),
       Options{integer("bins", "That many bins of equal width", {}, 1, 200),
               {"bin_width", "number", "Width of the bins, edges at its multiples", {}, {}, 1e-300},
               choice("rule", "Rule for the width where neither bins nor bin_width is given",
                      {"freedman_diaconis", "scott", "sturges"}),
               flag("nice", "Round widths and edges where the rule chooses", true),
               choice("measure", "Height of a bar: rows, share of the group's rows, or density",
                      {"count", "share", "density"}),
               choice("position", "Groups over each other, or on top of each other",
                      {"overlay", "stack"})} +
           x_scale() + axes() + colours() + panels() + common()},
      {"density", "Distribution as a smooth curve (Gaussian kernel).",
       Roles{of("The values", RoleType::kNumberOrTime), by(kByColour)} + facets(),
       Options{{"bandwidth",
                "number|text",
                "sd of the kernel, or the rule that chooses it; on a log axis in powers of ten",
                Value("silverman"),
                {"silverman", "scott", "sheather_jones"},
                1e-300},
               number("adjust", "Factor on the bandwidth", Value(1.0), 0.01, 100),
               number("cut", "How many bandwidths the curve goes on beyond the data", Value(0.0), 0,
                      10),
               flag("fill", "Fill the area below", true)} +
           x_scale() + axes() + colours() + panels() + common()},
      {"box",
       "Median, quartiles and whiskers to the furthest value within 1.5 interquartile ranges.",
       Roles{of("The values", RoleType::kNumber),
             by("Groups, one box each"),
             {"colour", "Groups inside the groups, told apart by colour", RoleType::kGroup}} +
           facets(),
       Options{flag("outliers", "Draw values beyond the whiskers", true),
               number("fence", "Whisker length in interquartile ranges", Value(1.5), 0, 100)} +
           value_scale() + orientation() + axes() +
           sorting("Order of the groups: by median, or by label; auto: their own order") +
           limit(20, "Most groups; the smallest beyond are drawn as one, other") + panels() +
           common()},
      {"violin", "Distribution of each group as a mirrored density, with its quartiles.",
       Roles{of("The values", RoleType::kNumber), by("Groups, one violin each")} + facets(),
       Options{{"bandwidth",
                "number|text",
                "sd of the kernel, or the rule that chooses it; on a log axis in powers of ten",
                Value("silverman"),
                {"silverman", "scott", "sheather_jones"},
                1e-300},
               number("adjust", "Factor on the bandwidth", Value(1.0), 0.01, 100),
               number("cut", "How many bandwidths the shape goes on beyond the data", Value(0.0), 0,
                      10)} +
           value_scale() + axes() +
           limit(12, "Most groups; the smallest beyond are drawn as one, other") + panels() +
           common()},
      {"ecdf", "Share of the values that are at most x.",
       Roles{of("The values", RoleType::kNumberOrTime), by(kByColour)} + facets(),
       x_scale() + axes() + colours() + panels() + common()},
      {"qq",
       "Quantiles of the values against those of a distribution, with a line through the "
       "quartiles.",
       Roles{of("The values", RoleType::kNumber), by(kByColour)} + facets(),
       Options{choice("distribution", "The distribution on the x axis",
                      {"normal", "exponential", "uniform"})} +
           y_scale() + axes() + colours() + panels() + common(),
       false, true},
  };
}

std::vector<FigureKind> amounts() {
  return {
      {"bar", "Rows a group, or a summary of a value, as bars.",
       Roles{of("Groups, one bar each", RoleType::kGroup), by(kByColour),
             optional_number("value", "Number that is summarised; none: rows are counted")} +
           facets(),
       Options{
           choice("summary", "What of the value: auto is the mean where there is one, else rows",
                  {"auto", "count", "mean", "median", "sum"}),
           choice("position", "Colours beside each other, on top, or as shares of each bar",
                  {"group", "stack", "fill"}),
           flag("interval", "Interval of a mean (t) or a median (order statistics)", true),
           flag("labels", "Write each bar's number at its end", false)} +
           level() + orientation() + axes() +
           sorting("Order of the bars: by height, or by label; auto: own order, texts by height") +
           limit(20, "Most groups; the smallest beyond are drawn as one, other") + panels() +
           common()},
      {"pie", "Shares of a whole. Few groups only: lengths read better than angles.",
       Roles{of("Groups, one slice each", RoleType::kGroup),
             optional_number("value", "Number that is summed; none: rows are counted")} +
           facets(),
       limit(6, "Most slices; the smallest beyond are drawn as one, other") +
           Options{flag("hole", "A ring instead of a disc", false)} + Options{panels().front()} +
           common()},
      {"line", "A value along an axis, usually time.",
       Roles{axis_role("x", "Where", RoleType::kNumberOrTime),
             axis_role("y", "What; several columns make one line each", RoleType::kNumber, 7),
             by(kByColour), optional_number("low", "Lower end of a band"),
             optional_number("high", "Upper end of a band")} +
           facets(),
       Options{choice("summary", "What is drawn where several rows share an x",
                      {"mean", "median", "sum", "count"}),
               flag("points", "Mark the points", false)} +
           x_scale() + y_scale() + axes() + colours() + panels() + common()},
      {"area", "Like line, filled and stacked.",
       Roles{axis_role("x", "Where", RoleType::kNumberOrTime),
             axis_role("y", "What; several columns make one area each", RoleType::kNumber, 7),
             by(kByColour)} +
           facets(),
       Options{choice("summary", "What is drawn where several rows share an x",
                      {"sum", "mean", "median", "count"}),
               choice("position", "On top of each other, as shares, or over each other",
                      {"stack", "fill", "overlay"})} +
           axes() + colours() + panels() + common()},
  };
}

std::vector<FigureKind> relations() {
  return {
      {"scatter", "One point a row; beyond 5,000 points their density in hexagons.",
       Roles{axis_role("x", "Horizontal", RoleType::kNumberOrTime),
             axis_role("y", "Vertical", RoleType::kNumberOrTime),
             {"by", "Groups or a number, shown by colour", RoleType::kAny}} +
           facets(),
       Options{choice("fit",
                      "A curve through the points: least squares or local regression, on the "
                      "scales of the axes",
                      {"none", "linear", "loess"}),
               flag("band", "Interval of the curve, pointwise", true),
               number("span", "Share of the points a local regression looks at", Value(0.75), 0.05,
                      1)} +
           level() + x_scale() + y_scale() + axes() + colours() + panels() + common()},
      {"hexbin", "How many rows lie where, in hexagons.",
       Roles{axis_role("x", "Horizontal", RoleType::kNumberOrTime),
             axis_role("y", "Vertical", RoleType::kNumberOrTime)} +
           facets(),
       Options{integer("bins", "Hexagons across", Value(std::int64_t{30}), 3, 60),
               axis_scale("colour_scale", "Scale of the colour")} +
           x_scale() + y_scale() + axes() + panels() + common()},
      {"heat_map", "Rows, or a mean, by two groupings; numbers are cut into bins.",
       Roles{axis_role("x", "Horizontal", RoleType::kAny),
             axis_role("y", "Vertical", RoleType::kAny),
             optional_number("value", "Number whose summary is the colour; none: rows")} +
           facets(),
       Options{choice("summary", "What of the value", {"mean", "median", "sum"}),
               integer("bins", "Bins of a number", Value(std::int64_t{20}), 2, 40),
               choice("labels", "Write the numbers into the cells; auto: where there is room",
                      {"auto", "yes", "no"})} +
           axes() + limit(20, "Most groups a side; the smallest beyond are drawn as one, other") +
           panels() + common()},
      {"correlation", "Correlations of all pairs of columns.",
       Roles{of("The columns", RoleType::kNumber, 30)},
       Options{choice("method", "Which correlation", {"pearson", "spearman", "kendall"}),
               flag("labels", "Write the numbers into the cells", true),
               flag("half", "Leave out the upper triangle", false)} +
           common()},
      {"linked", "Bar charts that filter each other: drag over one and the others follow.",
       Roles{of("The columns, one chart each", RoleType::kAny, 6)},
       Options{integer("bins", "Bins of a number; fewer where the table of counts grows too large",
                       Value(std::int64_t{12}), 2, 20)} +
           limit(8, "Most groups a column; the smallest beyond are drawn as one, other") +
           common()},
  };
}

}  // namespace

const std::vector<FigureKind>& figure_kinds() {
  static const std::vector<FigureKind> kinds = [] {
    std::vector<FigureKind> all;
    for (auto&& part : {distributions(), amounts(), relations(), detail::kinds::model_kinds(),
                        detail::kinds::learner_kinds()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    return all;
  }();
  return kinds;
}

}  // namespace impact
