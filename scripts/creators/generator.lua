-- A look-alike of the profiles file for those who do not have it: the same columns, tails as heavy
-- (log-normal, with the medians, spreads and correlations of the file), a label share of about one
-- half; and invented biographies, which the file does not have.

local PROFILES <const> = 1000
local MOST <const> = { followers = 14500000, videos = 5400, following = 10000, comments = 2 }
local SHARE_WITH_KEYWORD <const> = 0.012
local SHARE_WITHOUT_BIOGRAPHY <const> = 0.003
local FEWEST_FOLLOWERS_VERIFIED <const> = 16800

-- What people of small and of large accounts write about themselves, and what both write.
local PHRASES <const> = {
  small = {
    "just here for my friends", "posting what my dog does", "learning to dance, badly",
    "my first videos, be kind", "school, tea and silly faces", "a diary that nobody asked for",
  },
  large = {
    "bookings by mail only", "new episode every friday", "our shop opens at nine",
    "official account of the band", "press and partnerships below", "tickets on sale now",
  },
  any = {
    "music and rain", "north of the river", "coffee first", "born to wander", "two cats, one plant",
    "all views my own", "photos of bridges", "cooking with little time",
  },
}
local KEYWORDS <const> = { "blogger", "creator", "influencer", "model", "traveller", "vlogger" }

local function pick(random, list) return list[random:integer(1, #list)] end

local function count(value, low, high)
  return math.floor(math.min(math.max(value, low), high) + 0.5)
end

-- A biography, and whether it has a keyword. Large accounts mostly, not always, write as such.
local function biography(random, followers)
  local large <const> = random:bernoulli(1 / (1 + math.exp(8.5 - math.log(followers))))
  local own <const> = PHRASES[random:bernoulli(0.8) == large and "large" or "small"]
  local words <const> = { pick(random, own), pick(random, PHRASES.any) }
  local keyword <const> = random:bernoulli(SHARE_WITH_KEYWORD)
  if keyword then table.insert(words, 1, pick(random, KEYWORDS)) end
  return table.concat(words, " | "), keyword
end

-- One profile. Rates of a small or new account are large; where there are few videos, the rates
-- come from the same videos as the sum of likes.
local function profile(random)
  local size <const> = random:normal(8.35, 2.88)
  local followers <const> = count(math.exp(size), 1, MOST.followers)
  local length <const> = random:normal(0.454 + 0.456 * size, 1.405)
  local videos <const> = count(math.exp(length), 1, MOST.videos)
  local like <const> = random:normal(0.57 - 0.117 * size - 0.581 * length, 1.674)
  local comment <const> = random:normal(-1.76 + 0.74 * like - 0.318 * size, 1.087)
  local same <const> = random:bernoulli(videos <= 32 and 0.6 or 0.07)
  local ever <const> = same and like or like + random:normal(0.95, 1.4)
  local rates <const> = { like = math.exp(like), comment = math.min(math.exp(comment),
    MOST.comments) }
  return {
    followers = followers, videos = videos, like_rate = rates.like, comment_rate = rates.comment,
    likes = count(math.exp(ever) * followers * videos, 3, 1e9),
    following = count(math.exp(random:normal(5.56, 1.97)), 0, MOST.following),
    link = random:bernoulli(1 / (1 + math.exp(6.2 - 0.5 * size))) and 1 or 0,
    verified = followers >= FEWEST_FOLLOWERS_VERIFIED
      and random:bernoulli(math.min(0.03 * (size - 9), 0.5)) and 1 or 0,
  }
end

-- All profiles, column by column; biographies are missing where there is none.
local function columns_of(random)
  local c <const> = {
    row = {}, text = {}, chars = {}, none = {}, keyword = {}, rate = {}, comment = {}, like = {},
    link = {}, verified = {}, followers = {}, following = {}, likes = {}, videos = {},
  }
  for i = 1, PROFILES do
    local p <const> = profile(random)
    local text, keyword = biography(random, p.followers)
    local none <const> = random:bernoulli(SHARE_WITHOUT_BIOGRAPHY)
    c.row[i], c.none[i] = i, none and 1 or 0
    c.text[i], c.chars[i] = none and missing or text, none and 0 or #text
    c.keyword[i] = keyword and not none and 1 or 0
    c.rate[i], c.comment[i], c.like[i] = p.like_rate + p.comment_rate, p.comment_rate, p.like_rate
    c.link[i], c.verified[i] = p.link, p.verified
    c.followers[i], c.following[i] = p.followers, p.following
    c.likes[i], c.videos[i] = p.likes, p.videos
  end
  return c
end

return {
  -- The columns of the file.
  profiles = function(S)
    local c <const> = columns_of(S:random "profiles look-alike")
    return frame {
      { "row", c.row },
      { "biography_chars", c.chars },
      { "biography_missing", c.none },
      { "biography_has_keyword", c.keyword },
      { "awg_engagement_rate", c.rate },
      { "comment_engagement_rate", c.comment },
      { "like_engagement_rate", c.like },
      { "has_bio_link", c.link },
      { "is_verified", c.verified },
      { "followers", c.followers },
      { "following", c.following },
      { "likes", c.likes },
      { "videos_count", c.videos },
    }
  end,
  -- Invented biographies of the same invented profiles.
  biographies = function(S)
    local c <const> = columns_of(S:random "profiles look-alike")
    return frame {
      { "row", c.row }, { "biography", c.text }, { "awg_engagement_rate", c.rate },
      { "has_keyword", c.keyword },
    }
  end,
  keyword_pattern = "\\b(" .. table.concat(KEYWORDS, "|") .. ")\\b",
}
