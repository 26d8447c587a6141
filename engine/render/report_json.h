#pragma once

#include <string>
#include <string_view>

#include "engine/render/report.h"

namespace impact {

/// A report as the text of report.json, from which the same page can be drawn again:
/// html_report(read_report(report_json(r), "")) == html_report(r). Everything in Report under the
/// names of its members; what is empty is left out, one section a line. Equal reports give equal
/// bytes. A table keeps its first kMostRows rows, which is what a page shows:
/// {"columns": [{"name", "type", "levels", "cells": [...]}]}, with numbers as in results.json,
/// dates as days and timestamps as microseconds since 1970, categories as positions in "levels",
/// missing cells null. Throws DataError on text that is not UTF-8.
[[nodiscard]] std::string report_json(const Report& report);

/// Inverse of report_json, but for rows that it did not keep. Throws DataError on anything that it
/// does not write: no JSON, another version, unknown or wrongly typed members. `where` names the
/// text in messages.
[[nodiscard]] Report read_report(std::string_view text, std::string_view where);

}  // namespace impact
