#include "core/governance/audit_tree.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <utility>

#include "base/ids.hpp"

namespace colonnade::core {
namespace {

constexpr std::size_t hash_digits = 64;

bool is_hash_text(std::string_view text) {
  return text.size() == hash_digits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void append_bytes(std::string& out, std::string_view hex) {
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned char byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    out.push_back(static_cast<char>(byte));
  }
}

std::string leaf_of(std::string_view record_hash) {
  std::string hashed(1, '\x00');
  append_bytes(hashed, record_hash);
  return base::sha256_hex(hashed);
}

std::string node_of(std::string_view left, std::string_view right) {
  std::string hashed(1, '\x01');
  append_bytes(hashed, left);
  append_bytes(hashed, right);
  return base::sha256_hex(hashed);
}

}  // namespace

// As adding 1 to a binary number: each carry joins two subtrees of the same size.
void AuditTree::add(std::string_view record_hash) {
  std::string hash = leaf_of(record_hash);
  const auto carries = std::countr_one(static_cast<std::uint64_t>(size_));
  for (int i = 0; i < carries; ++i) {
    hash = node_of(peaks_.back(), hash);
    peaks_.pop_back();
  }
  peaks_.push_back(std::move(hash));
  ++size_;
}

std::string AuditTree::root() const {
  if (peaks_.empty()) return base::sha256_hex("");
  std::string out = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i-- > 0;) out = node_of(peaks_[i], out);
  return out;
}

std::optional<AuditTree> AuditTree::from_peaks(std::int64_t size, std::vector<std::string> peaks) {
  const bool fits =
      size >= 0 && std::cmp_equal(std::popcount(static_cast<std::uint64_t>(size)), peaks.size());
  if (!fits || !std::ranges::all_of(peaks, is_hash_text)) return std::nullopt;
  AuditTree out;
  out.size_ = size;
  out.peaks_ = std::move(peaks);
  return out;
}

AuditPath::Node AuditPath::joined(const Node& left, const Node& right,
                                  std::vector<std::string>& path) {
  if (left.has_record) path.push_back(right.hash);
  if (right.has_record) path.push_back(left.hash);
  return {.hash = node_of(left.hash, right.hash),
          .leaves = left.leaves + right.leaves,
          .has_record = left.has_record || right.has_record};
}

void AuditPath::add(std::string_view record_hash) {
  ++size_;
  Node node{.hash = leaf_of(record_hash), .leaves = 1, .has_record = size_ == seq_};
  while (!peaks_.empty() && peaks_.back().leaves == node.leaves) {
    node = joined(peaks_.back(), node, path_);
    peaks_.pop_back();
  }
  peaks_.push_back(std::move(node));
}

std::vector<std::string> AuditPath::siblings() const {
  std::vector<std::string> out = path_;
  if (peaks_.empty()) return out;
  Node node = peaks_.back();
  for (std::size_t i = peaks_.size() - 1; i-- > 0;) node = joined(peaks_[i], node, out);
  return out;
}

// RFC 9162, 2.1.3.2.
std::optional<std::string> root_of_path(std::string_view record_hash, std::int64_t seq,
                                        std::int64_t size, std::span<const std::string> siblings) {
  if (seq < 1 || seq > size || !is_hash_text(record_hash)) return std::nullopt;
  if (!std::ranges::all_of(siblings, is_hash_text)) return std::nullopt;
  auto place = static_cast<std::uint64_t>(seq - 1);
  auto last = static_cast<std::uint64_t>(size - 1);
  std::string hash = leaf_of(record_hash);
  for (const std::string& sibling : siblings) {
    if (last == 0) return std::nullopt;
    if ((place & 1) != 0 || place == last) {
      hash = node_of(sibling, hash);
      while ((place & 1) == 0 && place != 0) {
        place >>= 1;
        last >>= 1;
      }
    } else {
      hash = node_of(hash, sibling);
    }
    place >>= 1;
    last >>= 1;
  }
  if (last != 0) return std::nullopt;
  return hash;
}

std::string signed_text(const AuditHead& head) {
  return "colonnade audit head v1\n" + std::to_string(head.seq) + "\n" + head.hash + "\n" +
         head.root + "\n";
}

}  // namespace colonnade::core
