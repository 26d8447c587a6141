-- An experiment: does a video that opens with a question hold its viewers longer?
-- The arms are drawn here, within tiers, and go to the scheduler as assignments/opening.csv of the
-- run folder. Weeks later the platform's export comes back as outcomes.csv.
local S <const> = study "opening-experiment" {
  version = "1.0.0", seed = 20240611,
  question = "Does opening with a question hold viewers longer?",
  blind = true,  -- Outcomes are shuffled until `impact freeze` has sealed the analysis.
}

local VIDEOS <const> = 240

-- Stand-ins for both files. The stand-in outcomes know nothing of the arms: their true effect is 0.
local function made_videos()
  local random <const> = S:random "videos"
  local id, tier, before = {}, {}, {}
  for i = 1, VIDEOS do
    id[i] = i
    tier[i] = random:bernoulli(0.25) and "large" or "small"
    before[i] = random:normal(tier[i] == "large" and 42 or 35, 6)
  end
  return frame { { "video_id", id }, { "tier", tier }, { "watched_before", before } }
end

local function made_outcomes()
  local random <const> = S:random "outcomes"
  local before <const> = made_videos():column_values "watched_before"
  local id, watched = {}, {}
  for i = 1, VIDEOS do
    id[i] = i
    watched[i] = 12 + 0.7 * before[i] + random:normal(0, 5)
  end
  watched[17] = missing  -- Deleted by its author.
  return frame { { "video_id", id }, { "watched", watched } }
end

local videos <const> = S:source "videos" {
  csv = "videos.csv", key = "video_id", otherwise = made_videos,
  expect = { rows = VIDEOS, present = { "tier", "watched_before" } },
}
local outcomes <const> = S:source "outcomes" {
  csv = "outcomes.csv", key = "video_id", otherwise = made_outcomes,
  expect = { range = { watched = { 0, 100 } } },
}
local measured <const> = S:join "measured" {
  left = videos, right = outcomes, on = "video_id", match = "one-to-one",
  expect = { rows = VIDEOS },
}
S:roles { unit = videos.video_id, outcome = measured.watched, covariate = measured.watched_before }

local opening <const> = S:assignment "opening" {
  units = videos, arms = { "statement", "question" }, within = videos.tier,
}
local ATE <const> = S:inquiry "ATE" {
  of = measured.watched, contrast = opening:between("question", "statement"),
}
-- The first answer rests on the random draw alone, the second is more precise because videos
-- differ most by how their authors' earlier videos did.
S:estimator "blocked" (blocked_difference_in_means {}) { answers = ATE }
S:estimator "adjusted" (ols.lin { covariates = measured.watched_before }) {
  answers = ATE, primary = true,
}

-- What might come back, to see beforehand whether 240 videos are enough: impact diagnose.
local effect <const> = S:parameter "effect" { default = 2, text = "Percentage points gained." }
S:model "expected" {
  of = videos, rows = VIDEOS, unit = "video_id",
  variables = {
    tier = categorical({ "small", "large" }, { 3, 1 }),
    watched_before = normal(35, 6) + col "tier":eq("large") * 7,
    watched = 12 + 0.7 * col "watched_before" + effect * col "opening":eq("question")
      + normal(0, 5),
  },
}

local lost <const> = S:check "few videos lost" {
  rows = measured:filter(measured.watched:is_missing()), max = 5,
}
local by_tier <const> = S:table "by tier" (measured:summarise {
  by = measured.tier, count():as "videos", measured.watched:mean():as "watched",
})
S:report "Does opening with a question hold viewers longer?" {
  "Share of a video watched, in per cent. Videos were assigned to an opening within tiers.",
  by_tier, lost,
}

return S
