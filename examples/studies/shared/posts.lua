-- What the studies of this folder share: use "shared/posts" from any of them.
local posts <const> = {}

-- Stand-in posts of 40 accounts over two weeks; weekends and short captions do a little better.
local function made(S)
  local random <const> = S:random "posts"
  local id, account, day, length, views, likes = {}, {}, {}, {}, {}, {}
  for i = 1, 600 do
    id[i], account[i] = i, "account " .. random:integer(1, 40)
    day[i] = string.format("2024-06-%02d", random:integer(3, 16))
    length[i] = random:integer(10, 200)
    views[i] = math.floor(random:lognormal(7 - length[i] / 400, 0.8)) + 1
    likes[i] = math.floor(views[i] * random:beta(2, 30))
  end
  return frame {
    { "post_id", id }, { "account", account }, { "day", day }, { "caption_length", length },
    { "views", views }, { "likes", likes }, types = { day = "date" },
  }
end

-- The source every study of the folder reads, with what must hold for it.
function posts.source(S)
  return S:source "posts" {
    csv = "posts.csv", key = "post_id", types = { day = "date" },
    otherwise = function() return made(S) end,
    expect = { present = { "account", "day", "views", "likes" }, range = { views = { 1, 1e9 } } },
  }
end

-- Likes by views, and a check that no post has more likes than views.
function posts.like_rate(S, t)
  S:check "no more likes than views" { rows = t:filter(t.likes:gt(t.views)) }
  return S:feature "like_rate" (t.likes / t.views)
end

return posts
