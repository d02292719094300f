// The audit trail as a tree of hashes (RFC 9162, 2.1), so that one record can be shown to belong to
// it without the others: its path has some twenty hashes for a million records.
//
// A leaf is SHA-256(0x00, hash of the record), an inner node SHA-256(0x01, left, right); hashes go
// in as their 32 bytes. The tree of n records splits at the largest power of two below n.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace colonnade::core {

// The roots of the complete subtrees, largest first: all that is needed to go on. A copyable value.
class AuditTree {
 public:
  // `record_hash`: 64 hexadecimal digits.
  void add(std::string_view record_hash);

  std::int64_t size() const { return size_; }
  std::string root() const;  // 64 hexadecimal digits; SHA-256 of nothing for an empty tree
  const std::vector<std::string>& peaks() const { return peaks_; }
  // nullopt unless there are as many as a tree of that size has, each of 64 hexadecimal digits.
  static std::optional<AuditTree> from_peaks(std::int64_t size, std::vector<std::string> peaks);

 private:
  std::int64_t size_ = 0;
  std::vector<std::string> peaks_{};
};

// The path of one record, gathered while all records of the tree pass by.
class AuditPath {
 public:
  // Of record `seq`, counted from 1.
  explicit AuditPath(std::int64_t seq) : seq_(seq) {}

  void add(std::string_view record_hash);
  // The siblings from the leaf to the root. The record must have passed by.
  std::vector<std::string> siblings() const;

 private:
  struct Node {
    std::string hash;
    std::int64_t leaves;
    bool has_record;
  };
  // The two become one; the sibling of what has the record is noted.
  static Node joined(const Node& left, const Node& right, std::vector<std::string>& path);

  std::int64_t seq_;
  std::int64_t size_ = 0;
  std::vector<Node> peaks_{};
  std::vector<std::string> path_{};
};

// The root that these siblings lead to; nullopt when a tree of `size` has no such path.
std::optional<std::string> root_of_path(std::string_view record_hash, std::int64_t seq,
                                        std::int64_t size, std::span<const std::string> siblings);

// What is signed: the newest record's number and hash, and the root over all up to it.
struct AuditHead {
  std::int64_t seq = 0;
  std::string hash{};
  std::string root{};
};
// The bytes that the signature is over.
std::string signed_text(const AuditHead& head);

}  // namespace colonnade::core
