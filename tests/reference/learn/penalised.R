# Writes penalised_rows.txt, penalised_wide.txt (made-up data) and penalised.txt: what glmnet says of
# them. Peer: R 4.2.2, glmnet 4.1-6. Fields "i" and "b1", "b2", ... are the intercept and the
# coefficients; a number after the case's name is the lambda's place.
suppressPackageStartupMessages(library(glmnet))
set.seed(11)
n <- 120
x <- matrix(rnorm(n * 8), n)
x[, 2] <- 0.7 * x[, 1] + 0.6 * x[, 2]
x[, 3] <- 10 + 4 * x[, 3]
x[, 4] <- as.numeric(x[, 4] > 0.3)
x[, 5] <- 0.01 * x[, 5] + 0.004 * x[, 1]
x[, 8] <- exp(x[, 8])
eta <- 0.8 * x[, 1] - 0.5 * x[, 2] + 0.1 * x[, 3] + 0.7 * x[, 4] - 1
d <- data.frame(x, g = 2 * eta + rnorm(n), b = rbinom(n, 1, plogis(eta)),
                p = rpois(n, exp(0.4 * eta)), m = NA, w = round(runif(n, 0.2, 3), 2),
                o = round(rnorm(n, 0, 0.4), 3))
for (i in 1:n) d$m[i] <- sample(0:2, 1, prob = exp(c(0, eta[i], -0.6 * eta[i] + 0.3 * x[i, 8])))
write.table(format(d, digits = 6), "penalised_rows.txt", quote = FALSE, row.names = FALSE,
            col.names = FALSE)
wide <- matrix(rnorm(40 * 60), 40)
wide <- cbind(wide, wide[, 1] * 2 - wide[, 2] + wide[, 7] + 0.5 * rnorm(40))
write.table(format(wide, digits = 5), "penalised_wide.txt", quote = FALSE, row.names = FALSE,
            col.names = FALSE)
d <- as.matrix(read.table("penalised_rows.txt"))
x <- d[, 1:8]; g <- d[, 9]; b <- d[, 10]; p <- d[, 11]; m <- d[, 12]; w <- d[, 13]; o <- d[, 14]
unit <- g / sqrt(mean((g - mean(g))^2))
wunit <- g / sqrt(weighted.mean((g - weighted.mean(g, w))^2, w))
out <- file("penalised.txt", "w")
cat("# Written by penalised.R.\n", file = out)
put <- function(case, ...) {
  v <- c(...)
  cat(sprintf("%s %s %.17g\n", case, names(v), v), file = out, sep = "")
}
tight <- function(...) glmnet(..., thresh = 1e-20, maxit = 1e8)
case <- function(name, lambda, ...) {
  fit <- tight(lambda = lambda, ...)
  for (k in seq_along(lambda)) {
    put(paste0(name, k), i = unname(fit$a0[k]), setNames(fit$beta[, k], paste0("b", 1:nrow(fit$beta))),
        ratio = fit$dev.ratio[k])
  }
  invisible(fit)
}
steps <- c(0.3, 0.05, 0.004)
f <- c(0, 2, 1, 1, 0.5, 1.5, 1, 1)
case("g_lasso", steps, x, g)
case("g_weights", steps, x, g, weights = w)
case("g_net", steps, x, unit, alpha = 0.4)
case("g_net_weights", steps, x, wunit, alpha = 0.4, weights = w)
case("g_ridge", steps, x, unit, alpha = 0)
case("g_raw", steps, x, g, standardize = FALSE)
case("g_origin", steps, x, g, intercept = FALSE)
case("g_factors", steps, x, g, penalty.factor = f)
case("g_bounds", steps, x, g, lower.limits = -0.1, upper.limits = 0.25)
case("g_offset", steps, x, g, offset = o)
case("b_lasso", c(0.1, 0.02, 0.001), x, b, family = "binomial")
case("b_net", c(0.1, 0.02, 0.001), x, b, family = "binomial", alpha = 0.3, weights = w, offset = o)
case("b_ridge", c(0.1, 0.02, 0.001), x, b, family = "binomial", alpha = 0)
case("b_factors", c(0.1, 0.02, 0.001), x, b, family = "binomial", penalty.factor = f)
case("b_bounds", c(0.1, 0.02, 0.001), x, b, family = "binomial", lower.limits = -0.2, upper.limits = 0.3)
case("p_lasso", c(0.1, 0.02, 0.001), x, p, family = "poisson")
case("p_net", c(0.1, 0.02, 0.001), x, p, family = "poisson", alpha = 0.3, weights = w, offset = o)
case("p_origin", c(0.1, 0.02, 0.001), x, p, family = "poisson", intercept = FALSE)
multi <- function(name, ...) {
  lambda <- c(0.1, 0.02, 0.002)
  fit <- tight(x, m, family = "multinomial", lambda = lambda, ...)
  for (k in 1:3) for (a in 1:3) {
    put(paste0(name, k, "_", a), i = unname(fit$a0[a, k]),
        setNames(fit$beta[[a]][, k], paste0("b", 1:8)), ratio = fit$dev.ratio[k])
  }
}
multi("m_lasso")
multi("m_net", alpha = 0.5, weights = w)
multi("m_group", type.multinomial = "grouped")
multi("m_group_net", type.multinomial = "grouped", alpha = 0.5)
grid <- function(name, ...) {
  fit <- tight(...)
  k <- length(fit$lambda)
  put(name, length = k, first = fit$lambda[1], second = fit$lambda[2], last = fit$lambda[k],
      ratio = fit$dev.ratio[k], nonzero = fit$df[20], null = fit$nulldev)
}
grid("g_grid", x, g)
grid("g_grid_factors", x, g, penalty.factor = f)
grid("b_grid", x, b, family = "binomial")
grid("p_grid", x, p, family = "poisson", weights = w)
wide <- as.matrix(read.table("penalised_wide.txt"))
case("wide", c(0.8, 0.3, 0.05), wide[, 1:60], wide[, 61])
case("wide_b", c(0.2, 0.1, 0.05), wide[, 1:60], as.numeric(wide[, 61] > 0), family = "binomial")
folds <- rep(1:5, length.out = n)
lambda <- exp(seq(log(1), log(0.002), length.out = 20))
cv <- function(name, y, ...) {
  fit <- cv.glmnet(x, y, foldid = folds, lambda = lambda, thresh = 1e-20, maxit = 1e8, ...)
  put(name, min = fit$lambda.min, se1 = fit$lambda.1se, setNames(fit$cvm, paste0("cvm", 1:20)),
      setNames(fit$cvsd, paste0("cvsd", 1:20)))
}
cv("cv_g", g)
cv("cv_g_weights", g, weights = w)
cv("cv_b", b, family = "binomial")
cv("cv_p", p, family = "poisson")
close(out)
