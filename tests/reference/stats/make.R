# Writes units.txt (invented data) and peer.txt (what the peers say about it) into this folder:
#   Rscript make.R
# Peers: R 4.2.2, estimatr 1.0.0 (Debian r-cran-estimatr), sandwich 3.0-2 (r-cran-sandwich).
# A line of peer.txt: case, term, estimate, std_error, df, p_value, conf_low, conf_high.
library(estimatr)
set.seed(20240611)

n <- 60
d <- data.frame(block = rep(0:4, each = 12), cluster = rep(0:19, each = 3))
d$z <- ave(d$block, d$block, FUN = function(b) sample(rep(0:1, 6)))      # within blocks
d$zc <- as.integer((d$cluster %% 4) %in% c(1, 2))                        # by cluster, in blocks
d$pair <- rep(0:29, each = 2)
d$zp <- ave(d$pair, d$pair, FUN = function(p) sample(0:1))               # within pairs
d$pairc <- d$cluster %/% 2
d$zpc <- d$cluster %% 2                                                  # cluster pairs
d$uneven <- c(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5,
              5, 6, 6, 6, 7, 7, 7, 7, 8, 8, 8, 9, 9, 9, 9, 9, 9, 10, 10, 10, 11, 11, 11, 11,
              11, 11, 11, 11, 12, 12, 12, 13)                            # clusters of 1 to 8
d$w <- round(runif(n, 0.5, 3), 2)
d$f <- rep(0:9, each = 6)                                                # factor: 2 clusters each
d$g <- sample(rep(0:5, each = 10))                                       # crossed factor
d$x <- round(rnorm(n), 3)
d$v <- round(exp(rnorm(n)), 3)
d$y <- round(rnorm(n, 2) + 0.5 * d$block + 0.7 * d$z + 0.4 * d$x +
               0.8 * rnorm(20)[d$cluster + 1], 3)

write.table(d, "units.txt", quote = FALSE, row.names = FALSE)

out <- file("peer.txt", "w")
cat("# Written by make.R, which says what the columns are.\n", file = out)
row <- function(case, term, ...) {
  cat(paste(c(case, term, sprintf("%.16g", c(...))), collapse = " "), "\n", file = out, sep = "")
}
say <- function(case, m) {
  for (k in seq_along(m$coefficients)) {
    row(case, gsub("[() ]", "", m$term[k]), m$coefficients[k], m$std.error[k], m$df[k],
        m$p.value[k], m$conf.low[k], m$conf.high[k])
  }
}

dim <- difference_in_means
say("dim_standard", dim(y ~ z, d))
say("dim_standard_90", dim(y ~ z, d, alpha = 0.1))
say("dim_weighted", dim(y ~ z, d, weights = w))
say("dim_blocked", dim(y ~ z, d, blocks = block))
say("dim_blocked_weighted", dim(y ~ z, d, blocks = block, weights = w))
say("dim_pairs", dim(y ~ zp, d, blocks = pair))
say("dim_clustered", dim(y ~ zc, d, clusters = cluster))
say("dim_clustered_weighted", dim(y ~ zc, d, clusters = cluster, weights = w))
d$zu <- as.integer(d$uneven %% 3 == 0)
say("dim_uneven", dim(y ~ zu, d, clusters = uneven))
say("dim_uneven_weighted", dim(y ~ zu, d, clusters = uneven, weights = w))
say("dim_block_clustered", dim(y ~ zc, d, blocks = block, clusters = cluster))
say("dim_block_clustered_weighted", dim(y ~ zc, d, blocks = block, clusters = cluster, weights = w))
say("dim_pairs_clustered", dim(y ~ zpc, d, blocks = pairc, clusters = cluster))
uneven_pairs <- subset(d, !(cluster == 3 & duplicated(cluster)))
say("dim_uneven_pairs_clustered", dim(y ~ zpc, uneven_pairs, blocks = pairc, clusters = cluster))

plain <- c("classical", "HC0", "HC1", "HC2", "HC3")
grouped <- c("CR0", "stata", "CR2")
for (se in plain) {
  say(paste0("ols_", se), lm_robust(y ~ z + x + v, d, se_type = se))
  say(paste0("ols_weighted_", se), lm_robust(y ~ z + x + v, d, weights = w, se_type = se))
  say(paste0("ols_fe_", se), lm_robust(y ~ z + x, d, fixed_effects = ~f, se_type = se))
  say(paste0("ols_fe_weighted_", se),
      lm_robust(y ~ z + x, d, weights = w, fixed_effects = ~f, se_type = se))
  say(paste0("ols_fe2_", se), lm_robust(y ~ z + x, d, fixed_effects = ~ f + g, se_type = se))
}
for (se in grouped) {
  for (groups in c("cluster", "uneven")) {
    tag <- function(what) paste0("ols_", what, groups, "_", sub("stata", "CR1", se))
    cl <- d[[groups]]
    say(tag(""), lm_robust(y ~ z + x + v, d, clusters = cl, se_type = se))
    say(tag("noint_"), lm_robust(y ~ 0 + z + x + v, d, clusters = cl, se_type = se))
    say(tag("weighted_"), lm_robust(y ~ z + x + v, d, clusters = cl, weights = w, se_type = se))
    # Dummies instead of fixed_effects: the same model.
    say(tag("fe_"), lm_robust(y ~ z + x + factor(f), d, clusters = cl, se_type = se))
    say(tag("fe_weighted_"),
        lm_robust(y ~ z + x + factor(f), d, clusters = cl, weights = w, se_type = se))
    say(tag("fe2_"), lm_robust(y ~ z + x + factor(f) + factor(g), d, clusters = cl, se_type = se))
  }
}
say("ols_nested_fe_CR2",
    lm_robust(y ~ z + x + factor(cluster), d, clusters = f, se_type = "CR2"))

say("lin_HC2", lm_lin(y ~ z, ~ x + v, d))
say("lin_weighted_HC2", lm_lin(y ~ z, ~ x + v, d, weights = w))
say("lin_CR2", lm_lin(y ~ zc, ~ x + v, d, clusters = cluster))
say("lin_classical", lm_lin(y ~ z, ~ x, d, se_type = "classical"))

# sandwich on lm, an implementation of its own; no degrees of freedom.
fit <- lm(y ~ z + x + v, d)
for (se in c("HC0", "HC1", "HC2", "HC3")) {
  s <- sqrt(diag(sandwich::vcovHC(fit, se)))
  for (k in seq_along(s)) {
    row(paste0("sandwich_", se), gsub("[() ]", "", names(s)[k]), coef(fit)[k], s[k], NA, NA, NA, NA)
  }
}
close(out)
