# Writes regression_data.txt (an invented sample) and regression.txt (what the peers say of it) into
# this folder:   Rscript regression.R
# Peers: R 4.2.2 with stats, sandwich 3.0-2, MASS 7.3-58, nnet 7.3-18, quantreg 5.94.
# Where a peer stops before the last digits, its own estimating equations are iterated further here.
# A line of regression.txt: case, field, value; of regression_data.txt: name, values.
# With a folder of data in IMPACT_DATA the cases "claims" are written too.
suppressMessages({library(sandwich); library(MASS); library(nnet); library(quantreg)})
set.seed(20240613)
out <- file("regression.txt", "w")
cat("# Written by regression.R.\n", file = out)
put <- function(case, ...) {
  v <- c(...)
  cat(sprintf("%s %s %.17g\n", case, names(v), v), file = out, sep = "")
}
data <- file("regression_data.txt", "w")
cat("# Written by regression.R.\n", file = data)
keep <- function(name, v) {
  cat(name, sprintf("%.15g", v), "\n", file = data)
  as.numeric(sprintf("%.15g", v))
}
n <- 160
x <- keep("x", round(rnorm(n, 3, 2), 4))
v <- keep("v", round(rexp(n, 1 / 5000), 1))                      # another scale altogether
d <- keep("d", rbinom(n, 1, 0.4))
g <- keep("g", rep(0:19, each = 8))                              # clusters
w <- keep("w", round(runif(n, 0.3, 3), 2))
f <- keep("f", sample(1:4, n, TRUE))                             # whole weights
e <- keep("e", round(rexp(n, 1 / 3) + 0.2, 3))                   # exposure
o <- keep("o", round(rnorm(n, 0, 0.3), 3))
eta <- -1 + 0.5 * x - 0.0001 * v + 0.8 * d + rep(rnorm(20, 0, 0.4), each = 8)
b <- keep("b", rbinom(n, 1, plogis(eta)))
s <- keep("s", round(plogis(eta + rnorm(n)), 3))                 # shares
cnt <- keep("cnt", rpois(n, e * exp(0.3 * eta)))
nb <- keep("nb", rnbinom(n, mu = exp(0.6 + 0.4 * eta), size = 1.3))

tight <- glm.control(epsilon = 1e-16, maxit = 200)
# IRLS stops when the deviance no longer changes, and its weights are those of the step before: some
# further steps with the score, and a fit that starts there.
polish <- function(m) {
  again <- m$call
  X <- model.matrix(m); y <- m$y; pw <- m$prior.weights; off <- if (is.null(m$offset)) 0 else m$offset
  for (i in 1:5) {
    et <- drop(X %*% coef(m)) + off; mu <- m$family$linkinv(et); dm <- m$family$mu.eta(et)
    u <- qr(sqrt(pw * dm^2 / m$family$variance(mu)) * X)
    m$coefficients <- coef(m) + qr.coef(u, sqrt(pw / m$family$variance(mu)) * (y - mu))
  }
  again$start <- coef(m)
  eval(again, globalenv())
}
terms <- c("one", "x", "v", "d")
row <- function(case, m, V) {
  put(case, setNames(coef(m), terms), setNames(sqrt(diag(V)), paste0("se_", terms)),
      cov_xd = V[2, 4])
}
whole <- function(case, m) {
  put(case, loglik = as.numeric(logLik(m)), deviance = deviance(m), null_deviance = m$null.deviance,
      aic = AIC(m), bic = BIC(m))
}
frame <- data.frame(x, v, d)
for (case in list(list("logistic", binomial(), b), list("probit", binomial("probit"), b),
                  list("poisson", poisson(), cnt))) {
  y <- case[[3]]
  off <- if (case[[1]] == "poisson") log(e) + o else rep(0, n)
  m <- polish(glm(y ~ x + v + d + offset(off), case[[2]], frame, control = tight))
  name <- case[[1]]
  row(name, m, vcov(m)); whole(name, m)
  put(name, null = as.numeric(logLik(glm(y ~ 1 + offset(off), case[[2]], control = tight))),
      pearson = sum(residuals(m, "pearson")^2))
  for (t in c("HC0", "HC1", "HC2", "HC3")) row(paste0(name, "_", t), m, vcovHC(m, type = t))
  row(paste0(name, "_CR0"), m, vcovCL(m, cluster = g, type = "HC0", cadjust = FALSE))
  row(paste0(name, "_CR1"), m, vcovCL(m, cluster = g, type = "HC1", cadjust = TRUE))
  m <- suppressWarnings(polish(glm(y ~ x + v + d + offset(off), case[[2]], frame, weights = w,
                                   control = tight)))
  row(paste0(name, "_w"), m, vcov(m))
  row(paste0(name, "_w_HC0"), m, vcovHC(m, type = "HC0"))
  row(paste0(name, "_w_HC3"), m, vcovHC(m, type = "HC3"))
  row(paste0(name, "_w_CR1"), m, vcovCL(m, cluster = g, type = "HC1", cadjust = TRUE))
  i <- rep(1:n, f)                                               # frequency weights, written out
  yy <- y[i]; oo <- off[i]
  m <- polish(glm(yy ~ x + v + d + offset(oo), case[[2]], frame[i, ], control = tight))
  row(paste0(name, "_f"), m, vcov(m)); whole(paste0(name, "_f"), m)
  row(paste0(name, "_f_HC3"), m, vcovHC(m, type = "HC3"))
  row(paste0(name, "_f_HC1"), m, vcovHC(m, type = "HC1"))
}
m <- suppressWarnings(polish(glm(s ~ x + v + d, binomial(), frame, control = tight)))
row("shares", m, vcovHC(m, type = "HC0"))
m <- polish(glm(b ~ 0 + x + v + d, binomial(), frame, control = tight))
put("no_intercept", setNames(coef(m), terms[-1]), null_deviance = m$null.deviance)

# Negative binomial: glm.nb stops at 1e-8; theta.ml and glm in turn until nothing moves ------------
nbfit <- function(y, X, pw, off) {
  m <- glm.nb(y ~ 0 + X + offset(off), weights = pw)
  th <- m$theta; bt <- coef(m)
  for (i in 1:60) {
    m <- glm(y ~ 0 + X + offset(off), negative.binomial(th), weights = pw, start = bt,
             control = tight)
    bt <- coef(m); mu <- fitted(m)
    g <- function(t) sum(pw * (digamma(y + t) - digamma(t) - log1p(mu / t) + (mu - y) / (mu + t)))
    h <- function(t) sum(pw * (trigamma(y + t) - trigamma(t) + mu / t / (mu + t) +
      (y - mu) / (mu + t)^2))
    for (k in 1:5) th <- th - g(th) / h(th)
  }
  w <- pw * mu * th / (mu + th)
  list(beta = bt, theta = th, theta_se = 1 / sqrt(-h(th)), mu = mu,
       V = chol2inv(qr.R(qr(sqrt(w) * X))), X = X,
       loglik = sum(pw * dnbinom(y, mu = mu, size = th, log = TRUE)))
}
X <- cbind(1, x, v, d); one <- rep(1, n)
for (case in c("nb", "nb_w")) {
  pw <- if (case == "nb") one else w
  m <- nbfit(nb, X, pw, log(e) * 0)
  put(case, setNames(m$beta, terms), setNames(sqrt(diag(m$V)), paste0("se_", terms)),
      theta = m$theta, theta_se = m$theta_se, loglik = m$loglik)
  sc <- X * (pw * (nb - m$mu) * m$theta / (m$mu + m$theta))
  put(case, setNames(sqrt(diag(m$V %*% crossprod(sc) %*% m$V)), paste0("hc0_", terms)))
}
put("nb", null = nbfit(nb, cbind(one), one, 0 * e)$loglik,
    aic = AIC(glm.nb(nb ~ x + v + d, control = glm.control(1e-14, 500))),
    deviance = deviance(glm.nb(nb ~ x + v + d, control = glm.control(1e-14, 500))))
m <- nbfit(nb, X, one, log(e) + o)
put("nb_offset", setNames(m$beta, terms), theta = m$theta)

# Multinomial logit: multinom stops at 1e-8; Newton steps from there ------------------------------
u <- cbind(0, 0.4 * x - 1, 0.5 - 0.0002 * v + 0.7 * d) - log(-log(matrix(runif(3 * n), n)))
lev <- keep("lev", max.col(u) - 1)
for (case in c("multi", "multi_w", "multi_f")) {
  pw <- switch(case, multi = rep(1, n), multi_w = w, multi_f = f)
  m <- multinom(factor(lev) ~ x + v + d, weights = pw, trace = FALSE, maxit = 1000, reltol = 1e-14)
  B <- t(coef(m))
  for (i in 1:8) {
    E <- exp(X %*% B); P <- E / (1 + rowSums(E))
    Y <- cbind(lev == 1, lev == 2)
    U <- cbind(X * (Y[, 1] - P[, 1]), X * (Y[, 2] - P[, 2]))
    H <- matrix(0, 8, 8)
    for (a in 1:2) for (c in 1:2)
      H[4 * a - 3:0, 4 * c - 3:0] <- t(X) %*% (X * (pw * P[, a] * ((a == c) - P[, c])))
    D <- diag(1 / sqrt(diag(H)))
    V <- D %*% solve(D %*% H %*% D) %*% D
    B <- B + matrix(V %*% colSums(U * pw), 4)
  }
  stopifnot(max(abs(B / t(coef(m)) - 1)) < 1e-2)
  nm <- c(paste0("1:", terms), paste0("2:", terms))
  put(case, setNames(c(B), nm), setNames(sqrt(diag(V)), paste0("se_", nm)), cov = V[2, 7],
      loglik = sum(pw * log(cbind(1 - rowSums(P), P)[cbind(1:n, lev + 1)])))
  W <- if (case == "multi_f") sqrt(pw) else pw
  put(case, setNames(sqrt(diag(V %*% crossprod(U * W) %*% V)), paste0("hc0_", nm)))
  G <- rowsum(U * pw, g); N <- if (case == "multi_f") sum(pw) else n
  put(case, setNames(sqrt(diag(V %*% crossprod(G) %*% V) * 20 / 19 * (N - 1) / (N - 8)),
                     paste0("cr1_", nm)))
}

# Marginal effects: their definition, differentiated numerically with respect to the coefficients --
slope <- function(fun, at, h) {                       # fourth order
  sapply(seq_along(at), function(j) {
    f <- function(s) { at[j] <- at[j] + s * h[j]; fun(at) }
    (8 * (f(1) - f(-1)) - (f(2) - f(-2))) / (12 * h[j])
  })
}
effects <- function(m, pw, means) {
  X <- model.matrix(m); off <- if (is.null(m$offset)) rep(0, nrow(X)) else m$offset
  if (means) { X <- t(colSums(X * pw) / sum(pw)); off <- sum(off * pw) / sum(pw); pw <- 1 }
  inv <- m$family$linkinv; dm <- m$family$mu.eta
  av <- function(z) sum(z * pw) / sum(pw)
  fun <- list(x = function(b) av(dm(drop(X %*% b) + off) * b[2]),
              v = function(b) av(dm(drop(X %*% b) + off) * b[3]),
              d = function(b) { X1 <- X0 <- X; X1[, 4] <- 1; X0[, 4] <- 0
                av(inv(drop(X1 %*% b) + off) - inv(drop(X0 %*% b) + off)) })
  sapply(fun, function(f) {
    g <- slope(f, coef(m), 0.02 * sqrt(diag(vcov(m))))
    c(f(coef(m)), sqrt(drop(g %*% vcov(m) %*% g)))
  })
}
for (case in list(list("logistic", binomial(), b), list("probit", binomial("probit"), b),
                  list("poisson", poisson(), cnt))) {
  y <- case[[3]]
  off <- if (case[[1]] == "poisson") log(e) + o else rep(0, n)
  for (weighted in c(FALSE, TRUE)) {
    pw <- if (weighted) w else rep(1, n)
    m <- suppressWarnings(polish(glm(y ~ x + v + d + offset(off), case[[2]], frame, weights = pw,
                                     control = tight)))
    for (means in c(FALSE, TRUE)) {
      r <- effects(m, pw, means)
      put(paste0(case[[1]], if (weighted) "_w", if (means) "_mem" else "_ame"),
          setNames(r[1, ], colnames(r)), setNames(r[2, ], paste0("se_", colnames(r))))
    }
  }
  m <- polish(glm(y ~ x + v + d + offset(off), case[[2]], frame, control = tight))
  p <- predict(m, data.frame(x = c(-1, 4), v = c(100, 9000), d = 0:1, off = 0), se.fit = TRUE)
  q <- predict(m, data.frame(x = c(-1, 4), v = c(100, 9000), d = 0:1, off = 0), se.fit = TRUE,
               type = "response")
  put(paste0(case[[1]], "_pred"), eta = p$fit, se = p$se.fit, mean = q$fit, mean_se = q$se.fit,
      low = m$family$linkinv(p$fit - qnorm(0.975) * p$se.fit),
      high = m$family$linkinv(p$fit + qnorm(0.975) * p$se.fit))
  # Wald and likelihood-ratio tests
  R <- rbind(c(0, 1, 0, -0.5), c(0, 0, 1, 0)); rr <- c(0.1, 0)
  u <- R %*% coef(m) - rr
  st <- drop(t(u) %*% solve(R %*% vcov(m) %*% t(R), u))
  put(paste0(case[[1]], "_wald"), chi2 = st, p = pchisq(st, 2, lower = FALSE),
      pf = pf(st / 2, 2, 156, lower = FALSE))
  m0 <- glm(y ~ x + offset(off), case[[2]], frame, control = tight)
  a <- anova(m0, m, test = "LRT")
  put(paste0(case[[1]], "_lr"), chi2 = a$Deviance[2], p = a$`Pr(>Chi)`[2])
}

# Quantile regression: summary.rq keeps 1.5e-8 away from the densities' poles; here its formulas
# without that, checked against it -----------------------------------------------------------------
qy <- keep("qy", round(2 + 0.5 * x - 0.0003 * v + d + (0.5 + 0.2 * abs(x)) * rt(n, 4), 4))
fr <- data.frame(qy, x, v, d)
sandwich_of <- function(f, X, tau) {
  H <- chol2inv(qr.R(qr(sqrt(f) * X))); tau * (1 - tau) * H %*% crossprod(X) %*% H
}
for (tau in c(0.1, 0.5, 0.75)) {
  m <- rq(qy ~ x + v + d, tau = tau, data = fr, method = "br")
  case <- paste0("rq", tau)
  rho <- function(e) sum(e * (tau - (e < 0)))
  put(case, setNames(coef(m), terms), objective = rho(resid(m)))
  hs <- bandwidth.rq(tau, n); while (tau - hs < 0 || tau + hs > 1) hs <- hs / 2
  bw <- function(t) coef(rq(qy ~ x + v + d, tau = t, data = fr, method = "br"))
  dy <- drop(X %*% (bw(tau + hs) - bw(tau - hs)))
  V <- list(nid = sandwich_of(pmax(0, 2 * hs / dy), X, tau))
  u <- resid(m)
  hk <- (qnorm(tau + hs) - qnorm(tau - hs)) *
    min(sd(u), diff(unname(quantile(u, c(0.25, 0.75)))) / 1.34)
  V$ker <- sandwich_of(dnorm(u / hk) / hk, X, tau)
  V$iid <- summary(m, se = "iid", covariance = TRUE)$cov
  for (se in names(V)) {
    peer <- summary(m, se = se, covariance = TRUE)$cov
    stopifnot(max(abs(peer / V[[se]] - 1)) < 1e-5)
    put(paste0(case, "_", se), setNames(sqrt(diag(V[[se]])), terms))
  }
  mw <- rq(qy ~ x + v + d, tau = tau, data = fr, weights = w, method = "br")
  put(paste0(case, "_w"), setNames(coef(mw), terms))
}
t <- rq(cnt ~ x + d, tau = 0.6, method = "br")                   # ties
put("rq_ties", objective = sum(resid(t) * (0.6 - (resid(t) < 0))))

# The rows of a real table -------------------------------------------------------------------------
claims <- file.path(Sys.getenv("IMPACT_DATA"), "tiktok_claims", "tiktok_dataset.csv")
if (file.exists(claims)) {
  t <- read.csv(claims, na.strings = ""); t <- t[complete.cases(t), ]
  for (c in grep("video_.*count", names(t))) t[[c]] <- as.numeric(t[[c]])
  t$y <- as.numeric(t$verified_status == "verified")
  t$opinion <- as.numeric(t$claim_status == "opinion")
  t$banned <- as.numeric(t$author_ban_status == "banned")
  t$review <- as.numeric(t$author_ban_status == "under review")
  m <- polish(glm(y ~ video_duration_sec + video_view_count + video_share_count +
    video_download_count + video_comment_count + opinion + banned + review, binomial(), t,
    control = tight))
  n1 <- c("one", "duration", "views", "shares", "downloads", "comments", "opinion", "banned", "review")
  X <- model.matrix(m); u <- qr(sqrt(m$weights) * X); R <- qr.R(u)     # vcovHC wants 14 GB here
  B <- chol2inv(R)[order(u$pivot), order(u$pivot)]
  h <- rowSums(qr.Q(u)^2); sc <- X * (m$y - fitted(m))
  for (case in c("claims", "claims_HC1", "claims_HC3")) {
    V <- switch(case, claims = B, claims_HC1 = B %*% crossprod(sc) %*% B * nrow(X) / (nrow(X) - 9),
                claims_HC3 = B %*% crossprod(sc / (1 - h)) %*% B)
    put(case, setNames(coef(m), n1), setNames(sqrt(diag(V)), paste0("se_", n1)))
  }
  put("claims", n = nrow(t), loglik = as.numeric(logLik(m)))
}
close(out)
