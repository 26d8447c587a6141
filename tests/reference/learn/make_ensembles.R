# Called by make_ensembles.py: super learners with the default NNLS weights, leaving one row out.
suppressPackageStartupMessages(library(SuperLearner))
lines <- readLines(file("stdin"))
cut <- which(lines == "")
rows <- as.matrix(read.table(text = lines[seq_len(cut - 1)]))
new <- as.data.frame(read.table(text = lines[-seq_len(cut)]))
x <- as.data.frame(rows[, 1:3])
names(x) <- names(new) <- c("a", "b", "c")
only <- function(columns) function(Y, X, newX, family, obsWeights, ...)
  SL.glm(Y, X[, columns, drop = FALSE], newX[, columns, drop = FALSE], family, obsWeights)
SL.ab <- only(c("a", "b")); SL.c <- only("c"); SL.b <- only("b")
one <- function(y, family) {
  fit <- SuperLearner(y, x, newX = new, family = family, SL.library = c("SL.ab", "SL.c", "SL.b"),
                      cvControl = list(V = nrow(x), shuffle = FALSE))
  list(weight = unname(fit$coef), risk = unname(fit$cvRisk), prediction = as.vector(fit$SL.predict),
       z = lapply(seq_len(3), function(k) unname(fit$Z[, k])))
}
text <- function(v) paste0("[", paste(sprintf("%.17g", v), collapse = ","), "]")
object <- function(r) sprintf('{"weight":%s,"risk":%s,"prediction":%s,"z":[%s]}', text(r$weight),
  text(r$risk), text(r$prediction), paste(vapply(r$z, text, ""), collapse = ","))
cat(sprintf('{"super_learner":%s,"super_learner_logistic":%s,"version":"R %s, SuperLearner %s"}',
  object(one(rows[, 4], gaussian())), object(one(rows[, 5], binomial())),
  paste(R.version$major, R.version$minor, sep = "."), packageVersion("SuperLearner")))
