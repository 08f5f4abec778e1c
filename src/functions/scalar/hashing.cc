// Digests, checksums, binary-to-text encodings and UUIDs. The only file that includes OpenSSL and xxHash.
//
// Law: functions of text work on its UTF-8 bytes; digests are lower-case hexadecimal text; decode(encode(x, f), f) = x.
#include <openssl/evp.h>
#include <xxhash.h>

#include <array>

#include "base/text.h"
#include "functions/scalar/bind.h"
#include "functions/scalar/text_builder.h"

namespace laminar::functions {
namespace {

constexpr char kHexDigits[] = "0123456789abcdef";

StringRef HexOf(KernelContext& context, std::string_view bytes) {
  return NewString(context, bytes.size() * 2, [&](char* to) {
    for (const char c : bytes) {
      *to++ = kHexDigits[static_cast<uint8_t>(c) >> 4];
      *to++ = kHexDigits[static_cast<uint8_t>(c) & 15];
    }
  });
}

int HexValue(char c) {
  if (IsDigitAscii(c)) return c - '0';
  const char lower = ToLowerAscii(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

Outcome BytesOfHex(KernelContext& context, std::string_view digits, StringRef& out) {
  if (digits.size() % 2 != 0) return Outcome::Fail(ErrorCode::kBadValue);
  bool is_fine = true;
  out = NewString(context, digits.size() / 2, [&](char* to) {
    for (size_t i = 0; i < digits.size(); i += 2) {
      const int high = HexValue(digits[i]);
      const int low = HexValue(digits[i + 1]);
      is_fine = is_fine && high >= 0 && low >= 0;
      *to++ = static_cast<char>((high & 15) << 4 | (low & 15));
    }
  });
  if (!is_fine) out = StringRef();
  return Outcome::FailIf(!is_fine, ErrorCode::kBadValue);
}

// Base64 (RFC 4648), padded.

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

StringRef Base64Of(KernelContext& context, std::string_view bytes) {
  return NewString(context, (bytes.size() + 2) / 3 * 4, [&](char* to) {
    for (size_t i = 0; i < bytes.size(); i += 3) {
      uint32_t group = 0;
      for (size_t k = 0; k < 3; ++k)
        group = group << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0);
      for (int k = 0; k < 4; ++k) to[k] = kBase64[group >> (18 - 6 * k) & 63];
      if (i + 1 >= bytes.size()) to[2] = '=';
      if (i + 2 >= bytes.size()) to[3] = '=';
      to += 4;
    }
  });
}

constexpr std::array<int8_t, 256> kBase64Values = [] {
  std::array<int8_t, 256> values{};
  values.fill(-1);
  for (size_t i = 0; i < kBase64.size(); ++i) values[static_cast<uint8_t>(kBase64[i])] = static_cast<int8_t>(i);
  return values;
}();

// White space between characters is skipped; padding may be absent.
Outcome BytesOfBase64(KernelContext& context, std::string_view text, StringRef& out) {
  TextBuilder builder;
  uint32_t group = 0;
  int bits = 0;
  size_t at = 0;
  for (; at < text.size() && text[at] != '='; ++at) {
    if (IsSpaceAscii(text[at])) continue;
    const int8_t value = kBase64Values[static_cast<uint8_t>(text[at])];
    if (value < 0) return Outcome::Fail(ErrorCode::kBadValue);
    group = (group << 6 | static_cast<uint32_t>(value)) & 0xFFFFFF;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      builder.Add(static_cast<char>(group >> bits & 0xFF));
    }
  }
  for (; at < text.size(); ++at) {
    if (text[at] != '=' && !IsSpaceAscii(text[at])) return Outcome::Fail(ErrorCode::kBadValue);
  }
  if (bits == 6) return Outcome::Fail(ErrorCode::kBadValue);
  return builder.Finish(context, out);
}

Outcome Encode(KernelContext& context, StringRef bytes, StringRef format, StringRef& out) {
  if (bytes.length > kTextBytesMax / 2) return Outcome::Fail(ErrorCode::kLimitReached);
  if (EqualsIgnoreCase(format.view(), "hex")) {
    out = HexOf(context, bytes.view());
  } else if (EqualsIgnoreCase(format.view(), "base64")) {
    out = Base64Of(context, bytes.view());
  } else {
    return Outcome::Fail(ErrorCode::kBadValue);
  }
  return {};
}
Outcome Decode(KernelContext& context, StringRef text, StringRef format, StringRef& out) {
  if (EqualsIgnoreCase(format.view(), "hex")) return BytesOfHex(context, text.view(), out);
  if (EqualsIgnoreCase(format.view(), "base64")) return BytesOfBase64(context, text.view(), out);
  return Outcome::Fail(ErrorCode::kBadValue);
}
StringRef ToBase64(KernelContext& context, StringRef bytes) { return Base64Of(context, bytes.view()); }
Outcome FromBase64(KernelContext& context, StringRef text, StringRef& out) {
  return BytesOfBase64(context, text.view(), out);
}
StringRef ToHex(KernelContext& context, StringRef bytes) { return HexOf(context, bytes.view()); }
Outcome FromHex(KernelContext& context, StringRef text, StringRef& out) {
  return BytesOfHex(context, text.view(), out);
}

Outcome GetByte(StringRef bytes, int64_t index, int64_t& out) {
  if (index < 0 || index >= bytes.length) return Outcome::Fail(ErrorCode::kOutOfRange);
  out = static_cast<uint8_t>(bytes.data()[index]);
  return {};
}

// Digests

using Digest = const EVP_MD* (*)();

Outcome DigestBytes(const EVP_MD* method, std::string_view bytes, unsigned char* digest, unsigned int* size) {
  const AllowAllocation library;  // OpenSSL keeps its state on the heap
  if (method == nullptr || EVP_Digest(bytes.data(), bytes.size(), digest, size, method, nullptr) != 1) {
    return Outcome::Fail(ErrorCode::kNotSupported);
  }
  return {};
}

template <Digest F>
Outcome HexDigest(KernelContext& context, StringRef bytes, StringRef& out) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  const Outcome outcome = DigestBytes(F(), bytes.view(), digest, &size);
  if (outcome.bits() == 0) out = HexOf(context, {reinterpret_cast<const char*>(digest), size});
  return outcome;
}

struct DigestName {
  std::string_view name;
  Digest method;
};
constexpr DigestName kDigests[] = {
    {"md5", EVP_md5},       {"sha1", EVP_sha1},     {"sha224", EVP_sha224},      {"sha256", EVP_sha256},
    {"sha384", EVP_sha384}, {"sha512", EVP_sha512}, {"blake2s", EVP_blake2s256}, {"blake2b", EVP_blake2b512}};

Outcome NamedDigest(KernelContext& context, StringRef bytes, StringRef name, StringRef& out) {
  for (const DigestName& digest : kDigests) {
    if (!EqualsIgnoreCase(name.view(), digest.name)) continue;
    unsigned char value[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    const Outcome outcome = DigestBytes(digest.method(), bytes.view(), value, &size);
    if (outcome.bits() == 0) out = context.heap->Add({reinterpret_cast<const char*>(value), size});
    return outcome;
  }
  return Outcome::Fail(ErrorCode::kBadValue);
}

// Checksums

constexpr std::array<uint32_t, 256> kCrc32 = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xEDB88320u : 0u);
    table[i] = value;
  }
  return table;
}();

int64_t Crc32(StringRef bytes) {
  uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes.view()) crc = kCrc32[(crc ^ static_cast<uint8_t>(c)) & 0xFF] ^ (crc >> 8);
  return crc ^ 0xFFFFFFFFu;
}

uint64_t XxHash(StringRef bytes) {
  const std::string_view view = bytes.view();
  return XXH64(view.data(), view.size(), 0);
}

// Random UUIDs of version 4.
void RandomUuids(KernelContext& context, Arguments, Column& out) {
  for (uint32_t row = 0; row < context.rows; ++row) {
    const uint64_t high = (context.environment->random->Next() & ~uint64_t{0xF000}) | 0x4000;
    const uint64_t low = (context.environment->random->Next() & ~(uint64_t{3} << 62)) | uint64_t{1} << 63;
    out.As<UInt128>()[row] = static_cast<UInt128>(high) << 64 | low;
  }
}

template <Digest F>
void AddDigest(expr::FunctionRegistry& registry, std::string_view name, std::string_view result) {
  Scalar(registry, name)
      .Category("hash")
      .Doc("Digest of the bytes, as hexadecimal text.")
      .Example(std::string(name) + "('abc')", result)
      .MayFail()
      .Costly()
      .Add({kText}, kText, Rows<HexDigest<F>>)
      .Add({TypeId::kBinary}, kText, Rows<HexDigest<F>>);
}

void RegisterDigests(expr::FunctionRegistry& registry) {
  AddDigest<EVP_md5>(registry, "md5", "900150983cd24fb0d6963f7d28e17f72");
  AddDigest<EVP_sha1>(registry, "sha1", "a9993e364706816aba3e25717850c26c9cd0d89d");
  AddDigest<EVP_sha224>(registry, "sha224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
  AddDigest<EVP_sha256>(registry, "sha256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  AddDigest<EVP_sha384>(
      registry, "sha384",
      "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7");
  AddDigest<EVP_sha512>(registry, "sha512",
                        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
  Scalar(registry, "digest")
      .Category("hash")
      .Doc(
          "Digest of the bytes, as bytes, by the method named md5, sha1, sha224, sha256, sha384, sha512, blake2s or "
          "blake2b.")
      .Example("encode(digest('abc', 'md5'), 'hex')", "900150983cd24fb0d6963f7d28e17f72")
      .MayFail()
      .Costly()
      .Add({kText, kText}, TypeId::kBinary, Rows<NamedDigest>)
      .Add({TypeId::kBinary, kText}, TypeId::kBinary, Rows<NamedDigest>);
}

void RegisterEncodings(expr::FunctionRegistry& registry) {
  Scalar(registry, "encode")
      .Category("encoding")
      .Doc("Bytes as text, in 'hex' or 'base64'.")
      .Example("encode('abc', 'base64')", "YWJj")
      .MayFail()
      .Costly()
      .Add({kText, kText}, kText, Rows<Encode>)
      .Add({TypeId::kBinary, kText}, kText, Rows<Encode>);
  Scalar(registry, "decode")
      .Category("encoding")
      .Doc("Bytes from text in 'hex' or 'base64'.")
      .Example("octet_length(decode('YWJj', 'base64'))", "3")
      .MayFail()
      .Costly()
      .Add({kText, kText}, TypeId::kBinary, Rows<Decode>);
  Scalar(registry, "to_base64")
      .Alias("base64")
      .Category("encoding")
      .Doc("Bytes as base64 text.")
      .Example("to_base64('abcd')", "YWJjZA==")
      .Costly()
      .Add({kText}, kText, Rows<ToBase64>)
      .Add({TypeId::kBinary}, kText, Rows<ToBase64>);
  Scalar(registry, "from_base64")
      .Category("encoding")
      .Doc("Bytes from base64 text.")
      .Example("octet_length(from_base64('YWJjZA=='))", "4")
      .MayFail()
      .Costly()
      .Add({kText}, TypeId::kBinary, Rows<FromBase64>);
  Scalar(registry, "hex")
      .Category("encoding")
      .Doc("Bytes as hexadecimal text.")
      .Example("hex('abc')", "616263")
      .Costly()
      .Add({kText}, kText, Rows<ToHex>)
      .Add({TypeId::kBinary}, kText, Rows<ToHex>);
  Scalar(registry, "from_hex")
      .Alias("unhex")
      .Category("encoding")
      .Doc("Bytes from hexadecimal text.")
      .Example("octet_length(from_hex('616263'))", "3")
      .MayFail()
      .Costly()
      .Add({kText}, TypeId::kBinary, Rows<FromHex>);
  Scalar(registry, "get_byte")
      .Category("encoding")
      .Doc("The byte at a position, counted from 0.")
      .Example("get_byte('abc', 1)", "98")
      .MayFail()
      .Add({TypeId::kBinary, kBigint}, kBigint, Dense<GetByte>)
      .Add({kText, kBigint}, kBigint, Dense<GetByte>);
}

}  // namespace

void RegisterHashing(expr::FunctionRegistry& registry) {
  RegisterDigests(registry);
  RegisterEncodings(registry);
  Scalar(registry, "crc32")
      .Category("hash")
      .Doc("CRC-32 (IEEE) of the bytes.")
      .Example("crc32('123456789')", "3421780262")
      .Costly()
      .Add({kText}, kBigint, Rows<Crc32>)
      .Add({TypeId::kBinary}, kBigint, Rows<Crc32>);
  Scalar(registry, "xxhash64")
      .Category("hash")
      .Doc("XXH64 of the bytes with seed 0.")
      .Example("xxhash64('abc')", "4952883123889572249")
      .Add({kText}, TypeId::kUInt64, Dense<XxHash>)
      .Add({TypeId::kBinary}, TypeId::kUInt64, Dense<XxHash>);
  Scalar(registry, "uuid")
      .Alias("gen_random_uuid")
      .Category("hash")
      .Doc("A random UUID (version 4).")
      .Example("length(uuid()::VARCHAR)", "36")
      .Volatile()
      .Add({}, TypeId::kUuid, RandomUuids);
}

}  // namespace laminar::functions
