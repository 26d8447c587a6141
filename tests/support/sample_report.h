#pragma once

#include "engine/render/report.h"

namespace impact {

/// A report with every kind of section and with texts that would break a careless page: invented
/// numbers, for tests of what a reader sees.
[[nodiscard]] Report sample_report();

}  // namespace impact
