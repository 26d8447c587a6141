-- What distinguishes videos that state a claim from videos that voice an opinion?
-- First half: inspection, engagement by claim and author status, rates, outliers.
local look_alike <const> = use "generator"

local S <const> = study "claims" { version = "0.1.0", seed = 20240611 }

-- Data ------------------------------------------------------------------------------------------
local raw <const> = S:source "videos" {
  csv = "tiktok_dataset.csv",
  key = "#",
  missing = { "", "#N/A" },
  types = { ["#"] = "integer", video_id = "integer" },
  expect = {
    rows = 19382,
    unique = { "video_id" },
    present = { "video_id", "video_duration_sec", "verified_status", "author_ban_status" },
    allowed = {
      claim_status = { "claim", "opinion" },
      verified_status = { "verified", "not verified" },
      author_ban_status = { "active", "banned", "under review" },
    },
    range = { video_duration_sec = { 5, 60 } },
  },
  otherwise = function() return look_alike(S) end,
}
local videos <const> = raw:drop_missing()

-- Inspection --------------------------------------------------------------------------------------
local incomplete <const> = raw:drop_missing():count_rows()
local shape <const> = S:table "shape" (raw:summarise {
  count():as "rows",
  raw.claim_status:count_missing():as "without_claim_status",
  (count() - incomplete):as "incomplete_rows",
})
local columns <const> = S:table "columns" (raw:info())
local described <const> = S:table "described" (raw:describe())
local status_counts <const> = S:table "status_counts" (videos:count "claim_status")

-- Engagement --------------------------------------------------------------------------------------
local COUNTS <const> = {
  "video_view_count", "video_like_count", "video_comment_count", "video_share_count",
  "video_download_count",
}

-- Count, mean and median of some columns by claim status, by ban status and by both; the rows over
-- all levels of a status say "all".
local function by_status_and_ban(measures)
  local all = videos:derive { claim_status = "all", author_ban_status = "all" }
  local by_claim = videos:derive { author_ban_status = "all" }
  local by_ban = videos:derive { claim_status = "all" }
  local parts = {}
  for i, part in ipairs { videos, by_claim, by_ban, all } do
    local aggregates = { by = { part.claim_status, part.author_ban_status }, count():as "count" }
    for _, name in ipairs(measures) do
      aggregates[#aggregates + 1] = part:col(name):mean():as(name .. "_mean")
      aggregates[#aggregates + 1] = part:col(name):median():as(name .. "_median")
    end
    parts[i] = part:summarise(aggregates)
  end
  return parts[1]:union(parts[2], parts[3], parts[4])
    :with_key { "claim_status", "author_ban_status" }
end

local engagement <const> = S:table "engagement_by_status_ban" (by_status_and_ban(COUNTS))

return S
