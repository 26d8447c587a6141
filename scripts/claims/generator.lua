-- A look-alike of the claims file for those who do not have it: the same columns, the same number
-- of videos in every cell of claim, verification and ban status, counts drawn to the same margins
-- (uniform views, uniform rates of likes, shares, downloads and comments), and invented sentences.

-- claim status, verified status, author ban status, videos
local CELLS <const> = {
  { "claim", "not verified", "active", 6407 },
  { "claim", "not verified", "banned", 1417 },
  { "claim", "not verified", "under review", 1575 },
  { "claim", "verified", "active", 159 },
  { "claim", "verified", "banned", 22 },
  { "claim", "verified", "under review", 28 },
  { "opinion", "not verified", "active", 7898 },
  { "opinion", "not verified", "banned", 173 },
  { "opinion", "not verified", "under review", 414 },
  { "opinion", "verified", "active", 919 },
  { "opinion", "verified", "banned", 23 },
  { "opinion", "verified", "under review", 49 },
  { missing, "not verified", "active", 244 },
  { missing, "not verified", "banned", 3 },
  { missing, "not verified", "under review", 11 },
  { missing, "verified", "active", 36 },
  { missing, "verified", "banned", 1 },
  { missing, "verified", "under review", 3 },
}

-- Ranges of views, and the largest rates of likes per view and comments per download.
local KINDS <const> = {
  claim = { low = 1000, high = 999999, likes = 2 / 3, comments = 2 / 3 },
  opinion = { low = 20, high = 9999, likes = 4 / 9, comments = 1 / 3 },
}
local SHARES_PER_LIKE <const> = 0.4
local DOWNLOADS_PER_LIKE <const> = 0.025

local OPENINGS <const> = {
  claim = {
    "a neighbour of mine heard on a podcast that",
    "my cousin came across a newspaper piece saying that",
    "someone at work posted a study which found that",
    "i was told at a dinner party that",
    "a teacher mentioned in class that",
  },
  opinion = {
    "i am quite convinced that",
    "most of my friends would say that",
    "if you ask my flatmate, it is obvious that",
    "in our view it seems likely that",
    "i have a strong feeling that",
  },
}
local SUBJECTS <const> = {
  "the average lighthouse", "a full-grown walrus", "every fourth library", "the oldest tram line",
  "a bowl of noodle soup", "the quietest street in town", "a migrating swallow",
  "one in six umbrellas",
}
local PREDICATES <const> = {
  "outlives %d generations of keepers", "travels about %d kilometres a year",
  "is older than %d of its neighbours", "contains traces of %d different minerals",
  "has been repainted at least %d times", "can be heard from %d metres away",
}

local function pick(random, list)
  return list[random:integer(1, #list)]
end

-- A share of a count, drawn uniformly up to `most`.
local function part_of(random, count, most)
  return math.floor(count * random:uniform() * most + 0.5)
end

return function(S)
  local random <const> = S:random "claims look-alike"
  local columns <const> = {
    number = {}, status = {}, id = {}, duration = {}, text = {}, verified = {}, ban = {},
    views = {}, likes = {}, shares = {}, downloads = {}, comments = {},
  }
  local row, used = 0, {}

  local function fresh_id()
    local id
    repeat
      id = random:integer(1000000000, 9999999999)
    until not used[id]
    used[id] = true
    return id
  end

  local function counts(kind)
    local views = random:integer(kind.low, kind.high)
    local likes = part_of(random, views, kind.likes)
    local shares = part_of(random, likes, SHARES_PER_LIKE)
    local downloads = part_of(random, likes, DOWNLOADS_PER_LIKE)
    return views, likes, shares, downloads, part_of(random, downloads, kind.comments)
  end

  for _, cell in ipairs(CELLS) do
    local status, verified, ban, videos = table.unpack(cell)
    local kind = status ~= missing and KINDS[status]
    for _ = 1, videos do
      row = row + 1
      columns.number[row], columns.id[row] = row, fresh_id()
      columns.status[row], columns.verified[row], columns.ban[row] = status, verified, ban
      columns.duration[row] = random:integer(5, 60)
      local views, likes, shares, downloads, comments = missing, missing, missing, missing, missing
      local text = missing
      if kind then
        views, likes, shares, downloads, comments = counts(kind)
        text = pick(random, OPENINGS[status]) .. " " .. pick(random, SUBJECTS) .. " "
          .. string.format(pick(random, PREDICATES), random:integer(2, 900))
      end
      columns.views[row], columns.likes[row], columns.shares[row] = views, likes, shares
      columns.downloads[row], columns.comments[row], columns.text[row] = downloads, comments, text
    end
  end

  return frame {
    { "#", columns.number },
    { "claim_status", columns.status },
    { "video_id", columns.id },
    { "video_duration_sec", columns.duration },
    { "video_transcription_text", columns.text },
    { "verified_status", columns.verified },
    { "author_ban_status", columns.ban },
    { "video_view_count", columns.views },
    { "video_like_count", columns.likes },
    { "video_share_count", columns.shares },
    { "video_download_count", columns.downloads },
    { "video_comment_count", columns.comments },
  }
end
