#include "sql/lexer.h"

#include <doctest/doctest.h>

#include "sql/parser.h"

namespace laminar::sql {
namespace {

// The tokens by raw text, joined with blanks; the error behind them.
std::string Shape(std::string_view text) {
  const TokenList list = Tokenize(text);
  std::string out;
  for (const Token& token : list.tokens) {
    if (token.kind == TokenKind::kEnd) break;
    if (!out.empty()) out += ' ';
    out += token.kind == TokenKind::kBad ? "!" + std::string(PublicCode(list.bad.code()))
                                         : std::string(text.substr(token.offset, token.length));
  }
  return out;
}

std::string ValueOf(std::string_view text) {
  const TokenList list = Tokenize(text);
  REQUIRE(list.tokens.size() == 2);
  return TokenText(text, list.tokens[0]);
}

TEST_CASE("operators are read longest first") {
  CHECK(Shape("a->>b->c#>>d#>e") == "a ->> b -> c #>> d #> e");
  CHECK(Shape("a!~*b!~c~*d~e") == "a !~* b !~ c ~* d ~ e");
  CHECK(Shape("a::b:c:=d=>e==f") == "a :: b : c := d => e == f");
  CHECK(Shape("a<>b!=c<=d>=e<<f>>g@>h<@i") == "a <> b != c <= d >= e << f >> g @> h <@ i");
  CHECK(Shape("a||b|c&d^e%f?g") == "a || b | c & d ^ e % f ? g");
}

TEST_CASE("comments nest and are skipped everywhere") {
  CHECK(Shape("a /* b /* c */ d */ e -- f\n g") == "a e g");
  CHECK(Shape("a --") == "a");
  CHECK(Shape("a /* /* */") == "a !LDB-P003");
}

TEST_CASE("words fold to lower case and quoted words keep theirs") {
  CHECK(ValueOf("SeLeCt") == "select");
  CHECK(ValueOf("\"SeLeCt\"") == "SeLeCt");
  CHECK(ValueOf("\"a\"\"b\"") == "a\"b");
  CHECK(ValueOf("GRÖSSE") == "grÖsse");
  CHECK(Shape("\"\"") == "!LDB-P001");
  CHECK(Shape("\"abc") == "!LDB-P003");
}

TEST_CASE("strings come in three spellings") {
  CHECK(ValueOf("'it''s'") == "it's");
  CHECK(ValueOf(R"(E'a\n\t\\\'\x41\u00e9\U0001F600')") == "a\n\t\\'A\u00e9\U0001F600");
  CHECK(ValueOf("$$a'b$$") == "a'b");
  CHECK(ValueOf("$q$a$$b$q$") == "a$$b");
  CHECK(ValueOf(R"('\n')") == "\\n");
  CHECK(Shape("'abc") == "!LDB-P003");
  CHECK(Shape("$q$abc$$") == "!LDB-P003");
  CHECK(Shape(R"(E'\q')") == "!LDB-P004");
  CHECK(Shape(R"(E'\u00')") == "!LDB-P004");
  CHECK(Shape(R"(E'\xff')") == "!LDB-P004");
  CHECK(Shape(R"(E'\u0000')") == "!LDB-P004");
}

TEST_CASE("numbers take underscores, radix marks, fractions and exponents") {
  CHECK(Shape("1 1_000 0xFf 0b101 0o17 1.5 .5 5. 1e9 1.5E-3 1e+2") ==
        "1 1_000 0xFf 0b101 0o17 1.5 .5 5. 1e9 1.5E-3 1e+2");
  CHECK(Shape("1__0") == "!LDB-P004");
  CHECK(Shape("1_") == "!LDB-P004");
  CHECK(Shape("0x") == "!LDB-P004");
  CHECK(Shape("0b12") == "!LDB-P004");
  CHECK(Shape("15s") == "15 s");  // SAMPLE BY 15s: the parser decides
}

TEST_CASE("parameters, and a dollar that is none") {
  CHECK(Shape("$1 $23 ?") == "$1 $23 ?");
  CHECK(Shape("$") == "!LDB-P001");
  CHECK(Shape("$abc") == "!LDB-P001");
}

TEST_CASE("bytes that are no text are an error where they stand") {
  CHECK(Shape("a \xff b") == "a !LDB-P001");
  CHECK(Shape(std::string_view("a \0 b", 5)) == "a !LDB-P001");
  CHECK(Shape("'abc\xc0\x80'") == "!LDB-P001");
  CHECK(Shape("\xed\xa0\x80") == "!LDB-P001");      // a surrogate
  CHECK(Shape("\xf4\x90\x80\x80") == "!LDB-P001");  // beyond Unicode
  CHECK(Shape("a \xe2\x80\x98x") == "a !LDB-P001");  // a typographic quote
  const TokenList list = Tokenize("select\n  \x80");
  CHECK(list.bad.position().line == 2);
  CHECK(list.bad.position().column == 3);
  CHECK(list.bad.position().offset == 9);
}

TEST_CASE("a byte order mark and no-break spaces are blanks") {
  CHECK(Shape("\xEF\xBB\xBF" "a\xC2\xA0+\xC2\xA0 b") == "a + b");
}

TEST_CASE("positions count lines and bytes from one") {
  const TokenList list = Tokenize("a\n  'x\ny' b");
  REQUIRE(list.tokens.size() == 4);
  CHECK(list.tokens[1].line == 2);
  CHECK(list.tokens[1].column == 3);
  CHECK(list.tokens[2].line == 3);
  CHECK(list.tokens[2].column == 4);
  CHECK(list.tokens[2].offset == 10);
}

TEST_CASE("parentheses know their partner") {
  const TokenList list = Tokenize("(a(b))(");
  CHECK(list.tokens[0].match == 5);
  CHECK(list.tokens[2].match == 4);
  CHECK(list.tokens[6].match == 0);
}

TEST_CASE("a text is complete when it ends with a semicolon outside of strings and comments") {
  CHECK(IsComplete("SELECT 1;"));
  CHECK(IsComplete("SELECT 1; -- done\n"));
  CHECK(IsComplete("SELECT 1; /* done */ "));
  CHECK_FALSE(IsComplete("SELECT 1"));
  CHECK_FALSE(IsComplete("SELECT ';"));
  CHECK_FALSE(IsComplete("SELECT ';' -- ;"));
  CHECK_FALSE(IsComplete("SELECT 1 /* ;"));
  CHECK_FALSE(IsComplete("SELECT $$;"));
  CHECK_FALSE(IsComplete(""));
  CHECK_FALSE(IsComplete("  -- nothing\n"));
  CHECK(IsComplete(";"));
  CHECK(IsComplete("SELECT `a`"));  // the error shows
}

}  // namespace
}  // namespace laminar::sql
