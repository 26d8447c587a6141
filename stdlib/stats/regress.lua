-- Regressions of an outcome on terms.
local internal = ...
local kit = internal.kit
local column, option = kit.column, kit.option

local function formula()
  return {
    name = "formula", type = "Formula", text = "t.y ~ t.x + t.g, with | for fixed effects (ols).",
  }
end

local function se(allowed, default)
  return option("se", "text", "Kind of standard error; default " .. default .. ".",
    { allowed = allowed })
end

local function groups(name, text)
  return kit.optional(column(name, text, "group"))
end

local function numbers(name, text)
  return kit.optional(column(name, text, "number"))
end

kit.method("ols",
  "Least squares. Rows: one a coefficient; columns of texts become dummies. Table: fit.", {
    formula(),
    se({ "classical", "HC0", "HC1", "HC2", "HC3", "CR0", "CR1", "CR2" }, "HC2, with clusters CR2"),
    groups("clusters", "Rows with one value belong together."),
    numbers("weights", "Weight of each row."), kit.conf_level(),
  }, "local rows <const> = stats.ols(t.y ~ t.x + t.g):rows()\n"
    .. "assert(rows[3].term == \"g[b]\" and rows[1].method == \"ols\")")

local kLikelihood <const> = { "classical", "HC0", "HC1", "HC2", "HC3", "CR0", "CR1" }

local function likelihood(name, text, more, example)
  local params = {
    formula(), se(kLikelihood, "classical, with clusters CR1"),
    groups("clusters", "Rows with one value belong together."),
    numbers("weights", "Weight of each row."),
    option("frequency", "boolean", "Whether weights count equal rows.", { default = false }),
    numbers("offset", "Added to the linear predictor as it is."),
  }
  for _, param in ipairs(more) do params[#params + 1] = param end
  params[#params + 1] = option("marginal", "text",
    "Marginal effects averaged over the rows, or at the means of the columns.",
    { default = "average", allowed = { "average", "at_means" } })
  params[#params + 1] = kit.conf_level()
  kit.method(name, text .. " Without products also marginal_effects; with factors of several"
    .. " levels joint_tests.", params, example)
end

local function success()
  return option("success", "text", "The value of an outcome of texts that counts as 1.")
end

likelihood("logit",
  "Logistic regression of what happens or not. Rows: coefficients on the scale of log odds."
    .. " Tables: fit, ratios.", { success() },
  "local fit <const> = stats.logit(t.won ~ t.w)\n"
    .. "assert(fit:rows()[2].term == \"w\" and fit:table \"ratios\":count_rows() == 1)")

likelihood("probit", "Probit regression of what happens or not. Table: fit.", { success() },
  "assert(#stats.probit(t.won ~ t.w):rows() == 2)")

likelihood("negative_binomial",
  "Regression of counts that spread more than Poisson's. Rows: coefficients on the scale of"
    .. " logarithms, theta. Tables: fit, ratios.",
  { numbers("exposure", "What each count was collected over: time, followers, views.") },
  "assert(#stats.negative_binomial(t.w ~ t.x):rows() >= 2)")

kit.method("multinomial",
  "Multinomial logit of an outcome with several levels. Rows: level:column, against the reference."
    .. " Table: fit.", {
    formula(), option("reference", "text", "The level compared with; else the first."),
    se({ "classical", "HC0", "HC1", "CR0", "CR1" }, "classical, with clusters CR1"),
    groups("clusters", "Rows with one value belong together."),
    numbers("weights", "Weight of each row."),
    option("frequency", "boolean", "Whether weights count equal rows.", { default = false }),
    kit.conf_level(),
  }, "assert(#stats.multinomial(t.k ~ t.x):rows() == 4)")

likelihood("poisson",
  "Poisson regression of counts. Rows: coefficients on the scale of logarithms. Tables: fit,"
    .. " ratios.",
  { numbers("exposure", "What each count was collected over: time, followers, views.") },
  "assert(#stats.poisson(t.w ~ t.x, { exposure = t.y }):rows() == 2)")
