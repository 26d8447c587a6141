# Diagnosands of published designs, simulated by DeclareDesign itself.
#   Rscript declaredesign.R > declaredesign.txt
# Needs R with DeclareDesign 1.0.8, randomizr 1.0.0, fabricatr 1.0.2, estimatr 1.0.0.
suppressMessages(library(DeclareDesign))
set.seed(20240611)
sims <- 10000

# Blair, Coppock & Humphreys, Research Design in the Social Sciences (2023), declaration 18.1.
two_arm <-
  declare_model(N = 100, U = rnorm(N), potential_outcomes(Y ~ 0.2 * Z + U)) +
  declare_inquiry(ATE = mean(Y_Z_1 - Y_Z_0)) +
  declare_assignment(Z = complete_ra(N, prob = 0.5)) +
  declare_measurement(Y = reveal_outcomes(Y ~ Z)) +
  declare_estimator(Y ~ Z, .method = lm_robust, inquiry = "ATE", label = "ols") +
  declare_estimator(Y ~ Z, .method = difference_in_means, inquiry = "ATE", label = "dim")

# The same book, declaration 18.3 (covariate adjustment where it hurts).
adjusted <-
  declare_model(N = 100, X = runif(N, 0, 1), U = rnorm(N, sd = 0.1), Y_Z_1 = X + U, Y_Z_0 = U - X) +
  declare_inquiry(ATE = mean(Y_Z_1 - Y_Z_0)) +
  declare_assignment(Z = complete_ra(N, prob = 0.3)) +
  declare_measurement(Y = reveal_outcomes(Y ~ Z)) +
  declare_estimator(Y ~ Z, .method = difference_in_means, inquiry = "ATE", label = "dim") +
  declare_estimator(Y ~ Z + X, .method = lm_robust, inquiry = "ATE", label = "ols") +
  declare_estimator(Y ~ Z, covariates = ~X, .method = lm_lin, inquiry = "ATE", label = "lin")

# DesignLibrary 0.1.10, block_cluster_two_arm_designer: blocks of clusters of individuals, shocks at
# every level (sd 0.5773 for blocks, the rest of the variance shared equally), effect 0.5.
sd_block <- 0.5773
sd_rest <- sqrt((1 - sd_block^2) / 2)
block_cluster <- function(n_blocks, n_clusters, n_units) {
  declare_model(
    block = add_level(N = n_blocks, u_b = rnorm(N) * sd_block),
    cluster = add_level(N = n_clusters, u_c = rnorm(N) * sd_rest),
    unit = add_level(N = n_units, u = rnorm(N) * sd_rest,
                     Y_Z_0 = u_b + u_c + u, Y_Z_1 = 0.5 + Y_Z_0)) +
    declare_inquiry(ATE = mean(Y_Z_1 - Y_Z_0))
}
reveal <- declare_measurement(Y = reveal_outcomes(Y ~ Z))
blocked <- block_cluster(10, 6, 1) +
  declare_assignment(Z = block_ra(blocks = block, prob = 0.5)) + reveal +
  declare_estimator(Y ~ Z, blocks = block, .method = difference_in_means, inquiry = "ATE",
                    label = "blocked") +
  declare_estimator(Y ~ Z, fixed_effects = ~block, .method = lm_robust, inquiry = "ATE",
                    label = "fixed_effects")
clustered <- block_cluster(1, 20, 5) +
  declare_assignment(Z = cluster_ra(clusters = cluster, prob = 0.5)) + reveal +
  declare_estimator(Y ~ Z, clusters = cluster, .method = difference_in_means, inquiry = "ATE",
                    label = "dim") +
  declare_estimator(Y ~ Z, clusters = cluster, .method = lm_robust, inquiry = "ATE", label = "ols") +
  declare_estimator(Y ~ Z, .method = lm_robust, inquiry = "ATE", label = "naive")
block_clustered <- block_cluster(5, 5, 4) +
  declare_assignment(Z = block_and_cluster_ra(blocks = block, clusters = cluster, prob = 0.5)) +
  reveal +
  declare_estimator(Y ~ Z, blocks = block, clusters = cluster, .method = difference_in_means,
                    inquiry = "ATE", label = "blocked") +
  declare_estimator(Y ~ Z, fixed_effects = ~block, clusters = cluster, .method = lm_robust,
                    inquiry = "ATE", label = "fixed_effects")

average <- function(x) c(mean(x), sd(x) / sqrt(length(x)))
share <- function(x) { p <- mean(x); c(p, sqrt(p * (1 - p) / length(x))) }
spread <- function(x) {
  m <- mean((x - mean(x))^4)
  c(sd(x), sqrt(max(m - var(x)^2, 0) / length(x)) / (2 * sd(x)))
}
rmse <- function(d) { s <- average(d^2); c(sqrt(s[1]), s[2] / (2 * sqrt(s[1]))) }
ratio <- function(a, t) {
  r <- mean(a) / mean(t)
  c(r, sd(a - r * t) / sqrt(length(a)) / mean(t))
}
diagnosands <- function(s) {
  found <- s$p.value <= 0.05
  list(mean_estimand = average(s$estimand), mean_estimate = average(s$estimate),
       sd_estimate = spread(s$estimate), mean_std_error = average(s$std.error),
       bias = average(s$estimate - s$estimand), rmse = rmse(s$estimate - s$estimand),
       power = share(found),
       coverage = share(s$conf.low <= s$estimand & s$estimand <= s$conf.high),
       type_s = share((sign(s$estimate) != sign(s$estimand))[found]),
       type_m = ratio(abs(s$estimate[found]), abs(s$estimand[found])),
       mean_width = average(s$conf.high - s$conf.low))
}

cat(paste("# From declaredesign.R beside this file,", R.version.string), sep = "\n")
for (package in c("DeclareDesign", "randomizr", "fabricatr", "estimatr")) {
  cat(paste("#", package, packageVersion(package)), sep = "\n")
}
cat(paste("# design estimator diagnosand value monte_carlo_standard_error; simulations:", sims),
    sep = "\n")
designs <- list(two_arm = two_arm, adjusted = adjusted, blocked = blocked, clustered = clustered,
                block_clustered = block_clustered)
for (name in names(designs)) {
  all <- simulate_design(designs[[name]], sims = sims)
  all <- all[all$term == "Z", ]
  for (label in unique(all$estimator)) {
    found <- diagnosands(all[all$estimator == label, ])
    for (d in names(found)) {
      cat(paste(c(name, label, d, sapply(found[[d]], format, digits = 10)), collapse = " "), "\n",
          sep = "")
    }
  }
}
