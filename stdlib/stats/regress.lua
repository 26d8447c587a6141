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

internal.kind {
  name = "Curve", text = "A column that bends, for option curves of a regression.",
}

-- Curves in a regression: token -> { column, kind, size }.
local curves <const> = {}

local function curve(name, kind, text, size_name, size_text, example)
  kit.methods[name] = internal.define({
    name = "stats." .. name, text = text, returns = "Curve",
    params = {
      { name = "column", type = "Column", text = "The column." },
      { name = size_name, type = "integer", text = size_text, min = 1, max = 100 },
    },
    example = kit.sample .. example,
  }, function(of, size)
    local token <const> = internal.protect(setmetatable({}, {
      __name = "curve", __metatable = "curve",
    }))
    internal.document(token, "Curve")
    curves[token] = { column = of, kind = kind, size = size }
    return token
  end)
end

curve("poly", "poly", "Orthogonal polynomials of a column.", "degree", "Highest power.",
  "local fit <const> = stats.ols(t.y ~ t.g, { curves = { stats.poly(t.x, 2) } })\n"
    .. "assert(fit:rows()[4].term == \"poly(x)[2]\")")
curve("spline", "natural",
  "A natural cubic spline of a column: smooth, and straight beyond its range.", "df",
  "Columns it may use.",
  "assert(#stats.ols(t.y ~ t.g, { curves = { stats.spline(t.x, 3) } }):rows() == 5)")
curve("b_spline", "spline", "A cubic B-spline of a column.", "df", "Columns it may use.",
  "assert(#stats.ols(t.y ~ t.g, { curves = { stats.b_spline(t.x, 4) } }):rows() == 6)")

local function curves_option()
  return option("curves", "list", "stats.poly(t.x, 2), stats.spline(t.x, 4), ...",
    { items = "Curve" })
end

-- A regression: option curves becomes the columns and the kinds that the engine wants.
local function regression(name, text, params, example)
  local slots = {}
  for i, param in ipairs(params) do
    slots[i] = param.kind and param.name .. ":" .. param.kind or param.name
  end
  local at
  for i, param in ipairs(params) do at = param.name == "curves" and i or at end
  table.insert(slots, at, "curved:number")
  kit.methods[name] = internal.define({
    name = "stats." .. name, text = text, params = params, returns = "Analysis",
    example = kit.sample .. example,
  }, function(...)
    local values <const> = table.pack(...)
    local given <const> = values[at]
    local columns, kinds
    if given then
      columns, kinds = {}, {}
      for i, item in ipairs(given) do
        local known <const> = curves[item]
        if not known then
          internal.raise {
            what = "curve " .. i .. " of stats." .. name .. " is none",
            got = internal.describe(item), expected = "stats.poly(t.x, 2), stats.spline(t.x, 4)",
          }
        end
        columns[i], kinds[i] = known.column, { kind = known.kind, size = known.size }
      end
    end
    table.move(values, at, values.n, at + 1)
    values[at], values[at + 1] = columns, kinds
    return internal.recipe(name, slots, table.unpack(values, 1, values.n + 1))
  end)
end

regression("ols",
  "Least squares. Rows: one a coefficient; columns of texts become dummies. Tables: fit,"
    .. " joint_tests, diagnostics, collinearity, influence.", {
    formula(), curves_option(),
    se({ "classical", "HC0", "HC1", "HC2", "HC3", "CR0", "CR1", "CR2", "NW" },
      "HC2, with clusters CR2 (two ways CR1), with time NW"),
    kit.optional(kit.columns("clusters", "Rows with one value belong together; two columns cluster"
      .. " both ways.", "group")),
    kit.optional(column("time", "When each row was observed, for Newey-West errors.")),
    option("lag", "integer", "Lag of Newey-West errors; left out: by the data.", { min = 0 }),
    numbers("weights", "Weight of each row."),
    option("diagnostics", "boolean", "Whether to test what least squares takes for granted.",
      { default = true }),
    kit.conf_level(),
  }, "local fit <const> = stats.ols(t.y ~ t.x + t.g)\n"
    .. "assert(fit:rows()[3].term == \"g[b]\" and fit:table \"influence\":count_rows() == 8)")

local kLikelihood <const> = { "classical", "HC0", "HC1", "HC2", "HC3", "CR0", "CR1" }

local function likelihood(name, text, more, example)
  local params = {
    formula(), curves_option(), se(kLikelihood, "classical, with clusters CR1"),
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
  regression(name, text .. " Without products also marginal_effects; with factors of several"
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

regression("multinomial",
  "Multinomial logit of an outcome with several levels. Rows: level:column, against the reference."
    .. " Table: fit.", {
    formula(), curves_option(),
    option("reference", "text", "The level compared with; else the first."),
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

regression("quantile_regression",
  "How terms move quantiles of an outcome. Rows: coefficients, of several levels as tau:column."
    .. " Table: fit.", {
    formula(), curves_option(),
    option("tau", "number|list", "Levels of the quantiles; left out: the median."),
    se({ "iid", "nid", "kernel", "bootstrap" }, "nid, with clusters bootstrap"),
    option("draws", "integer", "Draws of the bootstrap.", { default = 500, min = 2 }),
    groups("clusters", "Rows with one value are drawn together by the bootstrap."),
    numbers("weights", "Weight of each row."), kit.conf_level(),
  }, "local levels <const> = { tau = { 0.25, 0.75 }, se = \"iid\" }\n"
    .. "local fit <const> = stats.quantile_regression(t.y ~ t.x, levels)\n"
    .. "assert(fit:rows()[4].term == \"0.75:x\")")
