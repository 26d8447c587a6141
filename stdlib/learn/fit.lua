-- Fitting a model once, and using it.
local internal = ...
local kit = internal.learn_kit
local option = kit.option

kit.method("fit",
  "Fits a learner to all rows that have an outcome. Tables: model (what it is), and what the"
    .. " learner"
    .. " tells about itself: coefficients, importance, history. In a study the model is written to"
    .. " models/<name>.model, and other declarations take it as model =.", {
    kit.learner_param(), kit.of(), kit.features(), kit.weights(),
    kit.groups("Rows of one group stay together where the learner splits its rows."),
    kit.task(), kit.success(),
    option("model", "FittedModel", "Go on from this model (perceptron, boost)."),
  }, "local m <const> = learn.fit { learner = learn.linear {}, of = t.y, features = { t.x, t.w }"
    .. " }\n"
    .. "assert(m:table(\"coefficients\"):count_rows() == 3)\n"
    .. "assert(m:model():predict(t):count_rows() == 12)")

kit.method("predict",
  "What a fitted model predicts for each row: a number, or the class and its probability, with an"
    .. " interval or quantiles where the model has them. Table: predictions.", {
    kit.model(), kit.optional(kit.features("The columns the model learned from, of any table; left"
      .. " out: the rows it was fitted to.")),
    option("threshold", "number", "Of two classes: positive from this probability on.",
      { default = 0.5, min = 0, max = 1 }),
    option("quantiles", "number|list", "Quantiles of the outcome, for models that know them."),
  }, "local m <const> = learn.fit { learner = learn.logistic {}, of = t.won, features = t.x"
    .. " }:model()\n"
    .. "local p <const> = learn.predict { model = m, features = t.x }:table():rows()[8]\n"
    .. "assert(p.prediction == \"true\" and p.probability > 0.5)")
