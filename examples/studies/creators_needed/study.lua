-- A sweep: how many creators, and how many videos of each, does an experiment need?
-- A creator's videos share an audience, so whole creators are assigned to caption styles. There are
-- no data yet: `impact diagnose` simulates the design, and sweeps ask under which numbers it works.
local S <const> = study "creators-needed" {
  version = "1.0.0", seed = 5, question = "How many creators does the experiment need?",
}
local creators <const> = S:parameter "creators" { default = 40, text = "Creators that take part." }
local videos <const> = S:parameter "videos" { default = 6, text = "Videos of each." }
local effect <const> = S:parameter "effect" { default = 0.2, text = "Effect on log views." }

local population <const> = S:model "population" {
  levels = { { "creator", creators }, { "video", videos } },
  variables = {
    -- One draw a creator: what makes the videos of one creator alike.
    audience = normal(8, 0.6, { per = "creator" }),
    -- Last month's views: a noisy look at the audience, known before the experiment.
    earlier = col "audience" + normal(0, 0.3, { per = "creator" }),
    log_views = col "audience" + effect * col "style":eq("personal") + normal(0, 0.8),
  },
}
local style <const> = S:assignment "style" {
  units = population, arms = { "neutral", "personal" }, clusters = population.creator,
}
local ATE <const> = S:inquiry "ATE" {
  of = population.log_views, contrast = style:between("personal", "neutral"),
}
-- Standard errors follow the assignment: clustered by creator, in both.
S:estimator "difference" (difference_in_means {}) { answers = ATE }
S:estimator "adjusted" (ols.lin { covariates = population.earlier }) {
  answers = ATE, primary = true,
}
-- What clustering is for: the same adjustment with the creators forgotten claims too much.
S:estimator "naive" (ols.lin { covariates = population.earlier, se = "HC2" }) { answers = ATE }

-- Twice the creators are worth about four times the videos of each.
S:sweep "size" { creators = { 20, 40, 80 }, videos = { 3, 12 } }
S:sweep "effect size" { effect = { 0.1, 0.2, 0.4 } }

return S
