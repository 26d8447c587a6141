# Writes power.txt into this folder:   Rscript power.R
# Peers: R 4.2.2 (power.t.test, power.prop.test) and pwr 1.3-0. Their solutions stop early, so that
# each is found again here from their own power with a narrow tolerance.
# A line: case, effect, n, n2, alpha, power.
library(pwr)
out <- file("power.txt", "w")
cat("# Written by power.R.\n", file = out)
put <- function(case, effect, n, n2, alpha, power)
  cat(case, sprintf("%.17g", c(effect, n, n2, alpha, power)), "\n", file = out)
root <- function(f, a, b) uniroot(f, sort(c(a, b)), tol = 1e-14, maxiter = 100000)$root
# power(effect, n, alpha) at a point, and its three inverses for power 0.83.
case <- function(name, power, effect, n, alpha = 0.05, n2 = function(n) NA, up = 4 * effect,
                 low = effect / 4) {
  put(paste0(name, "/power"), effect, n, n2(n), alpha, power(effect, n, alpha))
  m <- root(function(n) power(effect, n, alpha) - 0.83, n / 4, 40 * n)
  put(paste0(name, "/n"), effect, m, n2(m), alpha, 0.83)
  e <- root(function(e) power(e, n, alpha) - 0.83, low, up)
  put(paste0(name, "/effect"), e, n, n2(n), alpha, 0.83)
  a <- root(function(a) power(effect, n, a) - 0.83, 1e-6, 0.49)
  put(paste0(name, "/alpha"), effect, n, n2(n), a, 0.83)
}
same <- function(n) n
sides <- c("two.sided", "greater", "less")
for (s in sides) {
  k <- if (s == "less") -1 else 1
  for (t in c("one.sample", "paired", "two.sample"))
    case(paste0("t_", t, "_", s), function(d, n, a)
      pwr.t.test(n = n, d = d, sig.level = a, type = t, alternative = s)$power, k * 0.4, 35,
      n2 = if (t == "two.sample") same else function(n) NA)
  case(paste0("t_unequal_", s), function(d, n, a)
    pwr.t2n.test(n1 = n, n2 = 50, d = d, sig.level = a, alternative = s)$power, k * 0.6, 30,
    n2 = function(n) 50)
  case(paste0("h_one_", s), function(h, n, a)
    pwr.p.test(h = h, n = n, sig.level = a, alternative = s)$power, k * 0.3, 60)
  case(paste0("h_two_", s), function(h, n, a)
    pwr.2p2n.test(h = h, n1 = n, n2 = 2 * n, sig.level = a, alternative = s)$power, k * 0.3, 60,
    n2 = function(n) 2 * n)
  case(paste0("r_", s), function(r, n, a)
    pwr.r.test(r = r, n = n, sig.level = a, alternative = s)$power, k * 0.3, 50, up = k * 0.95)
}
stopifnot(all.equal(power.t.test(35, 0.4, strict = TRUE)$power,
                    pwr.t.test(n = 35, d = 0.4)$power, tolerance = 1e-8))
v <- power.t.test(delta = 0.4, power = 0.83, tol = 1e-12, strict = TRUE)
put("t_r/n", 0.4, v$n, v$n, 0.05, 0.83)
for (t in c("two.sided", "one.sided"))
  case(paste0("prop_", t), function(p, n, a) power.prop.test(n = n, p1 = 0.3, p2 = p, sig.level = a,
    alternative = t, strict = t == "two.sided")$power, 0.45, 120, n2 = same, up = 0.9, low = 0.301)
case("anova", function(f, n, a) pwr.anova.test(k = 4, n = n, f = f, sig.level = a)$power, 0.25, 20)
case("chi", function(w, n, a) pwr.chisq.test(w = w, N = n, df = 5, sig.level = a)$power, 0.3, 90)
# 3 tested beside 4 others: v = n - 8.
case("f2", function(f, n, a) pwr.f2.test(u = 3, v = n - 8, f2 = f, sig.level = a)$power, 0.15, 60)
# What these packages do not have, written out: one share, unpooled variances, Noether, clusters.
p1 <- function(p, n, a) { z <- qnorm(1 - a / 2); s0 <- sqrt(0.2 * 0.8); s <- sqrt(p * (1 - p))
  d <- (p - 0.2) * sqrt(n); pnorm((d - z * s0) / s) + pnorm((-d - z * s0) / s) }
case("share", p1, 0.3, 90, up = 0.9, low = 0.201)
p2 <- function(p, n, a) { z <- qnorm(1 - a / 2); s <- sqrt(0.3 * 0.7 / n + p * (1 - p) / (1.5 * n))
  pnorm((p - 0.3) / s - z) + pnorm(-(p - 0.3) / s - z) }
case("unpooled", p2, 0.45, 100, n2 = function(n) 1.5 * n, up = 0.9, low = 0.301)
noether <- function(p, n, a) { N <- 3 * n; c <- 1 / 3
  pnorm(sqrt(12 * c * (1 - c) * N) * (p - 0.5) - qnorm(1 - a / 2)) }
case("noether", noether, 0.65, 40, n2 = function(n) 2 * n, up = 0.95, low = 0.501)
# Noether's own solution for n.
put("noether_n/n", 0.7, 0.5 * (qnorm(0.975) + qnorm(0.9))^2 / (3 * 0.2^2),
    0.5 * (qnorm(0.975) + qnorm(0.9))^2 / (3 * 0.2^2), 0.05, 0.9)
cluster <- function(d, n, a) { deff <- 1 + ((1 + 0.4^2) * 25 - 1) * 0.04
  q <- qt(1 - a / 2, 2 * n - 2); delta <- d * sqrt(n * 25 / (2 * deff))
  pt(q, 2 * n - 2, delta, lower.tail = FALSE) + pt(-q, 2 * n - 2, delta) }
case("cluster", cluster, 0.3, 15, n2 = same)
close(out)
