-- What does a model of engaged profiles know? A label that was cut from two of its features, a row
-- that was collected twice, and profiles of another year: checks that fail are shown, not hidden.
local S <const> = study "engaged-profiles" {
  version = "1.0.0", seed = 5, question = "Can engaged profiles be told from others?",
}

-- 600 profiles; the engagement rate is what is liked plus what is commented on, per follower.
local function made_profiles()
  local random <const> = S:random "profiles"
  local rows <const> = { id = {}, year = {}, followers = {}, likes = {}, comments = {} }
  rows.videos = {}
  for i = 1, 600 do
    local size <const> = random:normal(9, 1.5)
    rows.id[i], rows.year[i] = i, i <= 400 and "2023" or "2024"
    rows.followers[i] = math.floor(math.exp(size + (i > 400 and 1 or 0)))
    rows.videos[i] = random:integer(5, 400)
    rows.likes[i] = math.exp(random:normal(-3.2 - 0.2 * (size - 9), 0.8))
    rows.comments[i] = 0.2 * math.exp(random:normal(-3.2, 0.8))
  end
  return frame {
    { "profile_id", rows.id }, { "year", rows.year }, { "followers", rows.followers },
    { "like_rate", rows.likes }, { "comment_rate", rows.comments }, { "videos", rows.videos },
  }
end

local p <const> = S:source "profiles" {
  csv = "profiles.csv", key = "profile_id", otherwise = made_profiles,
}
local engaged <const> = (p.like_rate + p.comment_rate):gt(0.05)
local published <const> = { p.like_rate, p.comment_rate, p.followers, p.videos }
local honest <const> = { p.followers, p.videos }

-- The published set-up, and the alarm that belongs to it.
local leak <const> = S:check "leakage" (
  check.leakage { of = engaged, features = published }, { stop = false })
-- What is left without the two parts of the label must hold.
local clean <const> = S:check "no leakage" (check.leakage { of = engaged, features = honest })
local copies <const> = S:check "no copies" (check.duplicates { features = published })
local drift <const> = S:check "drift" {
  method = check.drift { features = honest, by = p.year:between("2023", "2024") }, stop = false,
}

S:report "Can engaged profiles be told from others?" {
  "The label is a threshold of two features: whoever has them needs no model.",
  leak, clean, copies,
  "Profiles of 2024 are larger than those a model of 2023 has seen.",
  drift, provenance,
}
return S
