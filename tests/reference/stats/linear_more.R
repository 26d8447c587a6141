# Writes linear_more_data.txt (an invented series) and linear_more.txt (what the peers say about it
# and about units.txt) into this folder:   Rscript linear_more.R
# Peers: R 4.2.2 (base, stats), sandwich 3.0-2, lmtest 0.9-40, car 3.1-1 (Debian r-cran-*).
# A line of linear_more.txt: case, field, value; of linear_more_data.txt: name, values.
library(sandwich)
set.seed(20240613)
out <- file("linear_more.txt", "w")
cat("# Written by linear_more.R.\n", file = out)
put <- function(case, ...) {
  v <- c(...)
  cat(sprintf("%s %s %.17g\n", case, names(v), v), file = out, sep = "")
}
data <- file("linear_more_data.txt", "w")
cat("# Written by linear_more.R.\n", file = data)
keep <- function(name, v) {
  cat(name, sprintf("%.15g", v), "\n", file = data)
  as.numeric(sprintf("%.15g", v))
}
# A covariance, column by column.
cov_of <- function(case, V) {
  V <- as.vector(V)
  names(V) <- seq_along(V) - 1
  put(case, V)
}

# Two-way clusters ---------------------------------------------------------------------------------
d <- read.table("units.txt", header = TRUE)
fit <- lm(y ~ z + x + v, d)
weighted <- lm(y ~ z + x + v, d, weights = w)
# Rows and columns of a grid with shocks of their own, some cells twice and some empty.
cell <- sort(sample(240, 200, replace = TRUE)) - 1
b <- data.frame(r = keep("gr", cell %/% 15), c = keep("gc", cell %% 15))
shock <- function(s) round(s * rnorm(16)[b$r + 1] + s * rnorm(15)[b$c + 1] + rnorm(200), 3)
b$x <- keep("gx", shock(1)); b$v <- keep("gv", shock(0.3)); b$y <- keep("gy", b$x + shock(1))
b$w <- keep("gw", round(runif(200, 0.5, 2), 2)); b$f <- keep("gf", sample(0:5, 200, TRUE))
grid <- lm(y ~ x + v, b)
both <- ~ r + c
for (type in c("HC0", "HC1")) for (byrow in c(FALSE, TRUE)) {
  tag <- paste0(sub("HC", "CR", type), if (byrow) "_row")
  two <- function(m, ...) vcovCL(m, both, type = type, multi0 = byrow, cadjust = type == "HC1", ...)
  for (m in list(list("", grid), list("weighted_", lm(y ~ x + v, b, weights = w)),
                 list("fe_", lm(y ~ x + v + factor(f), b)))) {
    V <- two(m[[2]])
    if (m[[1]] == "fe_") V <- V[2:3, 2:3]
    stopifnot(min(eigen(V)$values) > 0)
    cov_of(paste0("two_way_", m[[1]], tag), V)
  }
}
# One factor J / (J - 1) everywhere, that of the smaller J: what fixest and reghdfe do.
n <- nrow(b); k <- 3; J <- min(length(unique(b$r)), length(unique(b$c)))
cov_of("two_way_smallest", vcovCL(grid, both, type = "HC0", cadjust = FALSE) *
  J / (J - 1) * (n - 1) / (n - k))
# Groups of 3 and 4 that cross: not positive semi-definite.
d$p <- keep("p", rep(c(0, 1, 2), 20)); d$q <- keep("q", rep(c(0, 1, 2, 3), each = 15))
plain <- vcovCL(fit, ~ p + q, type = "HC1")
stopifnot(min(eigen(plain)$values) < 0)
cov_of("two_way_fixed", vcovCL(fit, ~ p + q, type = "HC1", fix = TRUE))

# Newey-West ---------------------------------------------------------------------------------------
m <- 150
e <- as.vector(arima.sim(list(ar = 0.6), m))
sx <- keep("sx", round(as.vector(arima.sim(list(ar = 0.5), m)), 4))
su <- keep("su", round(exp(rnorm(m, 0, 0.5)), 4))
sy <- keep("sy", round(1 + 0.5 * sx - 0.3 * su + e, 4))
sw <- keep("sw", round(runif(m, 0.5, 2), 2))
series <- lm(sy ~ sx + su)
heavy <- lm(sy ~ sx + su, weights = sw)
nw <- function(m, ...) NeweyWest(m, prewhite = FALSE, ...)
for (lag in c(0, 1, 5, 40)) cov_of(paste0("nw_", lag), nw(series, lag = lag))
cov_of("nw_adjusted", nw(series, lag = 5, adjust = TRUE))
cov_of("nw_weighted", nw(heavy, lag = 3))
cov_of("nw_no_intercept", nw(lm(sy ~ 0 + sx + su), lag = 3))
lag <- function(case, m) {
  put(case, lag = floor(bwNeweyWest(m, kernel = "Bartlett", prewhite = FALSE)))
  cov_of(case, nw(m))
}
lag("nw_auto", series)
lag("nw_auto_weighted", heavy)
lag("nw_auto_no_intercept", lm(sy ~ 0 + sx + su))
lag("nw_auto_short", lm(sy ~ sx, subset = 1:25))
lag("nw_auto_units", fit)

# Diagnostics --------------------------------------------------------------------------------------
rows <- function(case, v) { v <- unname(v); names(v) <- seq_along(v) - 1; put(case, v) }
inf <- function(case, m) {
  rows(paste0(case, "_residual"), residuals(m))
  rows(paste0(case, "_leverage"), hatvalues(m))
  rows(paste0(case, "_standardised"), rstandard(m))
  rows(paste0(case, "_studentised"), rstudent(m))
  rows(paste0(case, "_cook"), cooks.distance(m))
  rows(paste0(case, "_dffits"), dffits(m))
  rows(paste0(case, "_dfbetas"), as.vector(dfbetas(m)))
  put(case, sd = summary(m)$sigma)
}
inf("influence", fit)
inf("influence_weighted", weighted)
inf("influence_no_intercept", lm(y ~ 0 + z + x + v, d))
factors <- lm(y ~ z + x + v + factor(g), d)
v <- suppressMessages(car::vif(factors))
for (k in 1:4) put(paste0("gvif_", k - 1), gvif = v[k, 1], per_df = v[k, 3])
rows("vif", suppressMessages(car::vif(fit)))
v <- suppressMessages(car::vif(lm(y ~ z + x + v, d, weights = w)))
rows("vif_weighted", v)
X <- model.matrix(factors)
singular <- svd(scale(X, FALSE, sqrt(colSums(X^2))))$d
put("condition", all = max(singular) / min(singular))

suppressPackageStartupMessages(library(lmtest))
test <- function(case, h) put(case, statistic = unname(h$statistic), df = unname(h$parameter[1]),
                              p = unname(h$p.value))
test("bp", bptest(fit))
test("bp_normal", bptest(fit, studentize = FALSE))
test("bp_series", bptest(series))
test("white", bptest(fit, ~ x * v * z - x:v:z + I(x^2) + I(v^2), data = d))
f <- fitted(fit)
test("white_fitted", bptest(fit, ~ f + I(f^2)))
for (m in list(list("dw", fit), list("dw_series", series),
               list("dw_no_intercept", lm(sy ~ 0 + sx + su)))) {
  h <- dwtest(m[[2]], exact = FALSE, alternative = "two.sided")
  e <- residuals(m[[2]])
  put(m[[1]], statistic = unname(h$statistic), p = h$p.value,
      estimate = sum(e[-1] * e[-length(e)]) / sum(e^2))
}
for (top in 2:4) {
  h <- resettest(fit, power = 2:top)
  put(paste0("reset_", top), statistic = unname(h$statistic), df = unname(h$parameter[1]),
      df2 = unname(h$parameter[2]), p = unname(h$p.value))
}
h <- resettest(lm(sy ~ 0 + sx + su), power = 2:3)
put("reset_no_intercept", statistic = unname(h$statistic), p = unname(h$p.value))
e <- residuals(fit); n <- length(e); m2 <- mean(e^2)
jb <- n * (mean(e^3)^2 / m2^3 / 6 + (mean(e^4) / m2^2 - 3)^2 / 24)
put("jb", statistic = jb, p = pchisq(jb, 2, lower.tail = FALSE))
model <- function(case, m, ...) {
  s <- summary(m)
  put(case, r2 = s$r.squared, adjusted = s$adj.r.squared, statistic = unname(s$fstatistic[1]),
      df = unname(s$fstatistic[2]), df2 = unname(s$fstatistic[3]),
      p = unname(pf(s$fstatistic[1], s$fstatistic[2], s$fstatistic[3], lower.tail = FALSE)))
}
model("model", fit)
model("model_weighted", weighted)
model("model_no_intercept", lm(y ~ 0 + z + x + v, d))
h <- waldtest(fit, vcov = function(m) vcovHC(m, "HC1"))
put("model_hc1", statistic = h$F[2], df2 = h$Res.Df[1], p = h$"Pr(>F)"[2])
close(out)
close(data)
