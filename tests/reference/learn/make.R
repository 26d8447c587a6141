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
close(out)
