// An exported audit trail of some 200 varied records, and ways to spoil it.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/signing_key.hpp"
#include "core/governance/audit.hpp"

namespace colonnade::tests {

using Lines = std::vector<std::string>;
using Random = std::mt19937_64;

// Chained as the store chains them.
std::vector<core::AuditRecord> varied_records(std::size_t count, std::uint64_t seed);
// The same with a signature record behind every `signed_every` and at the end.
constexpr std::size_t signed_every = 40;
std::vector<core::AuditRecord> signed_records(std::size_t count, std::uint64_t seed,
                                              const base::SigningKey& key);
// As `audit export` writes them, the line that ends it included.
Lines exported(const std::vector<core::AuditRecord>& records);

// A record of these parts with the hash that belongs to them.
std::string record_line(std::int64_t seq, std::string_view text, std::string_view previous_hash);
// The same text with another word in its place.
std::string other_text(const core::AuditRecord& record, std::int64_t seq);

enum class Tampering {
  byte_of_text,   // any byte of a record's text, in the file or behind its escapes
  byte_anywhere,  // any byte of any line
  hash,           // a digit of a hash or previous_hash
  remove,         // a record, often the first or the last
  swap,           // two records
  insert,         // a copy of a record, or a forged one that goes on from the one before
  rewrite,        // a record, with its own hash made anew
  renumber,       // a record removed and the ones behind it renumbered
  truncate,       // the file, at any byte
};
constexpr Tampering every_tampering[] = {
    Tampering::byte_of_text, Tampering::byte_anywhere, Tampering::hash,
    Tampering::remove,       Tampering::swap,          Tampering::insert,
    Tampering::rewrite,      Tampering::renumber,      Tampering::truncate};
std::string_view to_string(Tampering kind);  // "byte_of_text" …

// What somebody does who can write everything but has not the key: changes, removes or adds a
// record, and makes everything anew from there on, or all of it, with all hashes right.
enum class Forged {
  kept,      // signatures stay as they were
  dropped,   // no signatures are left
  resigned,  // with a key of the forger's own
  claimed,   // with a key of the forger's own, under our key's name
  adapted,   // our signatures, in records that name the new hash and root
};
constexpr Forged every_forged[] = {Forged::kept, Forged::dropped, Forged::resigned, Forged::claimed,
                                   Forged::adapted};
std::vector<core::AuditRecord> made_anew(std::vector<core::AuditRecord> records, Forged how,
                                         const base::SigningKey& forgers, Random& random);

// May give the same lines again, by chance.
Lines tampered(const Lines& lines, const std::vector<core::AuditRecord>& records, Tampering kind,
               Random& random);

}  // namespace colonnade::tests
