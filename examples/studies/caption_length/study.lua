-- Two studies, one helper: the other is posting_day. Do short captions get more likes per view?
local shared <const> = use "shared/posts"

local S <const> = study "caption-length" { version = "1.0.0", seed = 3 }
local posts <const> = shared.source(S)
local rate <const> = shared.like_rate(S, posts)
local kind <const> = S:feature "kind" (if_else(posts.caption_length:lt(80), "short", "long"))

local gap <const> = S:inquiry "gap" {
  kind = "association", of = rate, contrast = kind:between("short", "long"),
}
S:estimator "plain" (difference_in_means {}) { answers = gap }
S:estimator "within accounts" (ols(rate ~ kind | posts.account)) { answers = gap, primary = true }

return S
