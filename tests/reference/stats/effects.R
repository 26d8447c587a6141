# Writes effects.txt into this folder, from the samples of hypothesis_data.txt:   Rscript effects.R
# Peer: R 4.2.2 with MASS 7.3; effectsize 0.8.3 (r-cran-effectsize) for the intervals, whose search
# ends early, so that limits are found again here and compared with it. pchisq and pf with ncp stop
# at 1e-9 or so: the mixtures are summed here.
# A line of effects.txt: case, field, value.
out <- file("effects.txt", "w")
cat("# Written by effects.R.\n", file = out)
put <- function(case, ...) {
  v <- c(...)
  cat(sprintf("%s %s %.17g\n", case, names(v), v), file = out, sep = "")
}
lines <- strsplit(readLines("hypothesis_data.txt")[-1], " ")
samples <- setNames(lapply(lines, function(l) as.numeric(l[-1])), sapply(lines, `[`, 1))

# Robust -------------------------------------------------------------------------------------------
qn <- function(x) {
  n <- length(x); h <- n %/% 2 + 1
  d <- sort(as.vector(dist(x)))[choose(h, 2)] / (sqrt(2) * qnorm(5 / 8))
  d * if (n <= 9) c(.399, .994, .512, .844, .611, .857, .669, .872)[n - 1]
      else if (n %% 2) n / (n + 1.4) else n / (n + 3.8)
}
biweight <- function(x, c = 9) {
  d <- x - median(x); u <- d / (c * mad(x, constant = 1)); i <- abs(u) < 1
  length(x) * sum(d[i]^2 * (1 - u[i]^2)^4) / sum((1 - u[i]^2) * (1 - 5 * u[i]^2))^2
}
for (name in c("a", "b", "s", "l1", "t1", "w")) {
  x <- samples[[name]]
  put(paste0("robust_", name), qn = qn(x), biweight = biweight(x), biweight_6 = biweight(x, 6),
      huber = MASS::huber(x, tol = 1e-15)$mu, huber_2 = MASS::huber(x, k = 2, tol = 1e-15)$mu)
}
for (n in 2:9) put("qn_small", setNames(qn(samples$a[1:n]), n))

# Intervals of effect sizes ------------------------------------------------------------------------
mixture <- function(lambda, p) {
  j <- 0:ceiling(lambda / 2 + 20 * sqrt(lambda / 2) + 60)
  sum(dpois(j, lambda / 2) * p(j))
}
nc_chi2 <- function(x, df, l) mixture(l, function(j) pchisq(x, df + 2 * j))
nc_f <- function(x, a, b, l) mixture(l, function(j) pbeta(a * x / (a * x + b), a / 2 + j, b / 2))
for (l in c(0.5, 10, 300)) for (x in c(0.2, 3, 40, 350)) {
  put("nc_chi2", setNames(nc_chi2(x, 3, l), paste(x, l, sep = "/")))
  put("nc_f", setNames(nc_f(x, 3, 20, l), paste(x, l, sep = "/")))
}
limits <- function(cdf) {
  one <- function(p) {
    if (cdf(0) <= p) return(0)
    high <- 1
    while (cdf(high) > p) high <- 2 * high
    uniroot(function(l) cdf(l) - p, c(0, high), tol = 1e-13, maxiter = 10000)$root
  }
  c(one(0.975), one(0.025))
}
v <- function(case, x, expected = NULL) {
  h <- suppressWarnings(if (is.null(expected)) chisq.test(x, correct = FALSE) else
    chisq.test(x, p = expected))
  unit <- sum(x) * if (is.matrix(x)) min(dim(x)) - 1 else 1
  l <- sqrt(limits(function(l) nc_chi2(unname(h$statistic), unname(h$parameter), l)) / unit)
  put(case, low = l[1], high = l[2])
  l
}
near <- function(ours, theirs) stopifnot(abs(ours - unlist(theirs)) < 2e-4)
library(effectsize)
m22 <- matrix(samples$m22, 2, byrow = TRUE); m34 <- matrix(samples$m34, 3, byrow = TRUE)
near(v("v_34", m34), cramers_v(m34, adjust = FALSE, alternative = "two.sided")[c("CI_low", "CI_high")])
near(v("v_22", m22), phi(m22, adjust = FALSE, alternative = "two.sided")[c("CI_low", "CI_high")])
v("gof", samples$o, c(3, 4, 2, 5, 6) / 20)
v("v_null", matrix(c(10, 11, 12, 10, 12, 13), 2, byrow = TRUE))
r <- cor(rep(c(0, 0, 1, 1), samples$m22), rep(c(0, 1, 0, 1), samples$m22)); n <- sum(m22)
put("phi", estimate = r, p = 2 * pnorm(-abs(r) * sqrt(n)), low = r - qnorm(0.975) / sqrt(n),
    high = r + qnorm(0.975) / sqrt(n))
eta <- function(case, y, f, check = TRUE) {
  fit <- lm(y ~ f); h <- anova(fit); n <- length(y)
  l <- limits(function(l) nc_f(h$F[1], h$Df[1], h$Df[2], l))
  put(case, low = l[1] / (l[1] + n), high = l[2] / (l[2] + n))
  # effectsize puts df of the error where Steiger (2004) has n.
  e <- eta_squared(fit, partial = FALSE, alternative = "two.sided")
  if (check) near(l / (l + h$Df[2]), e[c("CI_low", "CI_high")])
  ss <- h$"Sum Sq"
  put(case, epsilon = (ss[1] - h$Df[1] * h$"Mean Sq"[2]) / sum(ss))
  if (check) near((ss[1] - h$Df[1] * h$"Mean Sq"[2]) / sum(ss), epsilon_squared(fit)$Epsilon2)
}
eta("eta", samples$s, factor(samples$g))
eta("eta_strong", samples$s + 3 * samples$g, factor(samples$g))
close(out)
