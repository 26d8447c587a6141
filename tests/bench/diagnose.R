# CPU seconds of DeclareDesign for a simulation, for tests/bench/diagnose.py: "design n seconds".
#   Rscript diagnose.R [simulations]
suppressMessages(library(DeclareDesign))
arguments <- commandArgs(trailingOnly = TRUE)
sims <- if (length(arguments) > 0) as.integer(arguments[1]) else 200
set.seed(1)

two_arm <- function(n) {
  declare_model(N = n, U = rnorm(N), potential_outcomes(Y ~ 0.2 * Z + U)) +
    declare_inquiry(ATE = mean(Y_Z_1 - Y_Z_0)) +
    declare_assignment(Z = complete_ra(N)) +
    declare_measurement(Y = reveal_outcomes(Y ~ Z)) +
    declare_estimator(Y ~ Z, .method = difference_in_means, inquiry = "ATE")
}
adjusted <- function(n) {
  declare_model(N = n, X = rnorm(N), U = rnorm(N), potential_outcomes(Y ~ 0.2 * Z + X + U)) +
    declare_inquiry(ATE = mean(Y_Z_1 - Y_Z_0)) +
    declare_assignment(Z = complete_ra(N)) +
    declare_measurement(Y = reveal_outcomes(Y ~ Z)) +
    declare_estimator(Y ~ Z + X, .method = lm_robust, inquiry = "ATE", label = "ols") +
    declare_estimator(Y ~ Z, covariates = ~X, .method = lm_lin, inquiry = "ATE", label = "lin")
}
block_clustered <- function(n) {
  declare_model(
    block = add_level(N = n / 20),
    cluster = add_level(N = 4, U_c = rnorm(N) * 0.5),
    unit = add_level(N = 5, U = rnorm(N), potential_outcomes(Y ~ 0.2 * Z + U_c + U))) +
    declare_inquiry(ATE = mean(Y_Z_1 - Y_Z_0)) +
    declare_assignment(Z = block_and_cluster_ra(blocks = block, clusters = cluster)) +
    declare_measurement(Y = reveal_outcomes(Y ~ Z)) +
    declare_estimator(Y ~ Z, blocks = block, clusters = cluster, .method = difference_in_means,
                      inquiry = "ATE")
}
for (name in c("two_arm", "adjusted", "block_clustered")) {
  for (n in c(100, 1000)) {
    design <- get(name)(n)
    invisible(simulate_design(design, sims = 5))
    used <- system.time(simulate_design(design, sims = sims))
    cat(name, n, (used[["user.self"]] + used[["sys.self"]]) / sims, "\n")
  }
}
