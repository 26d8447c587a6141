-- Steps of preparation: what columns become before a model sees them.
local internal = ...
local kit = internal.learn_kit
local option = kit.option

kit.step("select", "Keeps some columns, or all but some.", {
    kit.some("Columns, names or patterns such as \"likes*\" to keep; left out: all."),
    option("except", "Column|text|list", "Columns, names or patterns to drop."),
    option("type", "text", "Only columns of numbers, or of texts.",
      { allowed = { "number", "text" } }),
    option("role", "text", "Only columns of this role of S:roles."),
  })
