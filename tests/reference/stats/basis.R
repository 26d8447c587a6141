# Writes basis_data.txt (points) and basis.txt (R's bases there) into this folder:
#   Rscript basis.R
# Peer: R 4.2.2, packages stats and splines.
# A line of basis.txt: case, column/row from 0, value; of basis_data.txt: name, values.
library(splines)
set.seed(20240614)
out <- file("basis.txt", "w")
cat("# Written by basis.R.\n", file = out)
data <- file("basis_data.txt", "w")
cat("# Written by basis.R.\n", file = data)
keep <- function(name, v) {
  cat(name, sprintf("%.15g", v), "\n", file = data)
  as.numeric(sprintf("%.15g", v))
}
put <- function(case, M) {
  cat(sprintf("%s %d/%d %.17g\n", case, as.vector(col(M)) - 1, as.vector(row(M)) - 1, as.vector(M)),
      file = out, sep = "")
}
both <- function(case, b) {
  put(case, unclass(b))
  put(paste0(case, "_new"), suppressWarnings(predict(b, new)))
}
x <- keep("x", round(c(rexp(20, 0.3), 2, 2, 2, 5.5, 5.5), 3))
far <- keep("far", x + 1000)
new <- keep("new", c(-1.5, min(x), 0.7, 2, 4.321, 9.9, max(x), max(x) + 2))
for (degree in c(1, 3, 6)) both(paste0("poly_", degree), poly(x, degree))
both("poly_raw", poly(x, 3, raw = TRUE))
put("poly_far", unclass(poly(far, 3)))
for (df in c(3, 5, 8)) both(paste0("bs_", df), bs(x, df = df))
both("bs_intercept", bs(x, df = 6, intercept = TRUE))
both("bs_quadratic", bs(x, knots = c(1.5, 3, 6), degree = 2))
both("bs_linear", bs(x, knots = 3, degree = 1))
both("bs_boundary", bs(x, df = 5, Boundary.knots = c(0, 12)))
for (df in c(1, 2, 4, 7)) both(paste0("ns_", df), ns(x, df = df))
both("ns_intercept", ns(x, df = 4, intercept = TRUE))
both("ns_knots", ns(x, knots = c(1.5, 3, 6)))
both("ns_boundary", ns(x, df = 4, Boundary.knots = c(1, 8)))
close(out)
close(data)
