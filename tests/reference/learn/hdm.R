# Writes hdm.txt: what hdm says of penalised_rows.txt and penalised_wide.txt (see penalised.R). Peer:
# R 4.2.2, hdm 0.3.2, its inner descent run to the last digits (its own tolerance is 1e-5).
suppressPackageStartupMessages(library(hdm))
shooting <- hdm:::LassoShooting.fit
formals(shooting)$control <- quote(list(maxIter = 1e5, optTol = 1e-14, zeroThreshold = 1e-9))
assignInNamespace("LassoShooting.fit", shooting, "hdm")
d <- as.matrix(read.table("penalised_rows.txt"))
x <- d[, 1:8]; g <- d[, 9]; b <- d[, 10]
wide <- as.matrix(read.table("penalised_wide.txt"))
out <- file("hdm.txt", "w")
cat("# Written by hdm.R.\n", file = out)
put <- function(case, ...) {
  v <- c(...)
  cat(sprintf("%s %s %.17g\n", case, names(v), v), file = out, sep = "")
}
case <- function(name, x, y, ...) {
  fit <- rlasso(x, y, control = list(numIter = 100, tol = 1e-13), ...)
  p <- ncol(x)
  put(name, i = unname(fit$intercept), setNames(fit$beta, paste0("b", 1:p)),
      level = unname(fit$lambda0), setNames(as.vector(fit$loadings), paste0("psi", 1:p)),
      sd = as.vector(fit$sigma))
}
case("hdm_post", x, g)
case("hdm_lasso", x, g, post = FALSE)
case("hdm_c", x, g, penalty = list(homoscedastic = FALSE, X.dependent.lambda = FALSE, c = 0.6,
                                   gamma = 0.2))
case("hdm_wide", wide[, 1:60], wide[, 61])
# Columns with a mean square of 1: hdm's homoscedastic loadings are s mean(x^2).
unit <- apply(x, 2, function(v) (v - mean(v)) / sqrt(mean((v - mean(v))^2)))
case("hdm_equal", unit, g, penalty = list(homoscedastic = TRUE, X.dependent.lambda = FALSE, c = 1.1,
                                          gamma = 0.1 / log(120)))
nothing <- rlasso(x[, 6:7], b)
put("hdm_nothing", i = unname(nothing$intercept), count = sum(nothing$index))
logit <- function(name, x, y, ...) {
  fit <- rlassologit(x, y, ...)
  p <- ncol(x)
  put(name, i = unname(fit$intercept), setNames(fit$beta, paste0("b", 1:p)), level = fit$lambda0)
}
logit("hdm_logit", x, b)
close(out)
