# Writes hypothesis_data.txt (invented samples) and hypothesis.txt (what R says about them) into
# this folder:   Rscript hypothesis.R
# Peer: R 4.2.2, packages base and stats only. Where R has no function, or rounds early, the
# formula of the paper is written out here in its plain O(n^2) form, or the root is found again with
# a narrow tolerance.
# A line of hypothesis.txt: case, field, value; of hypothesis_data.txt: name, values.
set.seed(20240612)
out <- file("hypothesis.txt", "w")
cat("# Written by hypothesis.R.\n", file = out)
put <- function(case, ...) {
  v <- c(...)
  cat(sprintf("%s %s %.17g\n", case, names(v), v), file = out, sep = "")
}
data <- file("hypothesis_data.txt", "w")
cat("# Written by hypothesis.R.\n", file = data)
keep <- function(name, v) {
  cat(name, sprintf("%.15g", v), "\n", file = data)
  as.numeric(sprintf("%.15g", v))
}
root <- function(f, a, b) uniroot(f, c(a, b), tol = 1e-14, maxiter = 10000)$root

a <- keep("a", round(rnorm(14, 5, 2), 5))
b <- keep("b", round(rnorm(11, 7.7, 3), 5))
s <- keep("s", round(exp(rnorm(31, 1, 1)), 3))          # skewed
w <- keep("w", round(runif(31, 0.2, 4), 2))
m <- keep("m", sample(1:5, 31, TRUE))                   # whole weights
p1 <- keep("p1", round(rnorm(18, 10, 3), 2))
p2 <- keep("p2", round(p1 + rnorm(18, 0.8, 1.5), 2))
t1 <- keep("t1", sample(1:7, 40, TRUE))                 # ties
t2 <- keep("t2", sample(2:9, 33, TRUE))
l1 <- keep("l1", round(rnorm(80), 6))                   # long, no ties
l2 <- keep("l2", round(rnorm(60, 0.3, 1.4), 6))

# Descriptives -----------------------------------------------------------------------------------
n <- length(s)
d <- s - mean(s)
g1 <- mean(d^3) / mean(d^2)^1.5
g2 <- mean(d^4) / mean(d^2)^2 - 3
put("describe_s", mean = mean(s), variance = var(s), sd = sd(s), skewness_1 = g1,
    skewness_2 = g1 * sqrt(n * (n - 1)) / (n - 2), skewness_3 = g1 * (1 - 1 / n)^1.5,
    kurtosis_1 = g2, kurtosis_2 = ((n + 1) * g2 + 6) * (n - 1) / ((n - 2) * (n - 3)),
    kurtosis_3 = (g2 + 3) * (1 - 1 / n)^2 - 3, median = median(s), iqr = IQR(s), mad = mad(s),
    trimmed = mean(s, trim = 0.15))
k <- floor(0.15 * n)
o <- sort(s)
put("describe_s", winsorised = mean(pmin(pmax(s, o[k + 1]), o[n - k])))
probs <- c(0, 0.01, 0.1, 0.25, 1 / 3, 0.5, 0.8, 0.95, 1)
for (type in 1:9) {
  v <- quantile(a, probs, type = type, names = FALSE)
  names(v) <- paste0("q", seq_along(probs))
  put(paste0("quantile_", type), v)
}
fit <- cov.wt(cbind(s), w / sum(w), method = "unbiased")
put("weighted", mean = weighted.mean(s, w), reliability = fit$cov[1], frequency = var(rep(s, m)),
    frequency_mean = mean(rep(s, m)))
v <- quantile(rep(s, m), probs, type = 2, names = FALSE)
names(v) <- paste0("q", seq_along(probs))
put("weighted", v)
q <- quantile(s, c(0.25, 0.5, 0.75), names = FALSE)
fences <- function(case, low, high) {
  put(case, low = low, high = high, below = sum(s < low), above = sum(s > high))
}
fences("outliers_tukey", q[1] - 1.5 * IQR(s), q[3] + 1.5 * IQR(s))
fences("outliers_median", q[2] - 1.5 * IQR(s), q[2] + 1.5 * IQR(s))
fences("outliers_mad", q[2] - 3 * mad(s), q[2] + 3 * mad(s))

# t tests and effect sizes --------------------------------------------------------------------------
# Limits of d: the noncentralities at which t is the 97.5 and the 2.5 percent quantile.
effect <- function(case, t, df, unit) {
  t <- unname(t)
  limit <- function(p) root(function(ncp) pt(t, df, ncp) - p, t - 8, t + 8) * unit
  j <- exp(lgamma(df / 2) - lgamma((df - 1) / 2)) / sqrt(df / 2)
  put(case, d = t * unit, d_low = limit(0.975), d_high = limit(0.025), g = t * unit * j)
}
t_test <- function(case, h) {
  put(case, t = unname(h$statistic), df = unname(h$parameter), p = h$p.value, low = h$conf.int[1],
      high = h$conf.int[2], se = h$stderr)
}
na <- length(a); nb <- length(b)
h <- t.test(a, mu = 4); t_test("t_one", h); effect("t_one", h$statistic, na - 1, 1 / sqrt(na))
h <- t.test(a, b, var.equal = TRUE); t_test("t_pooled", h)
effect("t_pooled", h$statistic, na + nb - 2, sqrt(1 / na + 1 / nb))
h <- t.test(a, b, conf.level = 0.9); t_test("t_welch_90", h)
h <- t.test(a, b); t_test("t_welch", h)
df <- (na - 1) * (nb - 1) * (var(a) + var(b))^2 / ((nb - 1) * var(a)^2 + (na - 1) * var(b)^2)
effect("t_welch", h$statistic, df, h$stderr / sqrt((var(a) + var(b)) / 2))
h <- t.test(p1, p2, paired = TRUE); t_test("t_paired", h)
effect("t_paired", h$statistic, 17, 1 / sqrt(18))
for (x in c(-2, 0.5, 3)) for (df in c(3, 12.5, 200)) for (ncp in c(-1, 0.7, 4)) {
  put("nct", setNames(pt(x, df, ncp), paste(x, df, ncp, sep = "/")))
}

# Adjusted p-values --------------------------------------------------------------------------------
p <- c(0.01, 0.02, 0.03, 0.005, 0.5, 0.02, 0.9, 0.0001)
for (method in c("bonferroni", "holm", "hochberg", "BH", "BY")) {
  put(paste0("adjust_", tolower(method)),
      setNames(p.adjust(p, method), paste0("p", seq_along(p))))
}

# Ranks --------------------------------------------------------------------------------------------
W <- function(case, h) put(case, statistic = unname(h$statistic), p = h$p.value)
options(warn = -1)
W("mw_exact", wilcox.test(a, b))
W("mw_exact_reversed", wilcox.test(b, a))
W("mw_limit", wilcox.test(a, b, exact = FALSE))
W("mw_plain", wilcox.test(a, b, exact = FALSE, correct = FALSE))
W("mw_ties", wilcox.test(t1, t2))
W("mw_long", wilcox.test(l1, l2))
W("mw_long_exact", wilcox.test(l1, l2, exact = TRUE))
W("mw_apart", wilcox.test(l1 - 10, l2, exact = TRUE))
W("sr_exact", wilcox.test(a - 4.5))
W("sr_paired", wilcox.test(p1, p2, paired = TRUE))
W("sr_limit", wilcox.test(a - 4.5, exact = FALSE))
W("sr_plain", wilcox.test(l1 - 0.1, correct = FALSE))
W("sr_zeros", wilcox.test(t1 - 4))
# Counted with the unlimited whole numbers of Python 3 (product formulas of rank_tests.cpp), for
# x = 0, 2 ... 398 against y = 1, 3 ... 399, and for 1 ... 400 with every third one negative.
put("whole_numbers", mw_200 = 0.9314940000162476, sr_400 = 5.0347037045241212e-09)
cliff <- function(case, x, y) {
  m <- length(x); n <- length(y); z <- qnorm(0.975)
  dd <- sign(outer(x, y, "-"))
  d <- mean(dd)
  v <- (n^2 * sum((rowMeans(dd) - d)^2) + m^2 * sum((colMeans(dd) - d)^2) - sum((dd - d)^2)) /
    (m * n * (m - 1) * (n - 1))
  e <- z * sqrt(v) * sqrt((1 - d^2)^2 + z^2 * v)
  put(case, d = d, se = sqrt(v), low = (d - d^3 - e) / (1 - d^2 + z^2 * v),
      high = (d - d^3 + e) / (1 - d^2 + z^2 * v))
}
cliff("cliff", a, b)
cliff("cliff_ties", t1, t2)
W("ks_exact", ks.test(a, b))
W("ks_ties", ks.test(t1, t2))
put("ks_far", statistic = 1, p = 2 / choose(25, 11))              # R 4.2 loses digits here
W("ks_limit", ks.test(l1, l2, exact = FALSE))
h <- ks.test(t1, t2)
k <- function(z) 2 * sum((-1)^(0:199) * exp(-2 * (1:200)^2 * z^2))
put("ks_limit", p_series = k(ks.test(l1, l2)$statistic * sqrt(80 * 60 / 140)))
put("ks_limit", p_small = k(ks.test(t1, t2)$statistic * sqrt(40 * 33 / 73)))
g <- keep("g", rep(0:3, c(8, 6, 10, 7)))
h <- kruskal.test(s, g)
put("kruskal", statistic = unname(h$statistic), df = unname(h$parameter), p = h$p.value)
tt <- c(t1, t2)
g3 <- keep("g3", rep(0:2, c(25, 20, 28)))
h <- kruskal.test(tt, g3)
put("kruskal_ties", statistic = unname(h$statistic), df = unname(h$parameter), p = h$p.value)
r <- rank(tt); N <- length(tt); tie <- sum(table(tt)^3 - table(tt))
p <- c()
for (ij in list(c(0, 1), c(0, 2), c(1, 2))) {
  x <- r[g3 == ij[1]]; y <- r[g3 == ij[2]]
  se <- sqrt((N * (N + 1) / 12 - tie / (12 * (N - 1))) * (1 / length(x) + 1 / length(y)))
  z <- (mean(y) - mean(x)) / se
  p <- c(p, 2 * pnorm(-abs(z)))
  put(paste0("dunn_", ij[2], ij[1]), estimate = mean(y) - mean(x), se = se, statistic = z,
      p = 2 * pnorm(-abs(z)))
}
put("dunn_holm", setNames(p.adjust(p, "holm"), c("p1", "p2", "p3")))

# Counts -------------------------------------------------------------------------------------------
# Tables are kept row by row.
m22 <- matrix(keep("m22", c(12, 5, 7, 20)), 2, byrow = TRUE)
m22b <- matrix(keep("m22b", c(3, 1, 1, 3)), 2, byrow = TRUE)                # the lady tasting tea
m22c <- matrix(keep("m22c", c(940, 870, 1210, 1490)), 2, byrow = TRUE)
m34 <- matrix(keep("m34", c(4, 2, 9, 1, 3, 8, 6, 2, 7, 5, 1, 10)), 3, byrow = TRUE)
# Job satisfaction, Agresti (2002) p. 57: p = 0.7827.
m44 <- matrix(keep("m44", c(1, 3, 10, 6, 2, 3, 10, 7, 1, 6, 14, 12, 0, 1, 9, 11)), 4, byrow = TRUE)
m35 <- matrix(keep("m35", c(20, 14, 9, 7, 16, 11, 3, 8, 12, 9, 10, 6, 5, 7, 13)), 3, byrow = TRUE)
C <- function(case, h) put(case, statistic = unname(h$statistic), df = unname(h$parameter),
                           p = h$p.value)
C("chi_yates", chisq.test(m22))
C("chi_plain", chisq.test(m22, correct = FALSE))
C("chi_34", chisq.test(m34))
x2 <- unname(chisq.test(m34)$statistic); n <- sum(m34)
f <- max(0, x2 / n - 6 / (n - 1))
put("chi_34", v = sqrt(x2 / n / 2), v_corrected = sqrt(f / (3 - 4 / (n - 1) - 1)))
put("chi_plain", v = sqrt(unname(chisq.test(m22, correct = FALSE)$statistic) / sum(m22)))
o <- keep("o", c(22, 31, 17, 40, 25))
C("gof_equal", chisq.test(o))
C("gof_p", chisq.test(o, p = c(3, 4, 2, 5, 6), rescale.p = TRUE))
# fisher.test finds its odds ratio with uniroot's default tolerance: found again.
fisher <- function(case, x) {
  m <- sum(x[, 1]); n <- sum(x[, 2]); k <- sum(x[1, ]); x1 <- x[1, 1]
  s <- max(0, k - n):min(k, m)
  d <- function(u) { w <- dhyper(s, m, n, k, log = TRUE) + u * s; w <- exp(w - max(w)); w / sum(w) }
  put(case, p = fisher.test(x)$p.value, odds = exp(root(function(u) sum(s * d(u)) - x1, -20, 20)),
      low = exp(root(function(u) sum(d(u)[s >= x1]) - 0.025, -20, 20)),
      high = exp(root(function(u) sum(d(u)[s <= x1]) - 0.025, -20, 20)))
}
fisher("fisher_22", m22); fisher("fisher_tea", m22b); fisher("fisher_large", m22c)
put("fisher_34", p = fisher.test(m34)$p.value)
put("fisher_44", p = fisher.test(m44)$p.value)
put("fisher_35", p = fisher.test(m35, workspace = 2e7)$p.value)
C("mcnemar", mcnemar.test(m22))
C("mcnemar_plain", mcnemar.test(m22, correct = FALSE))
C("mcnemar_44", mcnemar.test(m44))
h <- binom.test(5, 12)
put("mcnemar_exact", p = h$p.value, low = h$conf.int[1] / (1 - h$conf.int[1]),
    high = h$conf.int[2] / (1 - h$conf.int[2]))
share <- function(case, h) put(case, p = h$p.value, low = h$conf.int[1], high = h$conf.int[2])
for (x in c(0, 3, 11, 40)) {
  share(paste0("share_score_", x), prop.test(x, 40, p = 0.2, correct = FALSE))
  share(paste0("share_corrected_", x), prop.test(x, 40, p = 0.2))
  share(paste0("share_exact_", x), binom.test(x, 40, p = 0.2))
}
share("share_exact_even", binom.test(7, 20))
share("diff_wald", prop.test(c(15, 25), c(50, 61), correct = FALSE))
share("diff_corrected", prop.test(c(15, 25), c(50, 61)))
# Newcombe (1998), method 10, example (a): 56/70 - 48/80, published 0.0524, 0.3339.
w1 <- prop.test(56, 70, correct = FALSE)$conf.int; w2 <- prop.test(48, 80, correct = FALSE)$conf.int
put("diff_newcombe", low = 0.2 - sqrt((0.8 - w1[1])^2 + (w2[2] - 0.6)^2),
    high = 0.2 + sqrt((w1[2] - 0.8)^2 + (0.6 - w2[1])^2))
C("share_equal", prop.test(c(15, 25, 20, 9), c(50, 61, 44, 40), correct = FALSE))
h <- prop.trend.test(c(15, 25, 20, 9), c(50, 61, 44, 40)); C("trend", h)
h <- prop.trend.test(c(15, 25, 20, 9), c(50, 61, 44, 40), c(0, 1, 4, 9)); C("trend_scores", h)
z <- qnorm(0.975)
l <- log(12 * 20 / (5 * 7)); e <- sqrt(1 / 12 + 1 / 5 + 1 / 7 + 1 / 20)
put("odds", estimate = exp(l), se = e, low = exp(l - z * e), high = exp(l + z * e),
    p = 2 * pnorm(-abs(l / e)))
l <- log((12 / 17) / (7 / 27)); e <- sqrt(1 / 12 - 1 / 17 + 1 / 7 - 1 / 27)
put("risk", estimate = exp(l), se = e, low = exp(l - z * e), high = exp(l + z * e),
    p = 2 * pnorm(-abs(l / e)))

# Analysis of variance -----------------------------------------------------------------------------
f <- factor(g)
F <- function(case, h) put(case, statistic = unname(h$statistic), df = unname(h$parameter[1]),
                           df2 = unname(h$parameter[2]), p = h$p.value)
h <- anova(lm(s ~ f))
ss <- h$"Sum Sq"; ms <- h$"Mean Sq"[2]; df <- h$Df
put("anova", statistic = h$F[1], df = df[1], df2 = df[2], p = h$Pr[1], between = ss[1],
    within = ss[2], eta = ss[1] / sum(ss), omega = (ss[1] - df[1] * ms) / (sum(ss) + ms))
F("welch_anova", oneway.test(s ~ f))
F("welch_two", oneway.test(c(a, b) ~ rep(0:1, c(14, 11))))
levene <- function(case, centre) {
  F(case, oneway.test(abs(s - ave(s, f, FUN = centre)) ~ f, var.equal = TRUE))
}
levene("levene_median", median); levene("levene_mean", mean)
# ptukey is off by 1e-5 at df 2 and 1e-9 at df 7.5 (its P of two groups is not that of t), so the
# double integral is taken here.
srange <- function(q, k, df) {
  w <- function(w) k * integrate(function(z) dnorm(z) * (pnorm(z)^(k - 1) -
    (pnorm(z) - pnorm(z - w))^(k - 1)), w / 2 - 12, w / 2 + 12, rel.tol = 1e-12,
    subdivisions = 1000)$value
  if (is.infinite(df)) return(w(q))
  f <- function(s) dchisq(s^2 * df, df) * 2 * s * df * vapply(q * s, w, 0)
  cut <- sqrt(qchisq(c(1e-18, 1e-6, 0.01, 0.5, 0.99, 1 - 1e-6), df) / df)
  cut <- c(0, cut, sqrt(qchisq(1e-18, df, lower.tail = FALSE) / df))
  sum(mapply(function(a, b) integrate(f, a, b, rel.tol = 1e-11, abs.tol = 1e-16)$value,
             cut[-8], cut[-1]))
}
for (q in c(0.5, 2, 3.7, 6)) for (k in c(2, 3, 10)) for (df in c(2, 7.5, 40, Inf)) {
  v <- srange(q, k, df)
  if (df > 30) stopifnot(abs(v - ptukey(q, k, df, lower.tail = FALSE)) < 1e-8)
  put("ptukey", setNames(v, paste(q, k, df, sep = "/")))
}
# Two groups are a t test: digits that a difference from 1 would lose.
put("range_two", setNames(2 * pt(-c(3, 9, 40) / sqrt(2), 12), paste0("q", c(3, 9, 40))))
# qtukey stops at 1e-4: found again.
critical <- function(k, df) root(function(q) srange(q, k, df) - 0.05, 2, 8)
put("qtukey", "4/27" = critical(4, 27), "3/5.5" = critical(3, 5.5), "10/100" = critical(10, 100))
M <- tapply(s, f, mean); V <- tapply(s, f, var); N <- tapply(s, f, length)
q <- critical(4, df = 27)
for (j in 2:4) for (i in 1:(j - 1)) {
  d <- unname(M[j] - M[i])
  se <- sqrt(ms * (1 / N[i] + 1 / N[j]))
  put(paste0("tukey_", j - 1, i - 1), estimate = d, se = unname(se),
      p = unname(srange(sqrt(2) * abs(d) / se, 4, 27)),
      low = unname(d - q / sqrt(2) * se), high = unname(d + q / sqrt(2) * se))
  v <- V / N
  se <- sqrt(v[i] + v[j])
  df <- (v[i] + v[j])^2 / (v[i]^2 / (N[i] - 1) + v[j]^2 / (N[j] - 1))
  put(paste0("games_", j - 1, i - 1), estimate = d, se = unname(se), df = unname(df),
      p = unname(srange(sqrt(2) * abs(d) / se, 4, df)),
      high = unname(d + critical(4, df) / sqrt(2) * se))
}
# TukeyHSD is that formula with ptukey.
h <- TukeyHSD(aov(s ~ f))$f
stopifnot(all.equal(h["3-1", "p adj"], unname(ptukey(sqrt(2) * abs(h["3-1", "diff"]) /
  sqrt(ms * (1 / N[2] + 1 / N[4])), 4, 27, lower.tail = FALSE))))

# Correlation --------------------------------------------------------------------------------------
r <- function(case, h) put(case, estimate = unname(h$estimate), p = h$p.value)
x <- l1[1:60]; y <- keep("ly", round(0.6 * x + l2, 4))
h <- cor.test(x, y); r("pearson", h)
put("pearson", statistic = unname(h$statistic), low = h$conf.int[1], high = h$conf.int[2])
tx <- t1[1:33]; ty <- keep("ty", pmin(9, t2 + tx %/% 2))
r("spearman", cor.test(x, y, method = "spearman", exact = FALSE))
r("spearman_ties", cor.test(tx, ty, method = "spearman", exact = FALSE))
r("spearman_exact", cor.test(p1[1:8], p2[1:8], method = "spearman"))
r("kendall", cor.test(x, y, method = "kendall"))
r("kendall_ties", cor.test(tx, ty, method = "kendall"))
r("kendall_exact", cor.test(x[1:40], y[1:40], method = "kendall"))
rho <- cor(x, y, method = "spearman"); e <- z * sqrt((1 + rho^2 / 2) / 57)
put("spearman", low = tanh(atanh(rho) - e), high = tanh(atanh(rho) + e))
tau <- cor(x, y, method = "kendall"); e <- z * sqrt(0.437 / 56)
put("kendall", low = tanh(atanh(tau) - e), high = tanh(atanh(tau) + e))
u <- keep("u", round(0.5 * x - 0.3 * y + l2^2, 4)); v <- keep("v", round(abs(l2), 4))
pr <- cor(resid(lm(x ~ u + v)), resid(lm(y ~ u + v))); df <- 60 - 4
st <- pr * sqrt(df / (1 - pr^2)); e <- z / sqrt(60 - 2 - 3)
put("partial", estimate = pr, df = df, statistic = st, p = 2 * pt(-abs(st), df),
    low = tanh(atanh(pr) - e), high = tanh(atanh(pr) + e))

# Normality ----------------------------------------------------------------------------------------
sw <- function(case, x) { h <- shapiro.test(x); put(case, w = unname(h$statistic), p = h$p.value) }
sw("sw_a", a); sw("sw_s", s); sw("sw_l1", l1); sw("sw_3", a[1:3]); sw("sw_4", a[1:4])
sw("sw_5", b[1:5]); sw("sw_6", b[1:6]); sw("sw_11", b); sw("sw_12", a[1:12]); sw("sw_t1", t1)
sw("sw_rivers", rivers)
invisible(keep("rivers", rivers))
# The case-0 statistic by its definition, p of Stephens (D'Agostino & Stephens 1986, table 4.9).
ad <- function(case, x) {
  x <- sort(x); n <- length(x); zz <- (x - mean(x)) / sd(x); i <- 1:n
  A <- -n - mean((2 * i - 1) * (pnorm(zz, log.p = TRUE) + pnorm(rev(zz), lower = FALSE, log = TRUE)))
  S <- min(10, A * (1 + 0.75 / n + 2.25 / n^2))                  # where the formula ends
  p <- if (S < 0.2) 1 - exp(-13.436 + 101.14 * S - 223.73 * S^2)
       else if (S < 0.34) 1 - exp(-8.318 + 42.796 * S - 59.938 * S^2)
       else if (S < 0.6) exp(0.9177 - 4.279 * S - 1.38 * S^2)
       else exp(1.2937 - 5.709 * S + 0.0186 * S^2)
  put(case, a2 = A, star = S, p = p)
}
ad("ad_a", a); ad("ad_s", s); ad("ad_l1", l1); ad("ad_b", b); ad("ad_rivers", rivers); ad("ad_p1", p1)
ad("ad_t1", t1); ad("ad_t2", t2)
close(out)
