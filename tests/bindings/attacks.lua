-- Each attack is a function that must raise an error, or return a harmless value that `harmless`
-- accepts. A new hole gets a line here first.
local attacks = {}
local function attack(name, body) attacks[#attacks + 1] = { name = name, body = body } end

-- Names that must not be there.
for _, name in ipairs {
  "io", "os", "debug", "package", "require", "load", "loadfile", "loadstring", "dofile",
  "collectgarbage", "_G",
} do
  attack("read the global " .. name, function() return _ENV[name] end)
end
attack("string.dump", function() return string.dump(print) end)
attack("string.dump by method", function() return ("x").dump(print) end)

-- Changing what scripts share.
attack("overwrite a library function", function() string.upper = nil end)
attack("overwrite through rawset", function() rawset(string, "upper", nil) end)
attack("add to a library", function() math.tau = 6.28 end)
attack("insert into a library", function() table.insert(table, "x") end)
attack("sort a library", function() table.sort(string) table.insert(string, 1) end)
attack("overwrite a global", function() print = nil end)
attack("define a global", function() leaked = 1 end)
attack("define a global through _ENV", function() _ENV.leaked = 1 end)
attack("define a global through rawset", function() rawset(_ENV, "leaked", 1) end)
attack("replace the environment's metatable", function() setmetatable(_ENV, {}) end)
attack("replace a library's metatable", function() setmetatable(string, {}) end)
attack("reach the string metatable", function() getmetatable("").__index = nil end)
attack("change string methods", function() getmetatable("x").__index.upper = print end)
attack("change a handle's metatable", function() getmetatable(missing).__index = nil end)
attack("give a handle a metatable", function() setmetatable(missing, {}) end)
attack("give a string a metatable", function() setmetatable("x", {}) end)
attack("change an error's metatable", function()
  local _, err = pcall(use, 1)
  getmetatable(err).__tostring = nil
end)
attack("strip an error's metatable", function()
  local _, err = pcall(use, 1)
  setmetatable(err, nil)
end)
attack("walk the environment", function()
  for _ in pairs(_ENV) do return "found" end
  error "nothing there"
end)

-- When and in what order things happen.
attack("a finalizer", function() setmetatable({}, { __gc = print }) end)
attack("a weak table", function() setmetatable({}, { __mode = "k" }) end)
attack("random numbers", function() return math.random() end)
attack("seeding random numbers", function() math.randomseed(1) end)
attack("order of table keys", function() for _ in pairs { [{}] = 1, [{}] = 2 } do end end)
attack("order of function keys", function() for _ in pairs { [print] = 1 } do end end)
attack("order of coroutine keys", function() next { [coroutine.create(print)] = 1 } end)
attack("the clock", function() return os.time() end)
attack("the environment variables", function() return os.getenv "HOME" end)

-- Addresses.
local function has_address(text) return text:find "0x%x+" ~= nil end
local function no_address(name, body)
  attack("address of " .. name, function()
    local text = body()
    if has_address(text) then return text end
    error "no address"
  end)
end
no_address("a table", function() return tostring {} end)
no_address("a function", function() return tostring(print) end)
no_address("a coroutine", function() return tostring(coroutine.create(print)) end)
no_address("a handle", function() return tostring(missing) end)
no_address("a library", function() return tostring(string) end)
no_address("a named table", function() return tostring(setmetatable({}, { __name = "mine" })) end)
no_address("a table in a format", function() return string.format("%s", {}) end)
no_address("a table by method", function() return ("%s"):format {} end)
no_address("an error", function() return tostring(select(2, pcall(error, {}))) end)
attack("%p in a format", function() return string.format("%p", {}) end)
attack("%p by method", function() return ("%-20p"):format(print) end)

-- Files.
for _, path in ipairs {
  "../secret", "/etc/passwd", "a/../../secret", ".", "..", ".hidden", "a/.hidden", "attacks.lua",
  "", "no such file", "a\0b", "~/secret", "C:\\secret", "a//..//../b",
} do
  attack("use " .. path:gsub("%c", "?"), function() return use(path) end)
end
attack("use without a name", function() return use() end)
attack("use a table", function() return use {} end)

-- Resources.
attack("a huge string", function() return ("x"):rep(1 << 40) end)
attack("memory without end", function()
  local list = {}
  while true do list[#list + 1] = ("x"):rep(1000000) .. #list end
end)
attack("recursion without end", function()
  local function deeper() return 1 + deeper() end
  return deeper()
end)
attack("nested coroutines without end", function()
  local function deeper() return coroutine.wrap(deeper)() end
  return deeper()
end)
attack("unpacking too much", function() return table.unpack({}, 1, 1e8) end)
attack("a sort that never agrees", function()
  table.sort({ 3, 1, 2 }, function() return true end)
  error "it ended"
end)
attack("a sort that throws", function() table.sort({ 3, 1, 2 }, function() error "out" end) end)

for _, item in ipairs(attacks) do
  local done = table.pack(pcall(item.body))
  if done[1] then error("the attack '" .. item.name .. "' succeeded: " .. tostring(done[2])) end
end
assert(#attacks >= 40)

-- The sandbox still works after all that.
assert(("abc"):upper() == "ABC" and math.floor(2.5) == 2 and #table.pack(1, 2) == 2)
print(#attacks .. " attacks failed as they should")
