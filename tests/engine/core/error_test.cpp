#include "engine/core/error.h"

#include <vector>
#include <catch2/catch.hpp>

#include "engine/core/context.h"

using impact::did_you_mean;
using impact::list_words;
using impact::nearest_word;
using Words = std::vector<std::string>;

TEST_CASE("error: the message has every part that is given, in one layout") {
  const impact::ArgumentError error({.what = "no column 'veiws' in table 'claims'",
                                     .where = "claims.csv",
                                     .got = "veiws",
                                     .expected = "video_id, views",
                                     .hint = "did you mean 'views'?"});
  CHECK(std::string(error.what()) ==
        "no column 'veiws' in table 'claims'\n"
        "  where:    claims.csv\n"
        "  got:      veiws\n"
        "  expected: video_id, views\n"
        "  hint:     did you mean 'views'?");
  CHECK(error.kind() == "argument");
  CHECK(error.info().got == "veiws");
}

TEST_CASE("error: empty parts are not printed and long ones are indented") {
  CHECK(impact::format_error({.what = "disk full"}) == "disk full");
  CHECK(impact::format_error({.what = "bad", .got = "one\ntwo"}) ==
        "bad\n  got:      one\n            two");
}

TEST_CASE("error: each kind has its stable name") {
  CHECK(impact::DataError({.what = "x"}).kind() == "data");
  CHECK(impact::IoError({.what = "x"}).kind() == "io");
  CHECK(impact::ResourceError({.what = "x"}).kind() == "resource");
  CHECK(impact::InternalError({.what = "x"}).kind() == "internal");
  CHECK(impact::Cancelled().kind() == "cancelled");
  CHECK(std::string(impact::Cancelled().what()) == "interrupted");
}

TEST_CASE("error: a copy outlives its original") {
  std::exception_ptr kept;
  try {
    throw impact::DataError({.what = "a sentence long enough to live outside the string object"});
  } catch (const impact::DataError& error) {
    kept = std::make_exception_ptr(impact::DataError(error));
  }
  CHECK_THROWS_WITH(std::rethrow_exception(kept),
                    "a sentence long enough to live outside the string object");
}

TEST_CASE("nearest word: typing mistakes") {
  const Words columns = {"video_id", "views", "likes", "author_ban_status"};
  CHECK(nearest_word("veiws", columns) == "views");
  CHECK(nearest_word("view", columns) == "views");
  CHECK(nearest_word("lkes", columns) == "likes");
  CHECK(nearest_word("author_ban_satus", columns) == "author_ban_status");
  CHECK(nearest_word("shares", columns).empty());
  CHECK(nearest_word("", columns).empty());
  CHECK(nearest_word("views", {}).empty());
}

TEST_CASE("nearest word: a third of the length at most") {
  CHECK(nearest_word("x", Words{"y", "xy"}).empty());
  CHECK(nearest_word("xs", Words{"ols"}).empty());
  CHECK(nearest_word("xls", Words{"ols"}) == "ols");        // 1 of 3
  CHECK(nearest_word("abcd", Words{"abxy"}).empty());       // 2 of 4
  CHECK(nearest_word("abcde", Words{"abcxy"}) == "abcxy");  // 2 of 5
}

TEST_CASE("nearest word: case does not count, and ties go to the earlier") {
  CHECK(nearest_word("X", Words{"y", "x"}) == "x");
  CHECK(nearest_word("VIEWS", Words{"vies", "views"}) == "views");
  CHECK(nearest_word("cat", Words{"bat", "hat"}) == "bat");
  CHECK(nearest_word("cat", Words{"", "hat", "bat"}) == "hat");
}

TEST_CASE("nearest word: letters are code points, broken text does no harm") {
  CHECK(nearest_word("größe", Words{"grösse", "grube"}) == "grösse");  // 2 of 5, bytes would be 3
  CHECK(nearest_word("日本吾", Words{"日本語"}) == "日本語");
  CHECK(nearest_word("vi\xFF"
                     "ews",
                     Words{"views"}) == "views");
  CHECK(nearest_word("views\xF0\x9F", Words{"views"}) == "views");
}

TEST_CASE("did you mean: a hint or nothing") {
  CHECK(did_you_mean("veiws", Words{"views"}) == "did you mean 'views'?");
  CHECK(did_you_mean("zzz", Words{"views"}).empty());
}

TEST_CASE("list words: cut with the full count") {
  const Words words = {"a", "b", "c"};
  CHECK(list_words(words) == "a, b, c");
  CHECK(list_words(words, 3) == "a, b, c");
  CHECK(list_words(words, 2) == "a, b, ... (3 in all)");
  CHECK(list_words(words, 0) == "... (3 in all)");
  CHECK(list_words({}).empty());
}

TEST_CASE("cancel token: throws once requested, until reset") {
  impact::CancelToken token;
  CHECK_NOTHROW(token.check());
  token.request();
  CHECK_THROWS_AS(token.check(), impact::Cancelled);
  impact::Context context;
  CHECK_NOTHROW(context.check());
  context.cancel = &token;
  CHECK_THROWS_AS(context.check(), impact::Cancelled);
  token.reset();
  CHECK_NOTHROW(context.check());
}
