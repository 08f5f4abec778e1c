#include <doctest/doctest.h>

#include "functions/scalar/call_testing.h"

namespace laminar::functions::testing {
namespace {

// Repeats a text; for inputs beyond the inline size.
std::string Many(std::string_view text, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += text;
  return out;
}

TEST_CASE("lengths count characters, bytes and bits") {
  CHECK(Call("length", {Text("")}) == "0");
  CHECK(Call("length", {Text("häuser")}) == "6");
  CHECK(Call("length", {Text("日本語")}) == "3");
  CHECK(Call("length", {Text("👍🏽")}) == "2");
  CHECK(Call("octet_length", {Text("日本語")}) == "9");
  CHECK(Call("bit_length", {Text("日")}) == "24");
  CHECK(Call("length", {Null()}) == "NULL");
  CHECK(Call("ascii", {Text("ä")}) == "228");
  CHECK(Call("ascii", {Text("")}) == "0");
  CHECK(Call("chr", {Int(228)}) == "ä");
  CHECK(Call("chr", {Int(128077)}) == "👍");
  CHECK(Call("chr", {Int(0)}) == "error LDB-R005");
  CHECK(Call("chr", {Int(0xD800)}) == "error LDB-R005");
}

TEST_CASE("case mapping is Unicode's simple one with an ASCII fast path") {
  CHECK(Call("upper", {Text("abc xyz 019 {}")}) == "ABC XYZ 019 {}");
  CHECK(Call("upper", {Text("größe")}) == "GRÖẞE");
  CHECK(Call("lower", {Text("ÅNGSTRÖM")}) == "ångström");
  CHECK(Call("lower", {Text("ΑΒΓ")}) == "αβγ");
  CHECK(Call("upper", {Text("жук")}) == "ЖУК");
  CHECK(Call("upper", {Text(Many("abcdefgh", 20))}) == Many("ABCDEFGH", 20));
  CHECK(Call("initcap", {Text("hELLO wORLD-foo bar_1baz")}) == "Hello World-Foo Bar_1baz");
  CHECK(Call("initcap", {Text("élan vital")}) == "Élan Vital");
  CHECK(Call("upper", {Null()}) == "NULL");
}

TEST_CASE("trims take blanks or a set of characters") {
  CHECK(Call("trim", {Text("  a b  ")}) == "a b");
  CHECK(Call("ltrim", {Text("  a ")}) == "a ");
  CHECK(Call("rtrim", {Text("  a ")}) == "  a");
  CHECK(Call("trim", {Text("    ")}) == "");
  CHECK(Call("btrim", {Text("xyxtrimyyx"), Text("xyz")}) == "trim");
  CHECK(Call("trim", {Text("ßäaäß"), Text("äß")}) == "a");
  CHECK(Call("rtrim", {Text("aé"), Text("\xC3")}) == "aé");
  CHECK(Call("trim", {Text("abc"), Text("")}) == "abc");
}

TEST_CASE("substrings count characters from 1, positions before the start do not exist") {
  CHECK(Call("substring", {Text("stream"), Int(2), Int(3)}) == "tre");
  CHECK(Call("substring", {Text("abc"), Int(-1), Int(3)}) == "a");
  CHECK(Call("substring", {Text("abc"), Int(0), Int(2)}) == "a");
  CHECK(Call("substring", {Text("abc"), Int(-5)}) == "abc");
  CHECK(Call("substring", {Text("abc"), Int(4)}) == "");
  CHECK(Call("substring", {Text("abc"), Int(2), Int(0)}) == "");
  CHECK(Call("substring", {Text("abc"), Int(2), Int(-1)}) == "error LDB-R005");
  CHECK(Call("substring", {Text("日本語テキスト"), Int(3), Int(2)}) == "語テ");
  CHECK(Call("substring", {Text("abc"), Int(INT64_MAX), Int(INT64_MAX)}) == "");
  CHECK(Call("substring", {Text("abc"), Int(INT64_MIN), Int(INT64_MAX)}) == "");
  CHECK(Call("substring", {Text("abc"), Int(2), Int(INT64_MAX)}) == "bc");
  CHECK(Call("left", {Text("stream"), Int(3)}) == "str");
  CHECK(Call("left", {Text("stream"), Int(-2)}) == "stre");
  CHECK(Call("left", {Text("stream"), Int(INT64_MIN)}) == "");
  CHECK(Call("right", {Text("stream"), Int(3)}) == "eam");
  CHECK(Call("right", {Text("stream"), Int(-2)}) == "ream");
  CHECK(Call("right", {Text("stream"), Int(0)}) == "");
  CHECK(Call("right", {Text("日本語"), Int(2)}) == "本語");
  CHECK(Call("overlay", {Text("Txxxxas"), Text("hom"), Int(2), Int(4)}) == "Thomas");
  CHECK(Call("overlay", {Text("日本語"), Text("x"), Int(2)}) == "日x語");
  CHECK(Call("overlay", {Text("abc"), Text("x"), Int(0)}) == "error LDB-R005");
}

TEST_CASE("padding cuts longer texts and refuses enormous ones") {
  CHECK(Call("lpad", {Text("7"), Int(3), Text("0")}) == "007");
  CHECK(Call("lpad", {Text("abcdef"), Int(3)}) == "abc");
  CHECK(Call("rpad", {Text("ä"), Int(4), Text("12")}) == "ä121");
  CHECK(Call("lpad", {Text("hi"), Int(7), Text("日本")}) == "日本日本日hi");
  CHECK(Call("lpad", {Text("a"), Int(5), Text("")}) == "a");
  CHECK(Call("lpad", {Text("a"), Int(-5)}) == "");
  CHECK(Call("lpad", {Text("a"), Int(INT64_MAX)}) == "error LDB-R017");
  CHECK(Call("rpad", {Text("a"), Int(int64_t{1} << 26), Text("日本")}) == "error LDB-R017");
  CHECK(Call("repeat", {Text("ab"), Int(3)}) == "ababab");
  CHECK(Call("repeat", {Text("ab"), Int(0)}) == "");
  CHECK(Call("repeat", {Text("ab"), Int(-4)}) == "");
  CHECK(Call("repeat", {Text("ab"), Int(INT64_MAX)}) == "error LDB-R017");
  CHECK(Call("reverse", {Text("aé日👍")}) == "👍日éa");
}

TEST_CASE("searching and splitting") {
  CHECK(Call("strpos", {Text("日本語"), Text("語")}) == "3");
  CHECK(Call("strpos", {Text("abc"), Text("")}) == "1");
  CHECK(Call("strpos", {Text("abc"), Text("x")}) == "0");
  CHECK(Call("contains", {Text("streaming"), Text("eam")}) == "true");
  CHECK(Call("starts_with", {Text("abc"), Text("")}) == "true");
  CHECK(Call("ends_with", {Text("abc"), Text("abcd")}) == "false");
  CHECK(Call("find_in_set", {Text("c"), Text("a,b,c")}) == "3");
  CHECK(Call("find_in_set", {Text(""), Text("a,,c")}) == "2");
  CHECK(Call("find_in_set", {Text("x"), Text("")}) == "0");
  CHECK(Call("replace", {Text("aaa"), Text("a"), Text("bb")}) == "bbbbbb");
  CHECK(Call("replace", {Text("abc"), Text(""), Text("x")}) == "abc");
  CHECK(Call("replace", {Text("banana"), Text("an"), Text("")}) == "ba");
  CHECK(Call("translate", {Text("12345"), Text("143"), Text("ax")}) == "a2x5");
  CHECK(Call("translate", {Text("äöü"), Text("öü"), Text("日本")}) == "ä日本");
  CHECK(Call("split_part", {Text("a.b.c"), Text("."), Int(2)}) == "b");
  CHECK(Call("split_part", {Text("a.b.c"), Text("."), Int(4)}) == "");
  CHECK(Call("split_part", {Text("a.b.c"), Text("."), Int(-3)}) == "a");
  CHECK(Call("split_part", {Text("a.b.c"), Text("."), Int(-4)}) == "");
  CHECK(Call("split_part", {Text("a.b.c"), Text("."), Int(0)}) == "error LDB-R005");
  CHECK(Call("split_part", {Text("abc"), Text(""), Int(1)}) == "abc");
  CHECK(Call("substring_index", {Text("www.example.com"), Text("."), Int(2)}) == "www.example");
  CHECK(Call("substring_index", {Text("www.example.com"), Text("."), Int(-2)}) == "example.com");
  CHECK(Call("substring_index", {Text("abc"), Text("."), Int(5)}) == "abc");
}

TEST_CASE("distances between texts") {
  CHECK(Call("levenshtein", {Text("kitten"), Text("sitting")}) == "3");
  CHECK(Call("levenshtein", {Text(""), Text("äöü")}) == "3");
  CHECK(Call("levenshtein", {Text("日本"), Text("日本")}) == "0");
  CHECK(Call("levenshtein", {Text(std::string(10'001, 'a')), Text("a")}) == "error LDB-R017");
  CHECK(Call("jaro_winkler_similarity", {Text("a"), Text("b")}) == "0.0");
  CHECK(Call("jaro_winkler_similarity", {Text("same"), Text("same")}) == "1.0");
  CHECK(Call("round", {Real(0.9444444), Int(4)}) == "0.9444");
}

TEST_CASE("concat leaves NULL out, format and printf follow their patterns") {
  CHECK(Call("concat", {Text("a"), Null(), Int(1), Bool(true)}) == "a1true");
  CHECK(Call("concat", {Null()}) == "");
  CHECK(Call("concat_ws", {Text("-"), Text("a"), Null(), Text("")}) == "a-");
  CHECK(Call("concat_ws", {Null(), Text("a")}) == "NULL");
  CHECK(Call("format", {Text("%s|%2$s|%1$s|%%"), Int(1), Text("x")}) == "1|x|1|%");
  CHECK(Call("format", {Text("%I %L"), Text("my col"), Text("it's")}) == "\"my col\" 'it''s'");
  CHECK(Call("format", {Text("%L"), Null()}) == "NULL");
  CHECK(Call("format", {Text("%I"), Null()}) == "error LDB-R012");
  CHECK(Call("format", {Text("[%-5s][%5s]"), Text("ab"), Text("cd")}) == "[ab   ][   cd]");
  CHECK(Call("format", {Text("%s")}) == "error LDB-R012");
  CHECK(Call("format", {Text("%")}) == "error LDB-R012");
  CHECK(Call("printf", {Text("%05.1f|%3d|%x|%s"), Real(2.25), Int(7), Int(255), Text("z")}) == "002.2|  7|ff|z");
  CHECK(Call("printf", {Text("%d"), Text("no")}) == "error LDB-R012");
  CHECK(Call("printf", {Text("%999999999d"), Int(1)}) == "error LDB-R012");
  CHECK(Call("quote_literal", {Text("a\\b'c")}) == "E'a\\\\b''c'");
  CHECK(Call("to_hex", {Int(-1)}) == "ffffffffffffffff");
  CHECK(Call("to_bin", {Int(5)}) == "101");
  CHECK(Call("unaccent", {Text("crème brûlée Ñandú")}) == "creme brulee Nandu");
}

TEST_CASE("ill-formed UTF-8 is walked byte by byte and never read past") {
  const std::string bad = "a\xC3";
  CHECK(Call("length", {Text(bad)}) == "2");
  CHECK(Call("upper", {Text(bad)}) == "A\xC3");
  CHECK(Call("reverse", {Text(bad)}) ==
        "\xC3"
        "a");
  Random random(3);
  for (int i = 0; i < 200; ++i) {
    std::string noise;
    for (uint64_t k = random.Below(40); k > 0; --k) noise += static_cast<char>(random.Next());
    for (const char* name : {"upper", "lower", "initcap", "reverse", "trim", "unaccent", "length", "ascii"}) {
      (void)Call(name, {Text(noise)});
    }
    (void)Call("substring", {Text(noise), Int(random.Between(-5, 30)), Int(random.Between(0, 30))});
    (void)Call("translate", {Text(noise), Text(noise.substr(0, noise.size() / 2)), Text("xyz")});
    (void)Call("levenshtein", {Text(noise), Text("abc")});
  }
}

}  // namespace
}  // namespace laminar::functions::testing
