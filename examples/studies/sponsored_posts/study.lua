-- Do sponsored posts engage less? A look at observed posts, with tests, pictures and key figures.
-- The stand-in data have no effect of sponsorship at all: large accounts engage less, and are
-- sponsored more often. The report finds out.
local S <const> = study "sponsored-posts" { version = "1.0.0", seed = 11 }

local TIERS <const> = {
  { name = "nano", posts = 400, rate = 6.0, sponsored = 0.05 },
  { name = "micro", posts = 350, rate = 3.5, sponsored = 0.15 },
  { name = "macro", posts = 250, rate = 1.5, sponsored = 0.60 },
}

local posts <const> = S:source "posts" {
  csv = "posts.csv", key = "post_id",
  expect = { allowed = { tier = { "nano", "micro", "macro" } } },
  otherwise = function()
    local random <const> = S:random "posts"
    local id, tier, sponsored, followers, rate = {}, {}, {}, {}, {}
    for _, kind in ipairs(TIERS) do
      for _ = 1, kind.posts do
        local i <const> = #id + 1
        id[i], tier[i] = i, kind.name
        sponsored[i] = random:uniform() < kind.sponsored
        followers[i] = math.floor(random:lognormal(12 - kind.rate, 0.6)) + 1
        rate[i] = math.max(0.1, random:normal(kind.rate, 1))
      end
    end
    return frame {
      { "post_id", id }, { "tier", tier }, { "sponsored", sponsored },
      { "followers", followers }, { "engagement", rate },
    }
  end,
}
S:roles {
  exposure = posts.sponsored, outcome = posts.engagement, covariate = { posts.tier },
}

local gap <const> = S:analysis "gap" (stats.welch {
  of = posts.engagement, by = posts.sponsored:between("true", "false"),
})
local ranks <const> = S:analysis "ranks" (stats.mann_whitney {
  of = posts.engagement, by = posts.sponsored:between("true", "false"),
})
local tiers <const> = S:analysis "tiers" (stats.chi_square {
  of = posts.tier, by = posts.sponsored,
})
local family <const> = S:analysis "family" (stats.adjust { of = { gap, ranks, tiers } })
local adjusted <const> = S:analysis "adjusted" (stats.ols(
  posts.engagement ~ posts.sponsored + posts.tier))
local size <const> = S:table "size" (posts:summarise { count():as "posts" })

S:report "Do sponsored posts engage less?" {
  summary {
    say("Sponsored posts engage {size} points {more|less|more or less} than others ({interval}).")
      { of = gap },
    say("Among accounts of one size they engage {more|less|about as much}: {estimate} "
      .. "({interval}; {p}).") { of = adjusted, term = "sponsored" },
  },
  values { { "Posts", size, "posts" }, { "Raw gap", gap }, },
  "# Who is sponsored",
  tiers, tiers:table "counts",
  figure "Posts by tier" (plot.bar { of = posts.tier, by = posts.sponsored, x_title = "Tier" }),
  figure "Explore" (plot.linked { of = { posts.tier, posts.sponsored, posts.engagement } }),
  "# Engagement",
  gap, gap:table "strata", ranks,
  figure "Engagement by tier and sponsorship" (plot.box {
    of = posts.engagement, by = posts.tier, colour = posts.sponsored, y_title = "Engagement",
    y_unit = "%",
  }),
  "# Adjusted", adjusted,
  figure "Coefficients" (plot.coefficients { adjusted }),
  "# All tests together", family:table "p_values",
}

return S
