#include "bindings/args.h"
#include "bindings/columns.h"
#include "bindings/guard.h"
#include "bindings/install.h"
#include "bindings/random.h"
#include "bindings/sandbox.h"
#include "engine/core/error.h"

namespace impact::bindings {
namespace {

Param number(const std::string& name, const std::string& text, std::optional<double> fallback,
             std::optional<double> min = std::nullopt) {
  Param out{.name = name, .type = "number", .text = text, .optional = fallback.has_value()};
  if (fallback) out.fallback = *fallback;
  out.min = min;
  return out;
}

Param integer(const std::string& name, const std::string& text) {
  return {.name = name, .type = "integer", .text = text};
}

Stream& stream(const Call& call) { return call.self<RandomStream>()->stream; }

Function draw(const std::string& name, std::vector<Param> params, std::string returns,
              std::string text, const std::string& example, std::function<int(Call&)> body) {
  return {.name = "Random:" + name,
          .params = std::move(params),
          .returns = std::move(returns),
          .text = std::move(text),
          .example = "local r = random(\"example\", 7)\n" + example,
          .body = std::move(body)};
}

int give(const Call& call, double value) {
  lua_pushnumber(call.state(), value);
  return 1;
}

Context polled(lua_State* L) { return {.cancel = runtime(L).options().cancel}; }

// Pushes a list of the items at the given places of the list `from`.
int push_picked(lua_State* L, int from, const std::vector<std::size_t>& places) {
  lua_createtable(L, static_cast<int>(places.size()), 0);
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (i % kPollItems == 0) poll_cancel(L);
    lua_rawgeti(L, from, static_cast<lua_Integer>(places[i] + 1));
    lua_rawseti(L, -2, static_cast<lua_Integer>(i + 1));
  }
  return 1;
}

std::vector<Function> list_methods() {
  const Param list{.name = "list", .type = "list", .text = "Where to draw from."};
  return {
      draw("shuffle", {list}, "list", "A new list with the items in random order.",
           "assert(#r:shuffle { 1, 2, 3 } == 3)",
           [](Call& call) {
             lua_State* L = call.state();
             const int from = call.slot("list");
             return push_picked(L, from, stream(call).permutation(lua_rawlen(L, from), polled(L)));
           }),
      draw("sample", {list, integer("n", "How many different items.")}, "list",
           "A list of n items without replacement.", "assert(#r:sample({ 1, 2, 3 }, 2) == 2)",
           [](Call& call) {
             lua_State* L = call.state();
             const int from = call.slot("list");
             const auto size = static_cast<std::int64_t>(lua_rawlen(L, from));
             const std::int64_t n = call.integer("n");
             if (n < 0 || n > size) {
               call.fail("n", "can't draw " + std::to_string(n) + " of " + std::to_string(size),
                         "0 to " + std::to_string(size));
             }
             return push_picked(L, from,
                                stream(call).sample(static_cast<std::size_t>(size),
                                                    static_cast<std::size_t>(n), polled(L)));
           }),
      draw("choose", {list}, "any", "One item of a list.", "assert(r:choose { \"a\" } == \"a\")",
           [](Call& call) {
             lua_State* L = call.state();
             const auto size = lua_rawlen(L, call.slot("list"));
             if (size == 0) call.fail("list", "can't choose from an empty list", "some items");
             lua_rawgeti(L, call.slot("list"),
                         static_cast<lua_Integer>(stream(call).below(size) + 1));
             return 1;
           }),
      draw("categorical",
           {{.name = "weights", .type = "list", .text = "Weights, at least 0.", .items = "number"}},
           "integer",
           "The place (from 1) of an item drawn with probability proportional to its "
           "weight.",
           "assert(r:categorical { 0, 1 } == 2)",
           [](Call& call) {
             std::vector<double> weights;
             double total = 0;
             each_item(call.state(), call.slot("weights"), [&](int item, lua_Integer) {
               weights.push_back(lua_tonumberx(call.state(), item, nullptr));
               if (!(weights.back() >= 0))
                 call.fail("weights", "a weight is negative", "0 or more");
               total += weights.back();
             });
             if (!(total > 0)) call.fail("weights", "the weights sum to 0", "a positive sum");
             lua_pushinteger(call.state(),
                             static_cast<lua_Integer>(stream(call).categorical(weights) + 1));
             return 1;
           }),
  };
}

std::vector<Function> number_methods() {
  return {
      draw("uniform", {number("low", "Lower end.", 0.0), number("high", "Upper end.", 1.0)},
           "number", "Uniform between low (included) and high.",
           "local u = r:uniform()\nassert(u >= 0 and u < 1)",
           [](Call& call) {
             return give(call, stream(call).uniform(call.number("low"), call.number("high")));
           }),
      draw("integer", {integer("low", "Smallest."), integer("high", "Largest.")}, "integer",
           "Uniform integer, both ends included.",
           "local n = r:integer(1, 6)\nassert(n >= 1 and n <= 6)",
           [](Call& call) {
             if (call.integer("low") > call.integer("high")) {
               call.fail("low", "integer's ends are in the wrong order", "low <= high");
             }
             lua_pushinteger(call.state(),
                             stream(call).integer(call.integer("low"), call.integer("high")));
             return 1;
           }),
      draw("bernoulli", {number("p", "Probability of true.", std::nullopt, 0)}, "boolean",
           "True with probability p.", "assert(r:bernoulli(1) == true)",
           [](Call& call) {
             lua_pushboolean(call.state(), stream(call).bernoulli(call.number("p")) ? 1 : 0);
             return 1;
           }),
      draw("normal", {number("mean", "Mean.", 0.0), number("sd", "Standard deviation.", 1.0, 0)},
           "number", "Normal.", "assert(math.type(r:normal()) == \"float\")",
           [](Call& call) {
             return give(call, stream(call).normal(call.number("mean"), call.number("sd")));
           }),
      draw("lognormal",
           {number("mean_log", "Mean of the logarithm.", 0.0),
            number("sd_log", "Standard deviation of the logarithm.", 1.0, 0)},
           "number", "Log-normal.", "assert(r:lognormal() > 0)",
           [](Call& call) {
             return give(call,
                         stream(call).lognormal(call.number("mean_log"), call.number("sd_log")));
           }),
      draw("exponential", {number("mean", "Mean.", 1.0, 0)}, "number", "Exponential.",
           "assert(r:exponential(2) >= 0)",
           [](Call& call) { return give(call, stream(call).exponential(call.number("mean"))); }),
      draw("gamma", {number("shape", "Shape, above 0.", std::nullopt, 1e-300)}, "number",
           "Gamma with scale 1.", "assert(r:gamma(2) > 0)",
           [](Call& call) { return give(call, stream(call).gamma(call.number("shape"))); }),
      draw("beta",
           {number("a", "First shape, above 0.", std::nullopt, 1e-300),
            number("b", "Second shape, above 0.", std::nullopt, 1e-300)},
           "number", "Beta.", "local x = r:beta(2, 3)\nassert(x >= 0 and x <= 1)",
           [](Call& call) {
             return give(call, stream(call).beta(call.number("a"), call.number("b")));
           }),
      draw("poisson", {number("mean", "Mean, up to 1e9.", std::nullopt, 0)}, "integer", "Poisson.",
           "assert(r:poisson(3) >= 0)",
           [](Call& call) {
             if (call.number("mean") > 1e9)
               call.fail("mean", "poisson's mean is too large", "<= 1e9");
             lua_pushinteger(call.state(), stream(call).poisson(call.number("mean")));
             return 1;
           }),
  };
}

}  // namespace

void install_random(lua_State* L) {
  TypeDescriptor type{.name = "Random",
                      .text = "A named stream of random numbers: the same on every machine.",
                      .methods = number_methods(),
                      .metamethods = {}};
  for (Function& function : list_methods()) type.methods.push_back(std::move(function));
  register_type(L, std::move(type));
  push_function(
      L, runtime(L).registry().add(
             {.name = "random",
              .params = {{.name = "name", .type = "text", .text = "Names the stream."},
                         {.name = "seed", .type = "integer", .text = "Seed of all streams."}},
              .returns = "Random",
              .text = "A stream of random numbers. In a study S:random \"name\" uses its seed.",
              .example = "assert(random(\"a\", 1):uniform() == random(\"a\", 1):uniform())",
              .body = [](Call& call) {
                const std::string name = call.text("name");
                const StreamKey key = StreamKey::root(call.integer("seed")).child(name);
                push_handle(call.state(),
                            std::make_shared<RandomStream>(RandomStream{key, Stream(key), name}));
                return 1;
              }}));
  set_global(L, "random");
}

}  // namespace impact::bindings
