-- The report: figure, values, say, summary, and S:report that puts them in order.
local internal = ...
local raise, define = internal.raise, internal.define
local core = internal.core
local option, need = core.option, core.need

-- A forest of estimates is a plot of coefficients.
internal.plots.forest = internal.plots.coefficients
internal.alias("plot.forest", "plot.coefficients")
internal.value("plot", "library", "Plots of columns and of estimates; figure declares one.")
internal.names.plot = internal.read_only("plot", internal.plots)

internal.kind { name = "Piece", text = "A part of the report: a sentence, key figures, the plan." }

-- Pieces of a report that are no declarations: token -> { kind = ..., told = ... }.
local pieces = {}

local function piece(name, content)
  local token = internal.protect(setmetatable({}, {
    __name = name, __metatable = name,
    __newindex = function() raise { what = "a piece of the report can't be changed" } end,
  }))
  internal.document(token, "Piece")
  pieces[token] = content
  return token
end

-- A name for the plan from a caption: "Views by status!" is views_by_status.
local function slug(caption)
  local name = caption:lower():gsub("[^%w]+", "_"):gsub("^_+", ""):gsub("_+$", "")
  if name == "" then name = "figure" end
  local free, count = name, 1
  while core.nodes[free] do
    count = count + 1
    free = name .. "_" .. count
  end
  return free
end

internal.names.figure = core.curried("figure", define({
  name = "figure",
  text = "Declares a plot with its caption: figure \"Views\" (plot.histogram { ... }). Its"
    .. " specification goes to plots/<name>.vl.json.",
  params = {
    { name = "caption", type = "text", text = "What stands above it." },
    { name = "plot", type = "Plot", text = "plot.histogram { ... }, ..." },
    option("name", "text", "Name in the plan and of the file; else from the caption."),
  },
  returns = "Figure",
  example = core.prelude
    .. "S:report \"X\" { figure \"How x is spread\" (plot.histogram { of = t.x }) }\nreturn S",
}, function(caption, plot, name)
  if not core.current then
    raise { what = "figure belongs to a study", hint = "plot.histogram { ... }:text() draws now" }
  end
  name = name or slug(caption)
  return internal.add_figure(name, core.declare("figure", name), caption, plot)
end))

-- The declared node behind a value, for what is told of it.
local function node_of(value, place)
  local name, kind = internal.node_name(value)
  if kind == "estimates" then return name end
  raise {
    what = place .. " needs an analysis or an estimator", got = internal.describe(value),
    expected = "what S:analysis or S:estimator gave",
  }
end

internal.names.say = core.curried("say", define({
  name = "say",
  text = "A sentence computed from a number: say \"Videos get {size} {more|fewer|as many} views"
    .. " ({interval}; {p}).\" { of = gap }. Of {a|b|c} the first stands for an estimate above"
    .. " its hypothesis, the second for one below, the third for one that is not told apart.",
  params = {
    { name = "text", type = "text", text = "The sentence, with estimate, size, std_error,"
      .. " statistic, df, p, low, high, interval, n or term in braces; {low:share}: per cent." },
    need("of", "Finding|Estimator", "Whose number it is."),
    option("term", "text", "Which of its rows; else the first."),
  },
  returns = "Piece",
  example = core.prelude
    .. "local mean <const> = S:analysis \"mean\" (stats.t_test { of = t.x })\n"
    .. "S:report \"X\" { say \"x is {above|below|near} zero: {p}.\" { of = mean } }\nreturn S",
}, function(text, of, term)
  internal.check_template(text)
  return piece("say", {
    kind = "sentences", told = { { label = text, node = node_of(of, "say"), part = term } },
  })
end))

internal.names.summary = define({
  name = "summary",
  text = "What the report says first: sentences that are computed from their numbers. Analyses and"
    .. " estimators may stand for their plain sentence.",
  params = {
    {
      name = "sentences", type = "any", text = "say ..., or analyses.", variadic = true,
      items = "Piece|Finding|Estimator",
    },
  },
  returns = "Piece",
  example = core.prelude
    .. "local mean <const> = S:analysis \"mean\" (stats.t_test { of = t.x })\n"
    .. "S:report \"X\" { summary { mean } }\nreturn S",
}, function(sentences)
  local told = {}
  for _, item in ipairs(sentences) do
    local known = pieces[item]
    if known and known.kind == "sentences" then
      told[#told + 1] = known.told[1]
    else
      told[#told + 1] = { label = "", node = node_of(item, "summary") }
    end
  end
  return piece("summary", { kind = "summary", told = told })
end)

internal.names.values = define({
  name = "values",
  text = "A row of key figures: values { { \"Videos\", shape, \"rows\" }, { \"Gap\", gap } }.",
  params = {
    { name = "boxes", type = "list", variadic = true, items = "list",
      text = "{ label, table, column } or { label, analysis, term }; share = true for per cent." },
  },
  returns = "Piece",
  example = core.prelude
    .. "local all <const> = S:table \"all\" (t:summarise { count():as \"rows\" })\n"
    .. "S:report \"X\" { values { { \"Rows\", all, \"rows\" } } }\nreturn S",
}, function(boxes)
  local told = {}
  for i, box in ipairs(boxes) do
    local source = type(box) == "table" and box[2]
    local node = core.tables[source] or (source and internal.node_name(source))
    if not node or type(box[1]) ~= "string" then
      raise {
        what = "box " .. i .. " of values can't be shown", got = internal.describe(source or box),
        expected = "{ \"label\", a table declared with S:table or an analysis, \"column\" }",
      }
    end
    told[i] = { label = box[1], node = node, part = box[3], share = box.share }
  end
  return piece("values", { kind = "values", told = told })
end)

-- Every report ends with the plan and where everything came from; a study may name them.
internal.value("design_card", "Piece", "The plan of the study, where it stands in the report.")
internal.value("provenance", "Piece",
  "Where everything in the report came from, where it stands in the report.")
internal.names.design_card = piece("design_card", { kind = "plan" })
internal.names.provenance = piece("provenance", { kind = "plan" })

local function add(item, i)
  if type(item) == "string" then
    local marks, heading = item:match("^(#+)%s+(.*)$")
    if marks and #marks <= 3 then
      internal.add_item("heading", heading, #marks)
    else
      internal.add_item("prose", item)
    end
  elseif core.tables[item] then
    internal.add_item("table", core.tables[item])
  elseif pieces[item] then
    internal.add_item(pieces[item].kind, "", nil, pieces[item].told)
  else
    local name, kind = internal.node_name(item)
    if not name then
      raise {
        what = "section " .. i .. " of the report can't be shown", got = internal.describe(item),
        expected = "a text, a table declared with S:table, an analysis, a figure or a check",
        hint = internal.type(item) == "Table" and "declare it: S:table \"name\" (t)"
          or internal.type(item) == "Plot" and "give it a caption: figure \"caption\" (plot)"
          or internal.type(item) == "Analysis" and "declare it: S:analysis \"name\" (stats...)"
          or nil,
      }
    end
    internal.add_item(kind, name)
  end
end

core.method("report", core.curried("report", define({
  name = "Study:report",
  text = "Declares what the reader sees, in order: Markdown prose, tables, analyses, figures, key"
    .. " figures, sentences, checks. A text that starts with '# ' is a heading.",
  params = {
    { name = "title", type = "text", text = "Title of the report." },
    {
      name = "sections", type = "list",
      items = "text|Table|Finding|FindingTable|Estimator|Figure|Check|Piece",
      text = "Texts, tables declared with S:table, analyses, estimators, figures, checks,"
        .. " summary { ... }, values { ... }, say ...",
    },
  },
  returns = "nothing",
  example = core.prelude
    .. "local all <const> = S:table \"all\" (t)\n"
    .. "S:report \"Everything\" { \"# Data\", \"All rows.\", all }\n"
    .. "return S",
}, function(title, sections)
  internal.add_title(title)
  for i, item in ipairs(sections) do add(item, i) end
end)))
