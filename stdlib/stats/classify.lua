-- Who belongs to a class, judged on rows the model did not learn from.
local internal = ...
local kit = internal.kit
local column, columns, option = kit.column, kit.columns, kit.option

kit.method("classifier",
  "Logistic regression that predicts a class, cross-validated. Rows: AUC, Brier score, log loss,"
    .. " then accuracy, precision, recall and others at a threshold that each fold's training rows"
    .. " choose. Tables: roc, precision_recall, confusion, calibration, coefficients,"
    .. " single_columns, folds. A single column that separates the classes raises an alarm.", {
    column("of", "The class: a boolean, 0 and 1, or any column with success =."),
    columns("features", "Columns to predict from.", "number"),
    option("success", "text", "The value of a column of texts that is the positive class."),
    option("folds", "integer", "Parts of the cross-validation.",
      { default = 10, min = 2, max = 100 }),
    option("penalty", "number", "Ridge penalty on standardised coefficients.",
      { default = 1, min = 0 }),
    option("threshold", "text", "How the threshold is chosen: recall + specificity, F, least cost,"
      .. " or the best with recall or precision of at least `least`.",
      { default = "youden", allowed = { "youden", "f", "cost", "recall", "precision" } }),
    option("beta", "number", "Weight of recall in F.", { default = 1, min = 0 }),
    option("cost_false_positive", "number", "Cost of a false alarm.", { default = 1, min = 0 }),
    option("cost_false_negative", "number", "Cost of a miss.", { default = 1, min = 0 }),
    option("least", "number", "Recall or precision wanted.", { default = 0.9, min = 0, max = 1 }),
    kit.conf_level(),
  }, "local c <const> = stats.classifier { of = t.won, features = { t.y, t.x }, folds = 2 }\n"
    .. "assert(c:rows()[1].term == \"auc\" and c:table \"confusion\":count_rows() == 4)")
