# Numbers of sensemakr 0.1.6, rbounds 2.2, sensitivitymv 1.4.3 and EValue 4.1.4 under R 4.2.2.
#   Rscript sensitivity.R IMPACT_DATA > sensitivity_peers.json
suppressMessages({
  library(sensemakr)
  library(rbounds)
  library(sensitivitymv)
  library(EValue)
})
data_folder <- commandArgs(TRUE)[1]
entries <- character()
put <- function(name, ...) {
  fields <- c(...)
  text <- ifelse(is.na(fields), "null", sprintf("%.17g", fields))
  entries[[length(entries) + 1]] <<- sprintf(
    "  \"%s\": {%s}", name, paste0("\"", names(fields), "\": ", text, collapse = ", "))
}

# ---- sensemakr
darfur <- read.csv(file.path(data_folder, "sensitivity/darfur.csv"))
fit <- lm(peacefactor ~ directlyharmed + age + farmer_dar + herder_dar + pastvoted +
            hhsize_darfur + female + village, data = darfur)
for (t in c(0.5, 2, 4.184449984808269, 12, 60)) for (dof in c(10, 783)) {
  name <- sprintf("rv t=%.15g dof=%d", t, dof)
  values <- c()
  for (q in c(0.5, 1, 1.5)) for (alpha in c(1, 0.05, 0.2)) {
    values[sprintf("rv_%g_%g", q, alpha)] <-
      robustness_value(t_statistic = t, dof = dof, q = q, alpha = alpha)
    values[sprintf("xrv_%g_%g", q, alpha)] <-
      extreme_robustness_value(t_statistic = t, dof = dof, q = q, alpha = alpha)
  }
  put(name, values, partial_r2 = partial_r2(t_statistic = t, dof = dof),
      partial_f2 = partial_f2(t_statistic = t, dof = dof))
}
put("darfur group", age_female = group_partial_r2(fit, covariates = c("age", "female")),
    farmers = group_partial_r2(fit, covariates = c("farmer_dar", "herder_dar", "pastvoted")))
bounds <- ovb_bounds(fit, treatment = "directlyharmed",
                     benchmark_covariates = list(both = c("age", "female"), female = "female"),
                     kd = c(1, 2), ky = c(1, 3), alpha = 0.1)
for (i in seq_len(nrow(bounds))) {
  row <- bounds[i, ]
  put(paste("darfur bound", row$bound_label), unlist(row[-(1)][, sapply(row[-1], is.numeric)]))
}
for (d in c(0, 0.05, 0.3)) for (y in c(0, 0.2, 0.9)) for (reduce in c(TRUE, FALSE)) {
  put(sprintf("adjust %g %g %s", d, y, reduce),
      estimate = adjusted_estimate(-0.7, se = 0.11, dof = 40, r2dz.x = d, r2yz.dx = y,
                                   reduce = reduce),
      se = adjusted_se(se = 0.11, dof = 40, r2dz.x = d, r2yz.dx = y),
      t = adjusted_t(-0.7, se = 0.11, dof = 40, r2dz.x = d, r2yz.dx = y, reduce = reduce,
                     h0 = -0.1),
      bias = bias(se = 0.11, dof = 40, r2dz.x = d, r2yz.dx = y),
      critical = adjusted_critical_value(d, y, dof = 40, alpha = 0.05, max = TRUE),
      critical_at = adjusted_critical_value(d, y, dof = 40, alpha = 0.05, max = FALSE))
}

# ---- rbounds
pairs <- read.csv(file.path(data_folder, "sensitivity/lead_pairs.csv"))
quiet <- function(call) { sink(tempfile()); on.exit(sink()); force(call) }
sens <- quiet(psens(pairs$treated, pairs$control, Gamma = 6, GammaInc = 0.25))
for (i in seq_len(nrow(sens$bounds)))
  put(sprintf("psens lead %g", sens$bounds[i, 1]), low = sens$bounds[i, 2],
      high = sens$bounds[i, 3])
binary <- quiet(binarysens(12, 110, Gamma = 6, GammaInc = 1))
for (i in seq_len(nrow(binary$bounds)))
  put(sprintf("binarysens 12 110 %g", binary$bounds[i, 1]), low = binary$bounds[i, 2],
      high = binary$bounds[i, 3])
fisher <- quiet(FisherSens(40, 18, 22, 15, c(1, 1.5, 2, 3)))
for (i in seq_len(nrow(fisher)))
  put(sprintf("FisherSens 40 18 22 15 %g", fisher[i, 1]), low = fisher[[i, 2]], high = fisher[[i, 3]])
mercury_tr <- rep(c(0, 1), c(16, 23))
mercury_hg <- c(5.3, 15, 11, 5.8, 17, 7, 8.5, 9.4, 7.8, 12, 8.7, 4, 3, 12.2, 6.1, 10.2, 100, 70,
                196, 69, 370, 270, 150, 60, 330, 1100, 40, 100, 70, 150, 200, 304, 236, 178, 41,
                120, 330, 62, 12.8)
q <- sort(rank(mercury_hg), decreasing = TRUE)
for (gamma in c(1, 5, 35)) {
  result <- quiet(SumTestSens(T = sum(rank(mercury_hg)[mercury_tr == 1]), q = q, n = 39, m = 23,
                              Gamma = gamma))
  put(sprintf("SumTestSens mercury %g", gamma), p = as.numeric(unlist(result))[1])
}
score <- c(-11.39, -8.45, -19.57, -8.33, 3.06, -19.93, -18.73, -11.99, -7.55, 11.94, 9.4, -25.16,
           -0.77, -10.46, -7.27, 24.03, -8.23, 2.67, -4.04, -6.67, -1.12, -14.4, -26.21, 5, -1.7,
           -15.3, -7.73, -0.87, -19.71, -12.69, -3.36, -11.21, -35.83, 5.89, -10.79, 2)
several <- quiet(mcontrol(score, rep(1:12, each = 3), rep(c(1, 0, 0), 12), group.size = 3))
for (i in seq_len(nrow(several$bounds)))
  put(sprintf("mcontrol %g", several$bounds[i, 1]), low = several$bounds[i, 2],
      high = several$bounds[i, 3])

# ---- sensitivitymv
# separable1v compares means with ==, so that rounding hides ties and the smaller variance is taken;
# p_ties is the p-value with ties found.
p_ties <- function(sets, gamma, ...) {
  scores <- mscorev(sets, ...)
  total <- c(0, 0)
  for (i in seq_len(nrow(scores))) {
    q <- sort(scores[i, ])
    moments <- sapply(seq_len(length(q) - 1), function(k) {
      w <- rep(c(1, gamma), c(length(q) - k, k))
      mean <- sum(w * q) / sum(w)
      c(mean, sum(w * (q - mean)^2) / sum(w))
    })
    tied <- moments[1, ] > max(moments[1, ]) - 1e-12
    total <- total + c(max(moments[1, ]), max(moments[2, tied]))
  }
  pnorm((sum(scores[, 1]) - total[1]) / sqrt(total[2]), lower.tail = FALSE)
}
read_sets <- function(name) as.matrix(read.csv(file.path(data_folder, "sensitivity", name)))
for (name in c("erpcp", "lead150", "lead250", "tbmetaphase", "mercury")) {
  sets <- read_sets(paste0(name, ".csv"))
  for (gamma in c(1, 2, 3)) for (trim in c(1, 2, Inf)) for (inner in c(0, 0.5)) {
    r <- senmv(sets, gamma = gamma, inner = inner, trim = trim)
    put(sprintf("senmv %s %g %g %g", name, gamma, trim, inner), p = r$pval,
        p_ties = p_ties(sets, gamma, inner = inner, trim = trim), statistic = r$statistic)
  }
}

# Sets of several sizes.
sets <- read_sets("lead150.csv")
sets[1:40, 4:6] <- NA
sets[41:60, 6] <- NA
for (gamma in c(1, 2)) {
  r <- senmv(sets, gamma = gamma, trim = 2)
  put(sprintf("senmv holes %g", gamma), p = r$pval,
      p_ties = p_ties(sets, gamma, trim = 2), statistic = r$statistic)
}

# ---- EValue
e <- function(name, m) put(name, value = m[2, 1], low = m[2, 2], high = m[2, 3])
e("RR 3.9", evalues.RR(3.9, 1.8, 8.7))
e("RR 0.8", evalues.RR(0.8, 0.71, 0.91))
e("RR 0.8 true 1.2", evalues.RR(0.8, 0.71, 0.91, true = 1.2))
e("RR 3.9 true 2", evalues.RR(3.9, 1.8, 8.7, true = 2))
e("OR 0.86 common", evalues.OR(0.86, 0.75, 0.99, rare = FALSE))
e("OR 0.86 rare", evalues.OR(0.86, 0.75, 0.99, rare = TRUE))
e("HR 0.56 common", evalues.HR(0.56, 0.46, 0.69, rare = FALSE))
e("HR 0.56 rare", evalues.HR(0.56, 0.46, 0.69, rare = TRUE))
e("MD 0.5", evalues.MD(0.5, se = 0.25))
e("MD -0.5 true 0.1", evalues.MD(-0.5, se = 0.05, true = 0.1))
sel <- function(name, ...) put(name, value = selection_evalue(RR(4), ...)[2, 1])
sel("selection general")
sel("selection selected", sel_pop = TRUE)
e("OLS", evalues.OLS(0.293, se = 0.05, sd = 1.2, delta = 2))
rd <- evalues.RD(397, 78557, 51, 108778)
put("RD smoking", value = rd$est.Evalue, low = rd$lower.Evalue)
rd <- evalues.RD(60, 40, 45, 55, true = 0.02)
put("RD sixty", value = rd$est.Evalue, low = rd$lower.Evalue)

cat("{\n", paste(entries, collapse = ",\n"), "\n}\n", sep = "")
