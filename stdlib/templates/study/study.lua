-- Does a positive caption raise views?
local measures <const> = use "measures"

local S <const> = study "study-name" {
  version = "0.1.0", seed = 20240611, question = "Does a positive caption raise views?",
}
local n <const> = S:parameter "n" { default = 400, text = "Number of videos." }
local effect <const> = S:parameter "effect" { default = 0.1, text = "Effect on log views." }

-- How data might arise. Until there is a file, impact diagnose works on this alone.
local videos <const> = S:model "videos" {
  rows = n, unit = "video",
  variables = {
    tier = categorical({ "small", "large" }, { 3, 1 }),
    baseline = normal(8, 1) + col "tier":eq("large") * 1.5,
    log_views = col "baseline" + effect * col "caption":eq("positive") + normal(0, 0.5),
  },
}
local caption <const> = S:assignment "caption" {
  units = videos, arms = { "neutral", "positive" }, within = videos.tier,
}

-- The question and two answers.
local ATE <const> = S:inquiry "ATE" {
  of = videos.log_views, contrast = caption:between("positive", "neutral"),
}
S:estimator "difference" (difference_in_means {}) { answers = ATE }
S:estimator "adjusted" (ols.lin { covariates = videos.baseline }) { answers = ATE, primary = true }

S:sweep "size" { n = { 100, 400, 1600 } }

-- What can be computed already: how strong the effect is in per cent.
local size <const> = S:table "size of the effect" (measures.percent(frame {
  { "effect", { effect } }, key = "effect",
}))
S:report "Does a positive caption raise views?" {
  "Captions are randomised within tiers. The design below is diagnosed before data are collected.",
  size,
}

return S
