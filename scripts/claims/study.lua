-- What distinguishes videos that state a claim from videos that voice an opinion?
-- This half looks at the file: inspection, engagement by claim and author status, rates, outliers.
local look_alike <const> = use "generator"

local S <const> = study "claims" { version = "0.2.0", seed = 20240611, engine = ">= 0.1" }

-- Data ------------------------------------------------------------------------------------------
local raw <const> = S:source "videos" {
  csv = "tiktok_dataset.csv",
  key = "#",
  missing = { "", "#N/A" },
  types = {
    ["#"] = "integer", video_id = "integer", video_duration_sec = "integer",
    video_view_count = "integer", video_like_count = "integer", video_share_count = "integer",
    video_download_count = "integer", video_comment_count = "integer",
    claim_status = "text", video_transcription_text = "text",
    verified_status = "text", author_ban_status = "text",
  },
  expect = {
    rows = 19382,
    unique = "video_id",
    present = { "video_id", "video_duration_sec", "verified_status", "author_ban_status" },
    allowed = {
      claim_status = { "claim", "opinion" },
      verified_status = { "verified", "not verified" },
      author_ban_status = { "active", "banned", "under review" },
    },
    range = { video_duration_sec = { 5, 60 }, video_view_count = { 0, 1e9 } },
  },
  otherwise = function() return look_alike(S) end,
}
-- A row with a missing cell lacks the claim status, the transcript and every count.
local gaps <const> = {}
for i, name in ipairs(raw:column_names()) do gaps[i] = raw:col(name):is_missing() end
local videos <const> = S:filter "analysed" {
  from = raw, where = not_(any_of(gaps)), expect = { rows = 19084, dropped = 298 },
}

local COUNTS <const> = {
  "video_view_count", "video_like_count", "video_comment_count", "video_share_count",
  "video_download_count",
}

-- A video's claim comes before anybody sees it; every count comes after.
S:roles {
  unit = raw:col "#", exposure = videos.claim_status, outcome = videos.video_view_count,
  covariate = { videos.video_duration_sec, videos.verified_status, videos.author_ban_status },
  post_treatment = {
    videos.video_like_count, videos.video_comment_count, videos.video_share_count,
    videos.video_download_count,
  },
}

-- Inspection ------------------------------------------------------------------------------------
local shape <const> = S:table "shape" (raw:summarise {
  count():as "rows",
  any_of(gaps):to_integer():sum():as "incomplete_rows",
})
local columns <const> = S:table "columns" (raw:info())
local description <const> = S:table "description" (raw:describe())
local status_counts <const> = S:table "status_counts" (videos:count "claim_status")

-- Groups ----------------------------------------------------------------------------------------
-- Rows, mean and median of some columns by claim status and author ban status, by each of them
-- alone and over all videos; "all" stands for every level.
local function by_status_and_ban(rows, measures)
  local function summary(part)
    local aggregates = { by = { part.claim_status, part.author_ban_status }, count():as "count" }
    for _, name in ipairs(measures) do
      aggregates[#aggregates + 1] = part:col(name):mean():as(name .. "_mean")
      aggregates[#aggregates + 1] = part:col(name):median():as(name .. "_median")
    end
    return part:summarise(aggregates)
  end
  return summary(rows):union(
    summary(rows:derive { author_ban_status = "all" }),
    summary(rows:derive { claim_status = "all" }),
    summary(rows:derive { claim_status = "all", author_ban_status = "all" })
  ):with_key { "claim_status", "author_ban_status" }
end

local engagement <const> =
  S:table "engagement_by_status_ban" (by_status_and_ban(videos, COUNTS))

local with_rates <const> = videos:derive {
  (videos.video_like_count / videos.video_view_count):as "likes_per_view",
  (videos.video_comment_count / videos.video_view_count):as "comments_per_view",
  (videos.video_share_count / videos.video_view_count):as "shares_per_view",
}
local rates <const> = S:table "rates_by_status_ban" (
  by_status_and_ban(with_rates, { "likes_per_view", "comments_per_view", "shares_per_view" }))

-- Outliers --------------------------------------------------------------------------------------
-- A count is an outlier above median + 1.5 interquartile ranges.
local long <const> = videos:select("#", COUNTS):pivot_longer {
  columns = COUNTS, names_to = "measure", values_to = "value",
}
local spread <const> = long:summarise {
  by = long.measure, long.value:median():as "median", long.value:iqr():as "iqr",
}
local fences <const> = spread:derive { (spread.median + spread.iqr * 1.5):as "threshold" }
local fenced <const> = long:join(fences, { on = "measure", expect = "many-to-one" })
local outliers <const> = S:table "outliers" (fenced:summarise {
  by = { fenced.measure, fenced.median, fenced.iqr, fenced.threshold },
  fenced.value:gt(fenced.threshold):to_integer():sum():as "outliers",
})

-- Checks ----------------------------------------------------------------------------------------
local parts <const> = S:check "parts_within_views" {
  rows = videos:filter(any_of(
    videos.video_like_count:gt(videos.video_view_count),
    videos.video_share_count:gt(videos.video_view_count),
    videos.video_comment_count:gt(videos.video_view_count)
  )),
}
local together <const> = S:check "missing_together" {
  rows = raw:filter(all_of(any_of(gaps), raw.claim_status:is_present())),
}

-- Report ----------------------------------------------------------------------------------------
S:report "Claims and opinions: a first look at the videos" {
  "Each video either states a claim or voices an opinion. Before anything is modelled, this report "
    .. "looks at what the file holds, how engagement differs between the two and between authors "
    .. "of different standing, and how long the tails are.",
  "# The file",
  "Rows with a missing cell lack the claim status, the transcript and all counts; they take no "
    .. "part in what follows.",
  shape, columns, description,
  "# Claims and opinions",
  status_counts,
  "# Engagement",
  "Mean and median of the five counts. Where they lie far apart, few videos carry most of the sum.",
  engagement,
  "# Engagement per view",
  "Likes, comments and shares divided by views, video by video.",
  rates,
  "# Outliers",
  "Counts above the median plus 1.5 interquartile ranges.",
  outliers,
  "# Checks",
  "No count of reactions exceeds the views, and every incomplete row lacks its claim status.",
  parts, together,
}

return S
