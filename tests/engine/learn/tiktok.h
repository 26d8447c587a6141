#pragma once

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>
#include <catch2/catch.hpp>

/// Real tables in the folder IMPACT_DATA; empty, with a word, where they are not.
namespace impact::learning {

inline std::ifstream open_data(const std::string& name) {
  const char* folder = std::getenv("IMPACT_DATA");
  std::ifstream file(std::string(folder == nullptr ? "" : folder) + "/" + name);
  if (!file) WARN("not run: no " << name << " in IMPACT_DATA");
  return file;
}

/// The complete rows of tiktok_claims.
struct Claims {
  std::vector<std::int32_t> claim, verified;
  std::vector<double> duration, views, likes, shares, downloads, comments;
  std::vector<double> opinion, banned, review;
};

inline Claims read_claims() {
  Claims claims;
  std::ifstream file = open_data("tiktok_claims/tiktok_dataset.csv");
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    // The text column holds commas: four cells from the left, seven from the right.
    std::vector<std::string> right, left;
    for (int i = 0; i < 7; ++i) {
      const auto comma = line.rfind(',');
      right.push_back(line.substr(comma + 1));
      line.resize(comma);
    }
    std::istringstream rest(line);
    for (std::string cell; left.size() < 4 && std::getline(rest, cell, ',');) left.push_back(cell);
    if (right[0].empty() || left[1].empty()) continue;
    if (right[4].empty() || right[4] == "#N/A") continue;
    claims.claim.push_back(left[1] == "claim" ? 1 : 0);
    claims.verified.push_back(right[6] == "verified" ? 1 : 0);
    claims.duration.push_back(std::stod(left[3]));
    claims.views.push_back(std::stod(right[4]));
    claims.likes.push_back(std::stod(right[3]));
    claims.shares.push_back(std::stod(right[2]));
    claims.downloads.push_back(std::stod(right[1]));
    claims.comments.push_back(std::stod(right[0]));
    claims.opinion.push_back(left[1] == "opinion" ? 1.0 : 0.0);
    claims.banned.push_back(right[5] == "banned" ? 1.0 : 0.0);
    claims.review.push_back(right[5] == "under review" ? 1.0 : 0.0);
  }
  return claims;
}

/// tiktok_profiles, column by column.
struct Profiles {
  std::vector<std::string> names;
  std::vector<std::vector<double>> columns;

  [[nodiscard]] const std::vector<double>& column(const std::string& name) const {
    for (std::size_t j = 0; j < names.size(); ++j) {
      if (names[j] == name) return columns[j];
    }
    FAIL("no column " << name);
    return columns[0];
  }
};

inline Profiles read_profiles() {
  Profiles profiles;
  std::ifstream file = open_data("tiktok_profiles/tiktok_profiles.csv");
  std::string line;
  if (!std::getline(file, line)) return profiles;
  std::istringstream head(line);
  for (std::string cell; std::getline(head, cell, ',');) {
    while (!cell.empty() && cell.back() == '\r') cell.pop_back();
    profiles.names.push_back(cell);
  }
  profiles.columns.resize(profiles.names.size());
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string cell;
    for (auto& column : profiles.columns) {
      std::getline(fields, cell, ',');
      column.push_back(cell.empty() ? NAN : std::stod(cell));
    }
  }
  return profiles;
}

}  // namespace impact::learning
