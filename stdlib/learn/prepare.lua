-- Steps of preparation: what columns become before a model sees them. Options that belong to one
-- way only have no default here: given with another way they are an error.
local internal = ...
local kit = internal.learn_kit
local option = kit.option

local function flag(name, text) return option(name, "boolean", text) end
local function whole(name, text, min) return option(name, "integer", text, { min = min or 1 }) end
local function number(name, text, min, max)
  return option(name, "number", text, { min = min, max = max })
end
local function choice(name, text, allowed)
  return option(name, "text", text, { allowed = allowed, default = allowed[1] })
end
local function word(name, text) return option(name, "text", text) end

-- The example of a step: what a linear model of the columns after it has coefficients for.
local function terms(step, features, wanted)
  return "local f <const> = learn.fit { of = t.y, features = { " .. features .. " },\n"
    .. "  learner = learn.pipeline { " .. step .. ", learn.ridge { lambda = 1 } } }\n"
    .. "assert(f:table(\"coefficients\"):rows()[2].term == \"" .. wanted .. "\")"
end

kit.step("select", "Keeps some columns, or all but some.", {
    kit.some("Columns, names or patterns such as \"likes*\" to keep; left out: all."),
    option("except", "Column|text|list", "Columns, names or patterns to drop."),
    option("type", "text", "Only columns of numbers, or of texts.",
      { allowed = { "number", "text" } }),
    option("role", "text|list", "Only columns of these roles of S:roles."),
  }, terms("learn.select { except = t.x }", "t.x, t.w", "w"))

kit.step("impute", "Fills missing cells by what the known ones of the training rows say.", {
    kit.some(),
    choice("how", "median and mean of numbers; mode and constant of texts too; knn: the nearest"
      .. " rows; iterative: each column from the others, round by round.",
      { "median", "mean", "mode", "constant", "knn", "iterative" }),
    option("value", "number|text", "Of constant."),
    flag("indicator", "Add a column \"<name> is missing\", 0 or 1."),
    whole("k", "Of knn: neighbours, 5."),
    flag("standardise", "Of knn: distances in standard deviations, true."),
    flag("distance_weights", "Of knn: nearer rows count more, false."),
    whole("rounds", "Of iterative: at most, 10."),
    number("tolerance", "Of iterative: change that ends it, in the columns' sizes.", 0),
    number("penalty", "Of iterative: ridge penalty.", 0),
  }, terms("learn.impute { how = \"mean\" }", "t.x, t.w", "x"))

kit.step("scale", "Brings columns of numbers to a common size. A column that does not vary"
  .. " becomes 0.",
  {
    kit.some(),
    choice("how", "standard: mean 0, sd 1; robust: median and quartiles; min_max: to a range;"
      .. " max_abs; quantile: to ranks, uniform or normal; yeo_johnson: the power that makes it"
      .. " most"
      .. " normal; log1p: log(1 + x).",
      { "standard", "robust", "min_max", "max_abs", "quantile", "yeo_johnson", "log1p" }),
    option("range", "list", "Of min_max: { 0, 1 }.", { items = "number" }),
    flag("clip", "Of min_max: what lies beyond stays within."),
    option("quantiles", "integer|list", "Of robust: { 0.25, 0.75 }; of quantile: how many, 1000."),
    option("to", "text", "Of quantile.", { allowed = { "uniform", "normal" } }),
    flag("standardise", "Of yeo_johnson: mean 0 and sd 1 afterwards, true."),
  }, terms("learn.scale { how = \"min_max\" }", "t.x, t.w", "x"))

kit.step("one_hot", "A column of 0 and 1 for each level of a column of texts: \"tier=gold\".", {
    kit.some("Columns of texts, names or patterns; left out: all of them."),
    flag("drop_first", "Leave out the first level, false."),
    choice("missing", "Missing texts are 0 everywhere, or have a column of their own.",
      { "zero", "level" }),
    number("min_frequency", "Levels with fewer rows (below 1: a smaller share) go together into"
      .. " \"tier=other\", and so do levels that training rows don't have.", 0),
    word("other", "What that column is called, other."),
  }, terms("learn.one_hot {}", "t.k", "k=p"))

kit.step("ordinal", "The place of a text among its levels: 0, 1, ...; unknown ones are missing.", {
    kit.some("Columns of texts, names or patterns; left out: all of them."),
    option("order", "list", "Levels from the least to the most: for all columns, or column = list;"
      .. " left out: alphabetical."),
  }, terms("learn.ordinal { order = { \"r\", \"p\", \"q\" } }", "t.k", "k"))

kit.step("target",
  "The mean outcome of a text's level, drawn towards the overall mean. Training rows are encoded"
    .. " by rows of other folds, so that no outcome explains itself.", {
    kit.some("Columns of texts, names or patterns; left out: all of them."),
    option("smooth", "number|text", "auto: as the data say (empirical Bayes); or rows that the"
      .. " overall mean counts for."),
    whole("folds", "Parts of the training rows, 5.", 2),
  }, terms("learn.target { folds = 2 }", "t.k", "k"))

kit.step("hashing", "Texts into a fixed number of columns, by a hash: for very many levels.", {
    kit.some("Columns of texts, names or patterns; left out: all of them."),
    whole("columns", "Columns, 16."),
    flag("sign", "Half of the texts count negative, so that collisions cancel; true."),
    word("prefix", "What columns are called, hash."),
  }, terms("learn.hashing { columns = 4 }", "t.k", "hash 1"))

kit.step("lump", "Rare levels of texts together in one.", {
    kit.some("Columns of texts, names or patterns; left out: all of them."),
    whole("count", "Keep levels with at least so many rows."),
    number("share", "Keep levels with at least this share; 0.01 where nothing is given.", 0, 1),
    whole("top", "Keep so many of the most frequent."),
    word("other", "What the rest is called, other."),
  }, "assert(tostring(learn.lump { top = 2 }):find(\"lump\", 1, true) == 1)")

kit.step("bin", "Numbers cut into ranges.", {
    kit.some(),
    option("how", "text", "Of equal width, or with as many rows each; width.",
      { allowed = { "width", "count" } }),
    whole("bins", "How many, 5.", 2),
    option("edges", "list", "The cuts, instead.", { items = "number" }),
    choice("as", "The number of the range, or a column of 0 and 1 each.", { "ordinal", "one_hot" }),
  }, terms("learn.bin { edges = { 3, 5 } }", "t.x", "x"))

kit.step("poly", "Adds powers and products of columns of numbers: \"a^2\", \"a * b\".", {
    kit.some(), whole("degree", "Greatest sum of exponents, 2.", 2),
    flag("interactions", "Only products of different columns, false."),
  }, terms("learn.poly {}", "t.x, t.w", "x"))

kit.step("spline", "A smooth basis in the place of each column of numbers.", {
    kit.some(),
    choice("how", "B-splines, or natural cubic ones (straight beyond the data).",
      { "b", "natural" }),
    whole("df", "Columns of each basis, 5."),
    option("knots", "list", "Inner knots, instead.", { items = "number" }),
    whole("degree", "Of B-splines, 3."),
    flag("intercept", "Span the constant too, false."),
  }, terms("learn.spline { df = 4 }", "t.x", "x spline 1"))

kit.step("interact", "Adds products of two columns; texts count level by level.", {
    kit.some("Columns, each with each; or pairs."),
    option("pairs", "list", "{ { \"a\", \"b\" }, ... } instead.", { items = "list" }),
  }, terms("learn.interact {}", "t.x, t.w", "x"))

kit.step("pca", "Principal components in the place of columns of numbers: \"pc1\", \"pc2\", ...", {
    kit.some(), whole("components", "How many; left out: all."),
    number("share", "As many as explain this share of the variance.", 0, 1),
    flag("standardise", "Columns count in standard deviations, true."),
    word("prefix", "What components are called, pc."),
    flag("keep", "Keep the columns as well, false."),
  }, terms("learn.pca { components = 1 }", "t.x, t.w", "pc1"))

kit.step("svd", "Truncated singular value decomposition: components without centring.", {
    kit.some(), whole("components", "How many, 2."),
    number("share", "As many as explain this share.", 0, 1),
    flag("standardise", "Columns count in standard deviations, true."),
    word("prefix", "What components are called, svd."),
    flag("keep", "Keep the columns as well, false."),
  }, terms("learn.svd { components = 1 }", "t.x, t.w", "svd1"))

kit.step("tf_idf", "A column a word in the place of columns of texts, weighted by how rare it"
  .. " is.", {
    kit.some("Columns of texts, names or patterns; left out: all of them."),
    option("ngrams", "list", "Least and most words in a row that count as one, { 1, 1 }.",
      { items = "integer" }),
    number("min_df", "Fewest texts a word is in; below 1 a share.", 0),
    number("max_df", "Most texts; up to 1 a share.", 0),
    whole("max_features", "Words that occur most, 1000."),
    option("stop_words", "list", "Words that do not count.", { items = "text" }),
    whole("min_length", "Characters of a word, 2."),
    flag("sublinear", "1 + log of how often a word is in a text, false."),
    flag("binary", "Whether, not how often; false."),
    flag("idf", "Weigh by rarity, true."),
    flag("smooth", "As if one more text had every word, true."),
    choice("norm", "Length of a row.", { "l2", "l1", "none" }),
  }, terms("learn.tf_idf { min_length = 1 }", "t.k", "word: p"))

kit.step("keep_best", "Keeps the columns that say most about the outcome of the training rows.", {
    kit.some("Candidates; other columns stay."),
    choice("by", "What they are ranked by; l1: a coefficient in a lasso.",
      { "mutual_information", "f", "variance", "l1" }),
    whole("count", "So many of the best."),
    number("share", "This share of the candidates.", 0, 1),
    number("threshold", "Those above this score; of l1 the penalty."),
    whole("neighbours", "Of mutual information, 3."),
    option("discrete", "text|list", "Of mutual information: columns whose numbers are codes."),
    option("discrete_up_to", "integer", "Of mutual information: columns with so few values are too,"
      .. " 2.", { min = 0 }),
  }, terms("learn.keep_best { by = \"f\", count = 1 }", "t.w, t.x", "x"))

kit.step("clusters", "Adds what k-means says of columns of numbers: distances to centres, or a"
  .. " label.", {
    kit.some(), whole("clusters", "How many, 8."),
    choice("as", "Distances to the centres, or the cluster's label.", { "distance", "label" }),
    word("name", "What columns are called, cluster."),
    flag("standardise", "Columns count in standard deviations, true."),
    whole("restarts", "Of which the best counts, 10."),
    whole("most_iterations", "300."),
    number("tolerance", "Shift of the centres that ends it, 1e-4.", 0),
    flag("keep", "Keep the columns as well, true."),
  }, terms("learn.clusters { clusters = 2, keep = false }", "t.x, t.w",
    "distance to cluster 1"))
