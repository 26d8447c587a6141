# Writes proc.txt: what R's pROC says of rows.txt (see make.py). Peer: R 4.2.2, pROC 1.18.0.
suppressPackageStartupMessages(library(pROC))
d <- read.table("rows.txt", col.names = c("a", "b", "p", "y", "w"))
out <- file("proc.txt", "w")
cat("# Written by make.R.\n", file = out)
put <- function(case, ...) {
  v <- c(...)
  cat(sprintf("%s %s %.17g\n", case, names(v), v), file = out, sep = "")
}
of <- function(rows, column) roc(d$y[rows], d[rows, column], direction = "<", quiet = TRUE)
all <- seq_len(nrow(d))
for (column in c("a", "b")) {
  r <- of(all, column)
  ci <- ci.auc(r, method = "delong")
  put(column, auc = as.numeric(auc(r)), se = sqrt(var(r, method = "delong")), low = ci[1],
      high = ci[3])
}
paired <- roc.test(of(all, "a"), of(all, "b"), method = "delong", paired = TRUE)
put("paired", z = unname(paired$statistic), p = paired$p.value)
apart <- roc.test(of(1:70, "a"), of(71:160, "b"), method = "delong", paired = FALSE)
put("apart", t = unname(apart$statistic), df = unname(apart$parameter), p = apart$p.value)
best <- coords(of(all, "a"), "best", best.method = "youden", ret = c("youden", "threshold"))
put("youden", j = best$youden[1] - 1, threshold = best$threshold[1])  # halfway between scores

# Errors of kappa as Fleiss, Cohen & Everitt (1969) write them, and of MCC and F2 from numerical
# derivatives of the four shares.
t <- table(factor(as.numeric(d$a >= 0.7), 1:0), factor(d$y, 1:0)) / nrow(d)
r <- rowSums(t); c <- colSums(t); po <- sum(diag(t)); pe <- sum(r * c)
one <- sum(diag(t) * ((1 - pe) - (r + c) * (1 - po))^2)
two <- (1 - po)^2 * (t[1, 2] * (c[1] + r[2])^2 + t[2, 1] * (c[2] + r[1])^2)
put("kappa", se = unname(sqrt((one + two - (po * pe - 2 * pe + po)^2) / nrow(d)) / (1 - pe)^2))
delta <- function(f) {
  p <- c(t[1, 1], t[1, 2], t[2, 2], t[2, 1])   # TP, FP, TN, FN
  g <- sapply(1:4, function(i) {
    slope <- function(h) { e <- replace(numeric(4), i, h); (f(p + e) - f(p - e)) / (2 * h) }
    (4 * slope(5e-4) - slope(1e-3)) / 3
  })
  sqrt((sum(p * g^2) - sum(p * g)^2) / nrow(d))
}
put("mcc", se = delta(function(p) (p[1] * p[3] - p[2] * p[4]) /
  sqrt((p[1] + p[2]) * (p[1] + p[4]) * (p[3] + p[2]) * (p[3] + p[4]))))
put("f_beta", se = delta(function(p) 5 * p[1] / (5 * p[1] + 4 * p[4] + p[2])))
close(out)
