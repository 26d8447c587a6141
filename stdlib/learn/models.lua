-- Learners: what can be fitted.
local internal = ...
local kit = internal.learn_kit
local option = kit.option

local function flag(name, text, default)
  return option(name, "boolean", text, { default = default })
end
local function whole(name, text, default, min, max)
  return option(name, "integer", text, { default = default, min = min, max = max })
end
local function number(name, text, default, min, max)
  return option(name, "number", text, { default = default, min = min, max = max })
end
local function choice(name, text, allowed)
  return option(name, "text", text, { default = allowed[1], allowed = allowed })
end

kit.learner("baseline",
  "The same for every row: the outcome's mean or median, or the share of each class. What a model"
    .. " must"
    .. " beat.", { choice("level", "Of numbers.", { "mean", "median" }) },
  "assert(tostring(learn.baseline {}) == \"baseline { level = \\\"mean\\\" }\")")

kit.learner("linear",
  "Least squares; where columns depend on each other, the shortest solution. Rows with a missing"
    .. " number are left out.", { flag("intercept", "Fit a level.", true) },
  "local m <const> = learn.fit { learner = learn.linear {}, of = t.y, features = t.x }\n"
    .. "assert(m:table(\"coefficients\"):count_rows() == 2)")

local function penalised(own)
  local params = {
    option("lambda", "number|list",
      "The penalty, or the penalties to choose from; left out: a grid that follows from the data."),
    whole("lambdas", "Penalties of that grid.", 100, 2, 10000),
    number("lambda_ratio", "The smallest as a part of the largest; 0: 1e-4, with more columns than"
      .. " rows 1e-2.", 0, 0, 1),
    choice("choose", "How the penalty is chosen: by folds of the training rows, or a criterion.",
      { "folds", "aic", "aicc", "bic", "ebic" }),
    whole("folds", "Folds of the training rows that choose the penalty.", 10, 2, 1000),
    flag("one_se", "The largest penalty within one standard error of the best.", false),
    flag("standardise", "Penalise coefficients per standard deviation.", true),
    flag("intercept", "Fit a level, without penalty.", true),
    choice("family", "Of numbers: gaussian unless poisson is named; classes choose themselves.",
      { "auto", "gaussian", "poisson" }),
    flag("grouped", "More than two classes: a column enters for all of them or for none.", false),
  }
  for i, param in ipairs(own or {}) do table.insert(params, i, param) end
  return params
end

kit.learner("lasso",
  "Regression that drops columns: absolute values of coefficients are penalised. Least squares,"
    .. " logistic, multinomial or Poisson. Rows with a missing number are left out.", penalised(),
  "local m <const> = learn.fit { learner = learn.lasso { lambda = 0.1 }, of = t.y,"
    .. " features = { t.x, t.w } }\nassert(m:table(\"coefficients\"):count_rows() == 3)")
kit.learner("ridge",
  "Regression that shrinks coefficients: their squares are penalised. Rows with a missing number"
    .. " are"
    .. " left out.", penalised(),
  "local m <const> = learn.fit { learner = learn.ridge { lambda = 0.1 }, of = t.y,"
    .. " features = { t.x, t.w } }\nassert(m:table(\"coefficients\"):count_rows() == 3)")
kit.learner("elastic_net",
  "Regression with a mix of the lasso's and the ridge's penalty. Rows with a missing number are"
    .. " left"
    .. " out.", penalised { number("alpha", "Share of the lasso.", 0.5, 0, 1) },
  "local m <const> = learn.fit { learner = learn.elastic_net { alpha = 0.3, lambda = 0.1 },"
    .. " of = t.won, features = { t.x, t.w } }\nassert(m:table(\"coefficients\"):count_rows() =="
    .. " 3)")

kit.learner("rigorous_lasso",
  "Lasso with the penalty that theory gives: no cross-validation, no chance. Numbers or two"
    .. " classes;"
    .. " with groups the penalty allows for their dependence.", {
    flag("post", "Coefficients without penalty on the columns that were selected.", true),
    flag("intercept", "Fit a level.", true),
    option("c", "number", "Slack of the penalty; 1.1, without post 0.5.", { min = 0 }),
    option("gamma", "number", "Chance of a column that does not matter; 0.1 / log n.",
      { min = 0, max = 1 }),
    choice("loadings", "Whether errors may vary more for some rows.",
      { "heteroskedastic", "homoskedastic" }),
    flag("x_dependent", "The penalty's level from simulated scores of these columns.", false),
    whole("draws", "Simulated scores.", 5000, 100, 10000000),
  },
  "local m <const> = learn.fit { learner = learn.rigorous_lasso {}, of = t.y,"
    .. " features = { t.x, t.w } }\nassert(m:table(\"selected\"):rows()[1].column == \"x\")")

kit.learner("logistic",
  "Logistic regression with a ridge penalty on standardised columns; multinomial for more than two"
    .. " classes. Rows with a missing number are left out.", {
    number("penalty", "On squared coefficients per standard deviation; 0: none.", 1, 0),
  },
  "local m <const> = learn.fit { learner = learn.logistic {}, of = t.won, features = t.x }\n"
    .. "assert(m:table(\"coefficients\"):count_rows() == 2)")

local function tree_shape()
  return {
    whole("max_depth", "Splits below each other; 0: no limit.", 0, 0),
    whole("max_leaves", "Leaves of a tree; 0: no limit.", 0, 0),
    choice("criterion", "What a split of classes makes purer.", { "gini", "entropy" }),
    flag("balanced", "As if all classes were equally frequent.", false),
  }
end

local function joined(first, second)
  for _, param in ipairs(second) do first[#first + 1] = param end
  return first
end

kit.learner("tree",
  "A decision tree. Missing numbers go to the side of a split where they fit better.",
  joined({
    whole("min_leaf", "Fewest rows in a leaf.", 1, 1),
    whole("min_split", "Fewest rows to split.", 2, 2),
  }, tree_shape()),
  "local m <const> = learn.fit { learner = learn.tree { max_depth = 2 }, of = t.won, features ="
    .. " t.x }\n"
    .. "assert(m:table(\"importance\"):rows()[1].column == \"x\")")

local function forest_params(fraction_text, replace)
  return joined({
    whole("trees", "Trees.", 500, 1),
    option("mtry", "integer|number|text",
      "Columns looked at for a split: a number, a share below 1, sqrt, third or all; left out: the"
        .. " square root for classes, a third for numbers."),
    option("min_leaf", "integer", "Fewest rows in a leaf; 1 for classes, 5 for numbers.",
      { min = 1 }),
    whole("min_split", "Fewest rows to split.", 2, 2),
    number("sample_fraction", fraction_text, 1, 0, 1),
    flag("replace", "Draw rows with replacement.", replace),
    flag("honest", "One half of a tree's rows grows it, the other fills its leaves.", false),
    flag("clustered", "Draw groups as a whole.", false),
    flag("quantiles", "Keep the rows of each leaf, so that quantiles can be predicted.", false),
    flag("permutation", "Also permutation importance on the rows a tree did not see.", false),
  }, tree_shape())
end

kit.learner("forest",
  "Random forest: the mean of many trees, each of other rows and columns. Judges itself on rows"
    .. " that"
    .. " a tree did not see. Missing numbers go to the side of a split where they fit better.",
  forest_params("Rows drawn for a tree, as a part of all.", true),
  "local m <const> = learn.fit { learner = learn.forest { trees = 20 }, of = t.y,"
    .. " features = { t.x, t.w } }\nassert(m:table(\"importance\"):count_rows() == 2)")
kit.learner("extra_trees",
  "Extremely randomised trees: all rows, random thresholds.",
  forest_params("Rows drawn for a tree, as a part of all.", false),
  "local m <const> = learn.fit { learner = learn.extra_trees { trees = 20 }, of = t.y,"
    .. " features = { t.x, t.w } }\nassert(m:table(\"importance\"):count_rows() == 2)")

kit.learner("boost",
  "Gradient boosting by XGBoost: trees that each correct those before. Options are named as there;"
    .. " columns of texts are categories, missing numbers are learned from.", {
    whole("rounds", "Trees, at most.", 100, 1),
    number("learning_rate", "Part of each tree that is added.", 0.3, 0, 1),
    whole("max_depth", "Splits below each other; 0: no limit, then max_leaves is needed.", 6, 0),
    whole("max_leaves", "Leaves of a tree; 0: no limit.", 0, 0),
    number("min_child_weight", "Fewest rows (sum of second derivatives) in a leaf.", 1, 0),
    number("gamma", "Gain that a split must bring.", 0, 0),
    option("max_delta_step", "number", "Largest step of a leaf.", { min = 0 }),
    number("subsample", "Share of the rows a tree.", 1, 0, 1),
    number("colsample_bytree", "Share of the columns a tree.", 1, 0, 1),
    number("colsample_bylevel", "Share of the columns a depth.", 1, 0, 1),
    number("colsample_bynode", "Share of the columns a split.", 1, 0, 1),
    number("lambda", "Ridge penalty of leaf values.", 1, 0),
    number("alpha", "Lasso penalty of leaf values.", 0, 0),
    whole("max_bin", "Bins of a column.", 256, 2),
    choice("tree_method", "How splits are found.", { "hist", "approx", "exact" }),
    choice("grow_policy", "Which leaf is split next.", { "depthwise", "lossguide" }),
    number("scale_pos_weight", "Weight of the positive class.", 1, 0),
    option("base_score", "number", "Prediction before the first tree."),
    choice("booster", "dart leaves out trees at random.", { "gbtree", "dart" }),
    number("rate_drop", "Share of the trees that dart leaves out.", 0, 0, 1),
    number("skip_drop", "How often dart leaves out none.", 0, 0, 1),
    whole("max_cat_to_onehot", "Categories up to this number are split one against the"
      .. " rest.", 4, 1),
    whole("max_cat_threshold", "Most categories on one side.", 64, 1),
    option("objective", "text", "The loss of numbers; left out: squared error.", { allowed = {
      "reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror",
      "reg:logistic", "count:poisson", "reg:gamma", "reg:tweedie",
      "binary:logistic", "multi:softprob" } }),
    option("loss", "text", "A loss of your own instead, as a formula of `prediction` and"
      .. " `outcome`: \"log(cosh(prediction - outcome))\". It knows + - * / ^, abs, exp, log,"
      .. " log1p, expm1, sqrt, tanh, cosh, min, max and if(a < b, then, otherwise), and is"
      .. " differentiated for you."),
    number("huber_slope", "Where the pseudo-Huber loss turns straight.", 1, 0),
    number("tweedie_variance_power", "Between Poisson (1) and gamma (2).", 1.5, 1, 2),
    option("monotone", "list", "column = 1: predictions never fall as it grows; -1: never rise.",
      { items = "integer", keyed = true }),
    option("interactions", "list", "Lists of columns that may meet in one tree."),
    whole("patience", "Stop after so many rounds without a better validation metric; 0:"
      .. " never.", 0, 0),
    number("validation_share", "Training rows that judge the rounds.", 0.1, 0, 1),
    option("metric", "text", "What they judge by; left out: XGBoost's for the loss."),
  },
  "local m <const> = learn.fit { learner = learn.boost { rounds = 20, max_depth = 2,"
    .. " monotone = { x = 1 } }, of = t.y, features = { t.x, t.k } }\n"
    .. "assert(m:table(\"importance\"):count_rows() == 2)\n"
    .. "local high <const> = learn.boost { rounds = 20,\n"
    .. "  loss = \"if(outcome > prediction, 9, 1) * abs(outcome - prediction)\" }\n"
    .. "local q <const> = learn.fit { learner = high, of = t.y, features = { t.x, t.k } }")

kit.learner("perceptron",
  "A neural network of full layers. Columns are standardised; rows with a missing number are left"
    .. " out. Early stopping goes back to the weights of the best epoch.", {
    option("layers", "integer|list", "Units of each hidden layer; { 64 }.", { items = "integer" }),
    choice("activation", "Of hidden units.", { "relu", "tanh", "gelu" }),
    number("dropout", "Share of hidden units that a training step leaves out.", 0, 0, 0.99),
    flag("batch_norm", "Normalise hidden units over a mini-batch.", false),
    choice("optimiser", "How weights are improved.", { "adam", "adamw", "sgd" }),
    number("learning_rate", "Size of a step.", 0.001, 0),
    number("momentum", "Of sgd.", 0, 0, 1),
    flag("nesterov", "Of sgd with momentum.", false),
    number("beta1", "Of adam: memory of gradients.", 0.9, 0, 1),
    number("beta2", "Of adam: memory of squared gradients.", 0.999, 0, 1),
    number("eps", "Of adam.", 1e-8, 0),
    number("weight_decay", "Shrinks weights.", 0, 0),
    number("clip_norm", "Longest gradient; 0: any.", 0, 0),
    choice("schedule", "How the learning rate"
      .. " changes.", { "constant", "step", "cosine", "plateau" }),
    whole("step_size", "Of step: every so many epochs", 30, 1),
    number("gamma", "times this.", 0.1, 0),
    whole("t_max", "Of cosine: epochs to the lowest rate; 0: all.", 0, 0),
    number("eta_min", "Of cosine: the lowest rate.", 0, 0),
    number("factor", "Of plateau: times this", 0.1, 0, 1),
    whole("schedule_patience", "after so many epochs without a better loss.", 10, 0),
    number("threshold", "Of plateau: what counts as better.", 1e-4, 0, 1),
    option("loss", "text", "Of numbers; left out: squared. Classes: cross-entropy.",
      { allowed = { "squared", "absolute", "huber", "poisson", "cross_entropy" } }),
    number("huber_delta", "Where the Huber loss turns straight, in sds of the outcome.", 1, 0),
    option("class_weights", "list", "class = weight.", { items = "number", keyed = true }),
    flag("balanced", "As if all classes were equally frequent.", false),
    choice("initial", "First weights.", { "linear", "kaiming", "xavier" }),
    whole("batch_size", "Rows of a mini-batch.", 256, 1),
    whole("epochs", "Passes over the rows, at most.", 100, 1),
    flag("shuffle", "Rows in another order each epoch.", true),
    whole("patience", "Stop after so many epochs without a better validation loss; 0:"
      .. " never.", 0, 0),
    option("validation_share", "number", "Training rows that judge the epochs; 0.1 with patience.",
      { min = 0, max = 1 }),
    number("min_delta", "What counts as better.", 0, 0),
    flag("restore_best", "Go back to the best epoch.", true),
    flag("standardise", "Columns to mean 0 and sd 1.", true),
    flag("standardise_outcome", "The outcome too.", true),
    flag("double_precision", "Compute in double precision; three to four times as slow.", false),
  },
  "local m <const> = learn.fit { learner = learn.perceptron { layers = { 8, 8 }, epochs = 5 },"
    .. " of = t.won, features = { t.x, t.w } }\nassert(m:table(\"history\"):count_rows() == 5)")

kit.learner("calibrated",
  "A classifier whose probabilities are corrected by what it says of rows it did not learn from:"
    .. " fitted in folds of the training rows to find the curve, then to all of them. Platt's curve"
    .. " is smooth and needs few rows, an isotonic one some hundreds; a temperature keeps the order"
    .. " of classes.", {
    kit.learner_param("The classifier."),
    choice("how", "The curve.", { "platt", "isotonic", "temperature" }),
    whole("folds", "Folds of the training rows.", 5, 2, 1000),
  }, "local l <const> = learn.calibrated { learner = learn.tree { max_depth = 2 }, folds = 3 }\n"
    .. "local m <const> = learn.fit { learner = l, of = t.won, features = t.x }\n"
    .. "assert(m:table(\"calibration_map\"):count_rows() == 101)")

kit.learner("conformal",
  "A model of numbers with intervals that hold a new outcome with probability `level`, whatever the"
    .. " model, as long as new rows are like the training rows; learn.predict shows them as low and"
    .. " high. split keeps a share of the rows for the intervals, cv_plus fits in folds and keeps"
    .. " all, quantile moves the quantiles of a forest, so that intervals are wide where outcomes"
    .. " vary.", {
    kit.learner_param("The model; for quantile learn.forest { quantiles = true }."),
    choice("how", "How intervals are found.", { "split", "cv_plus", "quantile" }),
    number("level", "Probability that an interval holds a new outcome.", 0.9, 0, 1),
    number("share", "split and quantile: rows kept for the intervals.", 0.25, 0, 1),
    whole("folds", "cv_plus: folds of the training rows.", 10, 2, 1000),
  }, "local l <const> = learn.conformal { learner = learn.linear {}, how = \"cv_plus\", folds = 4,"
    .. " level = 0.6 }\n"
    .. "local m <const> = learn.fit { learner = l, of = t.y, features = t.x }:model()\n"
    .. "local p <const> = learn.predict { model = m, features = t.x }:table():rows()[1]\n"
    .. "assert(p.low < p.prediction and p.prediction < p.high)")

do
  local names = { "steps", "model" }
  kit.names.pipeline = internal.define({
    name = "learn.pipeline",
    text = "Steps of preparation and a learner behind them, as one learner: whatever the steps"
      .. " learn"
      .. " (means, levels, axes) they learn from training rows alone.",
    params = { { name = "parts", type = "list", text = "Steps in order, the learner last.",
      items = "Step|Learner" } },
    returns = "Learner",
    example = kit.sample .. "local p <const> = learn.pipeline { learn.select { except = \"w\" },"
      .. " learn.linear {} }\n"
      .. "assert(tostring(p):find(\"pipeline\", 1, true) == 1)",
  }, function(parts)
    local steps, last = {}, nil
    for i, part in ipairs(parts) do
      if last ~= nil then
        internal.raise {
          what = "the learner of a pipeline is not its last part", got = "part " .. i,
          expected = "learn.pipeline { step, step, ..., learner }",
        }
      end
      if internal.type(part) == "Learner" then
        last = part
      else
        steps[i] = part
      end
    end
    if last == nil then
      internal.raise {
        what = "a pipeline needs a learner behind its steps",
        expected = "learn.pipeline { step, step, ..., learner }",
      }
    end
    return internal.learner("pipeline", names, steps, last)
  end)
end
