# Writes resampling.txt into this folder:   Rscript resampling.R
# Peers: R 4.2.2 with boot 1.3-28.1 (intervals, given its own resamples) and coin 1.4-2 (exact
# permutation tests); what they lack is enumerated here in its plain form.
# Lines: "data name values", "index set draw rows", "draws case values", "ci case field value".
library(boot)
suppressMessages(library(coin))
set.seed(20240613)
out <- file("resampling.txt", "w")
cat("# Written by resampling.R.\n", file = out)
put <- function(...) cat(..., "\n", file = out)
g17 <- function(v) sprintf("%.17g", v)
ci <- function(case, ...) {
  v <- c(...)
  for (k in names(v)) put("ci", case, k, g17(v[[k]]))
}

n <- 24
y <- round(exp(rnorm(n, 1, 0.7)), 4)
x <- round(2 + 0.4 * y + rnorm(n, 3, 1), 4)
arm <- rep(c(0, 1, 0, 1, 1, 0), 4)[1:n]; arm[3] <- 1; arm[9] <- 1      # 10 and 14
put("data y", g17(y)); put("data x", g17(x)); put("data arm", arm)
d <- data.frame(y, x, arm)

# Variances by the influence function, with m / (m - 1) for m rows of a cell.
infl <- function(l, cells) sum(tapply(l, cells, function(v)
  if (length(v) < 2) 0 else sum((v - mean(v))^2) * length(v) / (length(v) - 1)))
one <- function(d) rep(1, nrow(d))
v0 <- function(v) mean((v - mean(v))^2)
by_arm <- function(f) function(d) f(d$y[d$arm == 1]) - f(d$y[d$arm == 0])
stats <- list(
  mean = list(set = "rows", f = function(d) mean(d$y),
    v = function(d) infl((d$y - mean(d$y)) / nrow(d), one(d))),
  median = list(set = "rows", f = function(d) median(d$y)),
  quantile = list(set = "rows", f = function(d) quantile(d$y, 0.8, names = FALSE)),
  trimmed = list(set = "rows", f = function(d) mean(d$y, trim = 0.15)),
  sd = list(set = "rows", f = function(d) sd(d$y), v = function(d) {
    m <- d$y - mean(d$y); s <- sqrt(mean(m^2))
    infl((m^2 - s^2) / (2 * s) / nrow(d), one(d)) }),
  correlation = list(set = "rows", f = function(d) cor(d$x, d$y), v = function(d) {
    a <- (d$x - mean(d$x)) / sqrt(v0(d$x)); b <- (d$y - mean(d$y)) / sqrt(v0(d$y))
    r <- mean(a * b); infl((a * b - r * (a^2 + b^2) / 2) / nrow(d), one(d)) }),
  ratio = list(set = "rows", f = function(d) mean(d$y) / mean(d$x), v = function(d) {
    r <- mean(d$y) / mean(d$x); infl((d$y - r * d$x) / mean(d$x) / nrow(d), one(d)) }),
  difference = list(set = "arms", f = by_arm(mean), v = function(d) {
    l <- ave(d$y, d$arm, FUN = function(v) (v - mean(v)) / length(v)); infl(l, d$arm) }),
  medians = list(set = "arms", f = by_arm(median)),
  welch = list(set = "arms", f = function(d) t.test(y ~ I(-arm), d)$statistic[[1]]))

R <- 399
index <- list(
  rows = boot.array(boot(d, function(d, i) mean(d$y[i]), R), indices = TRUE),
  arms = boot.array(boot(d, function(d, i) mean(d$y[i]), R, strata = d$arm), indices = TRUE))
for (set in names(index)) for (b in 1:R) put("index", set, b, index[[set]][b, ] - 1)

for (case in names(stats)) {
  s <- stats[[case]]
  i <- index[[s$set]]
  strata <- if (s$set == "arms") arm else rep(1, n)
  t0 <- s$f(d)
  t <- apply(i, 1, function(j) s$f(d[j, ]))
  put("draws", case, g17(t))
  b <- list(t0 = t0, t = cbind(t), R = R)
  L <- empinf(data = d, statistic = function(d, i) s$f(d[i, ]), stype = "i", type = "jack",
              strata = strata)
  ci(case, estimate = t0, bias = mean(t) - t0, se = sd(t),
     acceleration = sum(L^3) / (6 * sum(L^2)^1.5))
  for (level in c(0.95, 0.9, 0.942)) {
    # boot.ci reads no more of its first argument than R, t0 and t where these are given.
    ends <- function(field, v) {
      m <- v[length(v) - 1:0]
      ci(case, setNames(m, paste0(field, c("_low_", "_high_"), level)))
    }
    whole <- boot(d, function(d, i) s$f(d[i, ]), 2)
    ends("percentile", boot:::perc.ci(t, level))
    ends("basic", boot:::basic.ci(t0, t, level))
    ends("normal", boot:::norm.ci(whole, level, t0 = t0, var.t0 = var(t), t = t))
    ends("bca", boot:::bca.ci(whole, level, t0 = t0, t = t, L = L))
    if (!is.null(s$v)) {
      v <- apply(i, 1, function(j) s$v(d[j, ]))
      ends("studentised", boot:::stud.ci(cbind(t0, s$v(d)), cbind(t, v), level))
      if (level == 0.95) put("draws", paste0(case, "_se"), g17(sqrt(v)))
    }
  }
}

# Permutation tests ------------------------------------------------------------------------------
# Exact: all assignments; two-sided p from absolute values.
p <- function(case, all, t0) {
  slack <- 1e-9 * max(abs(all))
  ci(case, greater = mean(all >= t0 - slack), less = mean(all <= t0 + slack),
     two_sided = mean(abs(all) >= abs(t0) - slack), statistic = t0)
}
m <- 6; u <- c(y[1:6], round(y[7:12] + 1.3, 4))           # 924 assignments
put("data pooled", g17(u))
two <- function(f) {
  sets <- combn(12, m)
  apply(sets, 2, function(s) f(u[-s], u[s]))              # f(arm 1, arm 0): the rest less s
}
difference <- function(a, b) mean(a) - mean(b)
medians <- function(a, b) median(a) - median(b)
welch <- function(a, b) (mean(a) - mean(b)) / sqrt(var(a) / length(a) + var(b) / length(b))
# Efron's variance of the median, X_(k) with k = ceiling(n / 2), of all resamples.
vmed <- function(v) {
  n <- length(v); k <- ceiling(n / 2); l <- 1:n
  P <- pbinom(k - 1, n, (l - 1) / n) - pbinom(k - 1, n, l / n)
  sum(P * (sort(v) - median(v))^2)
}
smed <- function(a, b) medians(a, b) / sqrt(vmed(a) + vmed(b))
for (f in c("difference", "medians", "welch", "smed")) {
  g <- get(f)
  p(paste0("perm_", f), two(g), g(u[7:12], u[1:6]))
}
h <- oneway_test(u ~ factor(rep(0:1, each = 6)), distribution = "exact")
stopifnot(all.equal(as.numeric(pvalue(h)),
  local({ a <- two(difference); mean(abs(a) >= abs(difference(u[7:12], u[1:6])) - 1e-9) })))
# Strata of 5 and 7 rows with 2 and 4 in arm 1: 10 * 35 assignments.
block <- rep(0:1, c(5, 7)); a1 <- c(0, 1, 1, 0, 0, 1, 0, 1, 0, 1, 1, 0)
put("data block", block); put("data block_arm", a1)
all <- c()
for (i in combn(5, 2, simplify = FALSE)) for (j in combn(7, 4, simplify = FALSE)) {
  s <- c(i, 5 + j); all <- c(all, difference(u[s], u[-s]))
}
p("perm_blocks", all, difference(u[a1 == 1], u[a1 == 0]))
# Clusters of two rows, 3 of 6 in arm 1.
all <- apply(combn(6, 3), 2, function(s) { r <- rep(1:6, each = 2) %in% s
  difference(u[r], u[!r]) })
r <- rep(c(0, 1, 1, 0, 0, 1), each = 2)
p("perm_clusters", all, difference(u[r == 1], u[r == 0]))
# Sign flips.
z <- round(y[1:10] - x[1:10] + 3, 3); put("data flips", g17(z))
signs <- as.matrix(expand.grid(rep(list(c(-1, 1)), 10)))
p("perm_flips", signs %*% z / 10, mean(z))
# Correlation: 7! orders.
orders <- function(v) if (length(v) < 2) list(v) else
  do.call(c, lapply(seq_along(v), function(i) lapply(orders(v[-i]), function(w) c(v[i], w))))
p("perm_correlation", sapply(orders(1:7), function(o) cor(x[1:7], y[o])), cor(x[1:7], y[1:7]))
# Three groups of 3, 2 and 4: 1260 assignments.
k <- c(0, 0, 0, 1, 1, 2, 2, 2, 2); w <- u[c(1:3, 7, 8, 4:6, 9)]
put("data groups", k); put("data grouped", g17(w))
F <- function(v) oneway.test(v ~ factor(k), var.equal = TRUE)$statistic[[1]]
all <- c()
for (i in combn(9, 3, simplify = FALSE)) for (j in combn(setdiff(1:9, i), 2, simplify = FALSE))
  all <- c(all, F(w[c(i, j, setdiff(1:9, c(i, j)))]))
p("perm_f", all, F(w))
close(out)
