# Writes one_sided.txt into this folder:   Rscript one_sided.R
# Peer: R 4.2.2, packages base and stats only; the samples are those of hypothesis_data.txt.
# A line: case_side, field, value.
lines <- strsplit(readLines("hypothesis_data.txt"), " ")
for (l in lines[-1]) assign(l[1], as.numeric(l[-1]))
out <- file("one_sided.txt", "w")
cat("# Written by one_sided.R.\n", file = out)
put <- function(case, ...) {
  v <- c(...)
  cat(sprintf("%s %s %.17g\n", case, names(v), v), file = out, sep = "")
}
for (s in c("greater", "less")) {
  name <- function(case) paste0(case, "_", s)
  h_of <- function(case, h) put(name(case), p = h$p.value, low = h$conf.int[1], high = h$conf.int[2])
  h_of("t_one", t.test(a, mu = 4, alternative = s))
  h_of("t_pooled", t.test(a, b, var.equal = TRUE, alternative = s))
  h_of("t_welch", t.test(a, b, alternative = s, conf.level = 0.9))
  h_of("t_paired", t.test(p1, p2, paired = TRUE, alternative = s))
  # d: the noncentrality at which t is the quantile of the level.
  t <- unname(t.test(a, mu = 4)$statistic); n <- length(a)
  l <- if (s == "greater") 0.95 else 0.05
  ncp <- uniroot(function(d) pt(t, n - 1, d) - l, c(-20, 20), tol = 1e-13)$root
  put(name("t_one"), d_end = ncp / sqrt(n))
  h_of("share_score", prop.test(12, 29, 0.6, alternative = s, correct = FALSE))
  h_of("share_yates", prop.test(12, 29, 0.6, alternative = s))
  h_of("share_exact", binom.test(12, 29, 0.6, alternative = s))
  h_of("share_zero", binom.test(0, 9, 0.3, alternative = s))
  h_of("share_wald", prop.test(c(12, 7), c(29, 34), alternative = s, correct = FALSE))
  h_of("share_wald_yates", prop.test(c(12, 7), c(29, 34), alternative = s))
  z <- qnorm(0.95); lr <- log((12 / 17) / (7 / 27)); e <- sqrt(1/12 + 1/17 + 1/7 + 1/27)
  put(name("odds"), p = pnorm(lr / e, lower.tail = s == "less"),
      low = if (s == "less") 0 else exp(lr - z * e), high = if (s == "less") exp(lr + z * e) else Inf)
  tr <- prop.trend.test(c(5, 9, 14), c(20, 22, 25))$statistic
  put(name("trend"), p = pnorm(sqrt(tr), lower.tail = s == "less")[[1]])
  p_of <- function(case, h) put(name(case), p = h$p.value)
  p_of("mw_exact", wilcox.test(a, b, alternative = s))
  p_of("mw_limit", wilcox.test(t1, t2, alternative = s, exact = FALSE))
  p_of("mw_plain", wilcox.test(t1, t2, alternative = s, exact = FALSE, correct = FALSE))
  p_of("sr_exact", wilcox.test(a - 4.0001, alternative = s))
  p_of("sr_limit", wilcox.test(l1 - 0.1, alternative = s, exact = FALSE))
  # R's "greater" is about the distribution function of x: x tends to be smaller.
  r <- if (s == "greater") "less" else "greater"
  p_of("ks_exact", ks.test(a, b, alternative = r, exact = TRUE))
  p_of("ks_limit", ks.test(l1, l2, alternative = r, exact = FALSE))
  put(name("ks_limit"), d = unname(ks.test(l1, l2, alternative = r, exact = FALSE)$statistic))
  x <- l1[1:60]
  h <- cor.test(x, ly, alternative = s)
  put(name("pearson"), p = h$p.value, low = h$conf.int[1], high = h$conf.int[2])
  p_of("spearman", cor.test(x, ly, method = "spearman", exact = FALSE, alternative = s))
  p_of("spearman_exact", cor.test(p1[1:8], p2[1:8], method = "spearman", alternative = s))
  p_of("kendall", cor.test(x, ly, method = "kendall", alternative = s))
  p_of("kendall_exact", cor.test(x[1:40], ly[1:40], method = "kendall", alternative = s))
  pr <- cor(resid(lm(x ~ u + v)), resid(lm(ly ~ u + v)))
  put(name("partial"), p = pt(pr * sqrt(56 / (1 - pr^2)), 56, lower.tail = s == "less"))
}
tost <- function(case, low, high, ...) {
  l <- t.test(..., mu = low, alternative = "greater")
  h <- t.test(..., mu = high, alternative = "less")
  two <- t.test(..., conf.level = 0.9)
  put(case, p = max(l$p.value, h$p.value), p_low = l$p.value, p_high = h$p.value,
      low = two$conf.int[1], high = two$conf.int[2])
}
tost("tost_welch", -1, 1.5, l1, l2)
tost("tost_pooled", -0.2, 0.9, l2, l1, var.equal = TRUE)
tost("tost_paired", -2, 0.5, p1, p2, paired = TRUE)
tost("tost_one", 4, 6.5, a)
close(out)
