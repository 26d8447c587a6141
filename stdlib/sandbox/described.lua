-- Descriptions of the functions that replace some of Lua's own.
local internal = ...
local names = internal.names

local function given(name, kind, text, more)
  local param = { name = name, type = kind, text = text }
  for key, value in next, more or {} do param[key] = value end
  return param
end

local kTable <const> = given("t", "any", "A Lua table.")
local kMaybe <const> = { optional = true }

local function describe(name, text, params, returns, result, example, body)
  internal.annotate({
    name = name, text = text, params = params, returns = returns, result = result,
    example = example,
  }, body)
end

return function(tables, strings)
  describe("pairs", "Goes through a table: numbers first, then texts by bytes, booleans, handles."
    .. " Lua's own order differs from run to run.", { kTable }, "function",
    "an iterator, the table, nil",
    "local seen <const> = {}\nfor key in pairs { b = 1, a = 2, 3 } do seen[#seen + 1] = key end\n"
      .. "assert(seen[1] == 1 and seen[2] == \"a\" and seen[3] == \"b\")", names.pairs)
  describe("next", "The key after a key, in the order of pairs, with its value.",
    { kTable, given("key", "any", "The key before; none: the first.", kMaybe) }, "any",
    "the next key and its value, or nil", "assert(next { b = 1, a = 2 } == \"a\")", names.next)
  describe("tostring", "A value as a text, without memory addresses.",
    { given("value", "any", "What to write.") }, "text", nil,
    "assert(tostring({}) == \"table\" and tostring(1.5) == \"1.5\")", names.tostring)
  describe("print", "Writes values, as tostring makes them, and a line end.",
    { given("values", "any", "What to write.", { variadic = true, optional = true }) },
    "nothing", nil, "print(1, \"a\")", names.print)
  describe("setmetatable", "Gives a table of the script a metatable, without __gc and __mode.",
    { kTable, given("meta", "any", "The metatable, or nil.", kMaybe) }, "any", "the table",
    "assert(getmetatable(setmetatable({}, { __name = \"x\" })).__name == \"x\")",
    names.setmetatable)
  describe("rawset", "Sets a field of a table of the script without its metatable.",
    { kTable, given("key", "any", "The key."), given("value", "any", "The value.") }, "any",
    "the table", "assert(rawset({}, \"a\", 1).a == 1)", names.rawset)
  describe("xpcall", "Calls a function; an error goes to the handler, after the stack is unwound.",
    {
      given("body", "function", "What to call."),
      given("handler", "function", "Gets the error; what it returns is returned."),
      given("values", "any", "Arguments of the body.", { variadic = true, optional = true }),
    }, "boolean", "whether it went well, then the results of body or of handler",
    "assert(not xpcall(error, function() end, \"x\"))", names.xpcall)
  describe("table.sort", "Sorts a list in place; what compares equal keeps its order.",
    {
      given("list", "list", "What to sort."),
      given("before", "function", "Whether its first argument comes before its second.", kMaybe),
    }, "nothing", nil,
    "local list <const> = { 3, 1, 2 }\ntable.sort(list)\nassert(list[1] == 1)", tables.sort)
  describe("string.format", "A text from a pattern, as in Lua but without %p.",
    {
      given("pattern", "text", "Text with %d, %s, %.2f, ..."),
      given("values", "any", "What stands for them.", { variadic = true, optional = true }),
    }, "text", nil, "assert((\"%.1f %s\"):format(0.25, \"a\") == \"0.2 a\")", strings.format)
end
