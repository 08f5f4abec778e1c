// The rules of linking beside the pyarrow wheel, whose libraries export OpenSSL and RE2 symbols of other versions:
// OpenSSL's own calls must resolve to libcrypto, and our RE2 must be the static one. A breach gives wrong answers
// without an error.
#include <dlfcn.h>
#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <re2/re2.h>

#include <string>

namespace arrow {
struct BuildInfo;
const BuildInfo& GetBuildInfo();  // declared here, so that the test loads Arrow without its headers
}  // namespace arrow

namespace {

std::string LibraryOf(const void* address) {
  Dl_info info{};
  REQUIRE(dladdr(address, &info) != 0);
  return info.dli_fname;
}

TEST_CASE("with Arrow loaded, OpenSSL resolves to libcrypto") {
  CHECK(LibraryOf(reinterpret_cast<const void*>(&arrow::GetBuildInfo)).find("libarrow") != std::string::npos);
  const void* digest = dlsym(RTLD_DEFAULT, "EVP_DigestInit_ex");
  REQUIRE(digest != nullptr);
  CHECK(LibraryOf(digest).find("libcrypto") != std::string::npos);
  CHECK(EVP_sha256() != nullptr);
}

TEST_CASE("with Arrow loaded, RE2 matches and is our own") {
  CHECK(&arrow::GetBuildInfo() != nullptr);
  std::string symbol;
  CHECK(RE2::FullMatch("AAPL@187.10", "([A-Z]+)@[0-9.]+", &symbol));
  CHECK(symbol == "AAPL");
  CHECK_FALSE(RE2::PartialMatch("abc", "\\d"));
  const std::string home = LibraryOf(reinterpret_cast<const void*>(&RE2::QuoteMeta));
  CHECK(home.find("libre2") == std::string::npos);
  CHECK(home.find("libarrow") == std::string::npos);
}

}  // namespace
