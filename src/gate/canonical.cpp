#include "gate/canonical.hpp"

// The plain functions take half the time of EVP's, which allocate a state for every hash.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/canonical_json.hpp"
#include "base/decimal.hpp"
#include "base/json.hpp"

namespace colonnade::gate {
namespace {

constexpr std::size_t members_sorted_in_place_max = 16;  // of one object, without an allocation

// Most texts need no escape; telling so takes one pass without a branch.
void append_text(std::string& out, std::string_view text) {
  bool is_plain = true;
  for (const char c : text) {
    is_plain &= static_cast<signed char>(c) >= 0x20 && c != '"' && c != '\\';
  }
  if (!is_plain) return base::append_json_string(out, text);
  out.push_back('"');
  out.append(text);
  out.push_back('"');
}

void append_number(std::string& out, double number) {
  const base::Decimal decimal = base::shortest_decimal(number);
  if (decimal.digits == "0") {
    out.push_back('0');
    return;
  }
  base::append_fixed(out, decimal);
}

void append_sorted(std::string& out, const Value::Member** begin, const Value::Member** end) {
  std::sort(begin, end, [](const auto* a, const auto* b) { return a->key < b->key; });
  out.push_back('{');
  for (const auto** member = begin; member != end; ++member) {
    if (member != begin) out.push_back(',');
    append_text(out, (*member)->key);
    out.push_back(':');
    append_canonical(out, (*member)->value);
  }
  out.push_back('}');
}

void append_object(std::string& out, const Value::Object& members) {
  if (members.size() <= members_sorted_in_place_max) {
    std::array<const Value::Member*, members_sorted_in_place_max> sorted{};
    for (std::size_t i = 0; i < members.size(); ++i) sorted[i] = &members[i];
    append_sorted(out, sorted.data(), sorted.data() + members.size());
    return;
  }
  std::vector<const Value::Member*> sorted;
  sorted.reserve(members.size());
  for (const auto& member : members) sorted.push_back(&member);
  append_sorted(out, sorted.data(), sorted.data() + sorted.size());
}

}  // namespace

void append_canonical(std::string& out, const Value& value) {
  if (const auto* text = value.text()) {
    append_text(out, *text);
  } else if (const auto* integer = value.integer()) {
    out.append(integer->digits);
  } else if (const auto* real = value.real()) {
    append_number(out, *real);
  } else if (const auto* flag = value.boolean()) {
    out.append(*flag ? "true" : "false");
  } else if (const auto* members = value.object()) {
    append_object(out, *members);
  } else if (const auto* items = value.array()) {
    out.push_back('[');
    for (std::size_t i = 0; i < items->size(); ++i) {
      if (i > 0) out.push_back(',');
      append_canonical(out, (*items)[i]);
    }
    out.push_back(']');
  } else {
    out.append("null");
  }
}

std::string canonical_text(const Value& value) {
  std::string out;
  append_canonical(out, value);
  return out;
}

void append_canonical(std::string& out, std::string_view text) { append_text(out, text); }

std::string sha256_hex(std::string_view data) {
  SHA256_CTX state;
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  if (SHA256_Init(&state) != 1 || SHA256_Update(&state, data.data(), data.size()) != 1 ||
      SHA256_Final(digest.data(), &state) != 1) {
    throw std::runtime_error("SHA-256 failed");
  }
  constexpr std::string_view hex_digits = "0123456789abcdef";
  std::string out(2 * digest.size(), '0');
  for (std::size_t i = 0; i < digest.size(); ++i) {
    out[2 * i] = hex_digits[digest[i] >> 4];
    out[2 * i + 1] = hex_digits[digest[i] & 15];
  }
  return out;
}

std::string canonical_hash(const Value& value) { return sha256_hex(canonical_text(value)); }

std::string request_hash_of(const Value& action) {
  const auto* members = action.object();
  if (members == nullptr) return canonical_hash(action);
  Value::Object kept;
  for (const auto& member : *members) {
    if (!base::is_left_out_of_request_hash(member.key)) kept.push_back(member);
  }
  return canonical_hash(Value(std::move(kept)));
}

std::string provenance_id_of(std::string_view request_hash, std::string_view policy_hash,
                             std::string_view profile_hash, std::string_view runtime_version) {
  std::string text;
  text.reserve(3 * 65 + runtime_version.size());
  text.append(request_hash).append("|").append(policy_hash).append("|");
  text.append(profile_hash).append("|").append(runtime_version);
  return sha256_hex(text);
}

}  // namespace colonnade::gate
