-- The library `causal`: methods that answer an inquiry from data nobody randomised.
local internal = ...

internal.value("causal", "library",
  "Estimators of average effects: S:estimator \"name\" (causal.aipw { ... }) { answers = ... }.")
internal.names.causal = internal.read_only("causal", internal.causal)
