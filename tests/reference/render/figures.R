# Writes figures.txt, what R says about a few invented samples, into this folder:
#   Rscript figures.R
# Peer: R 4.2.2, packages base, stats and graphics only. Density is the sum of the definition at a
# few places (density() itself interpolates a binned approximation, whose distance is written too);
# loess is the weighted regression of the definition, for its errors; what loess() says stands beside.
# A line: case, then numbers. `data` lines hold the samples.
set.seed(20241121)
out <- file("figures.txt", "w")
put <- function(case, v) cat(case, sprintf("%.17g", v), "\n", file = out)
cat("# Written by figures.R.\n", file = out)

s <- sort(round(exp(rnorm(80, 2, 0.8)), 4))
b <- sort(round(c(rnorm(150, 0, 1), rnorm(90, 5, 0.5)), 4))
put("data:skewed", s)
put("data:bimodal", b)

# Sheather & Jones (1991), eq. 12, over all pairs; bw.SJ() rounds places to 1,000 cells first.
sheather_jones <- function(v) {
  n <- length(v)
  scale <- min(sd(v), IQR(v) / 1.349)
  distance <- outer(v, v, "-")
  phi4 <- function(h) {
    u <- (distance / h)^2
    sum(exp(-u / 2) * (u^2 - 6 * u + 3)) / (n * (n - 1) * h^5 * sqrt(2 * pi))
  }
  phi6 <- function(h) {
    u <- (distance / h)^2
    sum(exp(-u / 2) * (u^3 - 15 * u^2 + 45 * u - 15)) / (n * (n - 1) * h^7 * sqrt(2 * pi))
  }
  ratio <- phi4(1.24 * scale * n^(-1 / 7)) / -phi6(1.23 * scale * n^(-1 / 9))
  alpha <- 1.357 * ratio^(1 / 7)
  excess <- function(h) (1 / (2 * sqrt(pi) * n) / phi4(alpha * h^(5 / 7)))^0.2 - h
  uniroot(excess, c(0.1, 2) * 1.144 * scale * n^(-0.2), tol = 1e-14)$root
}

for (name in c("skewed", "bimodal")) {
  v <- if (name == "skewed") s else b
  n <- length(v)
  put(paste0("nrd0:", name), bw.nrd0(v))
  put(paste0("nrd:", name), bw.nrd(v))
  put(paste0("sj:", name), sheather_jones(v))
  put(paste0("sj_R:", name), bw.SJ(v, method = "ste", tol = 1e-13))
  at <- seq(min(v), max(v), length.out = 9)
  h <- bw.nrd0(v)
  put(paste0("at:", name), at)
  put(paste0("density:", name), sapply(at, function(x) mean(dnorm((x - v) / h)) / h))
  d <- density(v, bw = h, n = 2048)
  put(paste0("density_R:", name), approx(d$x, d$y, at)$y)
  put(paste0("fd:", name), 2 * IQR(v) / n^(1 / 3))
  put(paste0("scott:", name), 3.49 * sd(v) * n^(-1 / 3))
  put(paste0("sturges:", name), nclass.Sturges(v))
  put(paste0("hist:", name), hist(v, breaks = seq(min(v), max(v), length.out = 13), right = FALSE,
    include.lowest = TRUE, plot = FALSE)$counts)
  put(paste0("quantile:", name), quantile(v, c(0.25, 0.5, 0.75), type = 7))
  k <- boxplot.stats(v)
  iqr <- IQR(v)
  inside <- v[v >= quantile(v, 0.25) - 1.5 * iqr & v <= quantile(v, 0.75) + 1.5 * iqr]
  put(paste0("whiskers:", name), range(inside))
  put(paste0("outliers:", name), c(sum(!(v %in% inside)), length(k$out)))
  put(paste0("qq:", name), qnorm(ppoints(n)))
  q <- quantile(v, c(0.25, 0.75), type = 7)
  slope <- diff(q) / diff(qnorm(c(0.25, 0.75)))
  put(paste0("qqline:", name), c(q[1] - slope * qnorm(0.25), slope))
  put(paste0("ecdf:", name), ecdf(v)(at))
}
put("qq10", qnorm(ppoints(7)))

x <- sort(round(runif(60, 0, 10), 3))
y <- round(sin(x) + rnorm(60, 0, 0.3), 4)
put("data:x", x)
put("data:y", y)
at <- c(min(x), 2.5, 5, 7.7, max(x))
put("smooth:at", at)
line <- predict(lm(y ~ x), data.frame(x = at), se.fit = TRUE)
put("line:fit", line$fit)
put("line:se", line$se.fit)
put("line:sd", line$residual.scale)
local_weights <- function(p, span, degree) {
  q <- floor(length(x) * span + 1e-5)
  d <- abs(x - p)
  h <- sort(d)[min(q, length(x))]
  w <- ifelse(d < h, (1 - (d / h)^3)^3, 0)
  X <- outer(x - p, 0:degree, "^")
  drop(c(1, rep(0, degree)) %*% solve(t(X) %*% (w * X), t(X * w)))
}
for (case in list(c(0.75, 2), c(0.5, 1), c(1, 2))) {
  name <- paste0("loess:", case[1], ":", case[2])
  L <- t(sapply(x, local_weights, case[1], case[2]))
  delta <- sum(diag((diag(60) - L) %*% t(diag(60) - L)))
  sd <- sqrt(sum((y - L %*% y)^2) / delta)
  l <- t(sapply(at, local_weights, case[1], case[2]))
  put(paste0(name, ":fit"), l %*% y)
  put(paste0(name, ":se"), sd * sqrt(rowSums(l^2)))
  put(paste0(name, ":df"), delta)
  r <- loess(y ~ x, span = case[1], degree = case[2],
    control = loess.control(surface = "direct", statistics = "exact"))
  put(paste0(name, ":R"), predict(r, at))
}
g <- round(c(12.1, 9.7, 15.3, 11.8, 10.4, 30.2, 8.8, 13.6, 12.9, 14.4, 9.1, 11.2), 2)
put("data:means", g)
put("t_interval", c(mean(g), t.test(g)$conf.int))
n <- length(g)
j <- qbinom(0.025, n, 0.5)
if (pbinom(j, n, 0.5) <= 0.025) j <- j + 1
put("median_interval", c(median(g), sort(g)[j], sort(g)[n + 1 - j]))
put("spearman", cor(x, y, method = "spearman"))
close(out)
