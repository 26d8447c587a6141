-- Two studies, one helper: the other is caption_length. Do weekend posts get more likes per view?
local shared <const> = use "shared/posts"

local S <const> = study "posting-day" { version = "1.0.0", seed = 3 }
local posts <const> = shared.source(S)
local rate <const> = shared.like_rate(S, posts)
local weekend <const> = S:feature "weekend" (posts.day:weekday():ge(6))

local gap <const> = S:inquiry "gap" {
  kind = "association", of = rate, contrast = weekend:between(true, false),
}
S:estimator "within accounts" (ols { fixed_effects = posts.account, clusters = posts.account }) {
  answers = gap, primary = true,
}

return S
