#include "engine/study/frozen_plan.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "engine/core/canonical_json.h"
#include "engine/core/error.h"
#include "engine/study/sealed_json.h"

namespace impact {
namespace {

using nlohmann::json;

const SealedKind& plan_kind() {
  static const SealedKind kind{
      "frozen plan", 1,
      "put back the file that freeze wrote (from version control); to change the plan, change the "
      "study and freeze it again, which keeps the earlier seal on record"};
  return kind;
}

// "2024-06-11T09:30:00Z", with or without a fraction of the second. Only the form is checked: the
// time itself is the caller's word.
bool is_utc_time(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00T00:00:00";
  if (text.size() <= kForm.size() || text.back() != 'Z') return false;
  for (std::size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = text[i] >= '0' && text[i] <= '9';
    if (kForm[i] == '0' ? !digit : text[i] != kForm[i]) return false;
  }
  const std::string_view rest = text.substr(kForm.size(), text.size() - kForm.size() - 1);
  if (rest.empty()) return true;
  return rest.size() > 1 && rest[0] == '.' &&
         rest.substr(1).find_first_not_of("0123456789") == std::string_view::npos;
}

void check_time(const std::string& time, std::string_view where) {
  if (is_utc_time(time)) return;
  throw DataError({.what = "a plan was sealed at a time that cannot be read",
                   .where = std::string(where),
                   .got = time,
                   .expected = "a time in UTC, for example 2024-06-11T09:30:00Z"});
}

FrozenPlan::Seal read_seal(const RecordReader& record) {
  return {record.text("plan_hash"), record.text("sealed")};
}

}  // namespace

FrozenPlan freeze_plan(json plan, std::string now, std::vector<FrozenPlan::Input> inputs,
                       const FrozenPlan* before) {
  FrozenPlan frozen;
  frozen.plan_hash = hash_json(plan);
  if (before != nullptr && before->plan_hash == frozen.plan_hash) return *before;
  frozen.plan = std::move(plan);
  frozen.sealed = std::move(now);
  frozen.inputs = std::move(inputs);
  if (before != nullptr) {
    frozen.earlier = before->earlier;
    frozen.earlier.push_back({before->plan_hash, before->sealed});
  }
  return frozen;
}

std::string frozen_plan_text(const FrozenPlan& frozen) {
  check_time(frozen.sealed, {});
  std::vector<FrozenPlan::Input> sorted = frozen.inputs;
  std::sort(sorted.begin(), sorted.end(),
            [](const FrozenPlan::Input& a, const FrozenPlan::Input& b) {
              return std::tie(a.name, a.file) < std::tie(b.name, b.file);
            });
  json inputs = json::array();
  for (const FrozenPlan::Input& input : sorted) {
    inputs.push_back({{"name", input.name},
                      {"file", input.file},
                      {"sha256", input.sha256},
                      {"bytes", input.bytes}});
  }
  json earlier = json::array();
  for (const FrozenPlan::Seal& seal : frozen.earlier) {
    check_time(seal.sealed, {});
    earlier.push_back({{"plan_hash", seal.plan_hash}, {"sealed", seal.sealed}});
  }
  return sealed_text({{"plan", frozen.plan},
                      {"plan_hash", hash_json(frozen.plan)},
                      {"sealed", frozen.sealed},
                      {"inputs", std::move(inputs)},
                      {"earlier", std::move(earlier)}},
                     plan_kind());
}

FrozenPlan read_frozen_plan(std::string_view text, std::string_view where) {
  const json content = read_sealed(text, where, plan_kind());
  const RecordReader record(content, where);
  FrozenPlan frozen;
  // A plan without nodes is none.
  (void)record.object("plan").objects("nodes");
  frozen.plan = record.any("plan");
  frozen.plan_hash = record.text("plan_hash");
  if (frozen.plan_hash != hash_json(frozen.plan)) {
    throw DataError({.what = "the hash of the frozen plan is not that of its plan",
                     .where = std::string(where),
                     .got = frozen.plan_hash,
                     .expected = hash_json(frozen.plan),
                     .hint = plan_kind().remedy});
  }
  frozen.sealed = record.text("sealed");
  check_time(frozen.sealed, where);
  for (const RecordReader& input : record.objects("inputs")) {
    frozen.inputs.push_back(
        {input.text("name"), input.text("file"), input.text("sha256"), input.count("bytes")});
  }
  for (const RecordReader& seal : record.objects("earlier")) {
    frozen.earlier.push_back(read_seal(seal));
    check_time(frozen.earlier.back().sealed, where);
  }
  return frozen;
}

}  // namespace impact
