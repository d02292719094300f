#include "storage/sqlite/memory_vectors.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <limits>
#include <unordered_map>

namespace colonnade::storage::sqlite {
namespace {

constexpr float byte_max = 127;

std::span<const std::int8_t> components(std::string_view bytes) {
  return {reinterpret_cast<const std::int8_t*>(bytes.data()), bytes.size()};
}

// Plain, so that the compiler makes vector instructions of it.
std::int32_t dot(const std::int8_t* a, const std::int8_t* b, std::size_t size) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < size; ++i) {
    sum += static_cast<std::int16_t>(a[i]) * static_cast<std::int16_t>(b[i]);
  }
  return sum;
}

float inverse_length(std::span<const std::int8_t> v) {
  const auto square = static_cast<float>(dot(v.data(), v.data(), v.size()));
  return square > 0 ? 1 / std::sqrt(square) : 0;
}

bool nearer(const NearMemory& a, const NearMemory& b) { return a.similarity > b.similarity; }

// The nearest so far: a heap with the farthest of them on top.
class Nearest {
 public:
  explicit Nearest(std::size_t limit) : limit_(limit) {}
  float least() const {
    return kept_.size() < limit_ ? -std::numeric_limits<float>::infinity()
                                 : kept_.front().similarity;
  }
  void offer(NearMemory one) {
    if (limit_ == 0 || one.similarity <= least()) return;
    if (kept_.size() == limit_) {
      std::ranges::pop_heap(kept_, nearer);
      kept_.pop_back();
    }
    kept_.push_back(one);
    std::ranges::push_heap(kept_, nearer);
  }
  std::vector<NearMemory> take() { return std::move(kept_); }

 private:
  std::size_t limit_;
  std::vector<NearMemory> kept_{};
};

// Calls `use(number, memory, bytes)` for each vector with a number above `after`, in order.
template <class Use>
Result<void> each_vector(Database& database, const VectorSearch& search, std::int64_t after,
                         Use use) {
  return database.each(
      "SELECT no, memory_no, bytes FROM memory_vectors"
      " WHERE partition_no = ?1 AND model_no = ?2 AND no > ?3 ORDER BY no",
      [&](Statement& row) -> Result<void> {
        use(row.integer(0), row.integer(1), row.text(2));
        return {};
      },
      search.partition_no, search.model_no, after);
}

}  // namespace

std::string vector_bytes(std::span<const float> values) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  if (!(largest > 0) || !std::isfinite(largest)) return {};
  std::string out;
  out.reserve(values.size());
  for (const float value : values) {
    const float scaled = std::isnan(value) ? 0 : std::round(value / largest * byte_max);
    out += static_cast<char>(static_cast<std::int8_t>(scaled));
  }
  return out;
}

// Guarded by its mutex, but for bytes and last use, which the owner looks at.
class MemoryVectors::Table {
 public:
  std::mutex mutex;
  std::atomic<std::size_t> bytes_held = 0;
  std::uint64_t used = 0;  // guarded by the owner's mutex

  Result<void> read_new(Database& database, const VectorSearch& search) {
    dimensions_ = search.bytes.size();
    auto read = each_vector(database, search, last_no_,
                            [this](std::int64_t no, std::int64_t memory, std::string_view bytes) {
                              last_no_ = no;
                              put(no, memory, bytes);
                            });
    bytes_held = rows_.capacity() + 2 * memories_.capacity() * sizeof(std::int64_t) +
                 lengths_.capacity() * sizeof(float) +
                 slots_.size() * (sizeof(std::pair<std::int64_t, std::size_t>) + 2 * sizeof(void*));
    return read;
  }

  std::vector<NearMemory> search(const VectorSearch& search) const {
    const auto question = components(search.bytes);
    const float length = inverse_length(question);
    Nearest nearest(search.nearest);
    for (std::size_t slot = 0; slot < memories_.size(); ++slot) {
      nearest.offer({memories_[slot], vectors_[slot], similarity(slot, question, length)});
    }
    std::vector<NearMemory> out = nearest.take();
    for (const std::int64_t memory : search.besides) {
      const auto slot = slots_.find(memory);
      if (slot == slots_.end()) continue;
      if (std::ranges::find(out, memory, &NearMemory::memory_no) != out.end()) continue;
      out.push_back({memory, vectors_[slot->second], similarity(slot->second, question, length)});
    }
    return out;
  }

  void forget(std::int64_t memory) {
    const auto found = slots_.find(memory);
    if (found == slots_.end()) return;
    const std::size_t slot = found->second;
    const std::size_t last = memories_.size() - 1;
    slots_.erase(found);
    if (slot != last) {
      memories_[slot] = memories_[last];
      vectors_[slot] = vectors_[last];
      lengths_[slot] = lengths_[last];
      std::copy_n(row(last), dimensions_, row(slot));
      slots_[memories_[slot]] = slot;
    }
    memories_.pop_back();
    vectors_.pop_back();
    lengths_.pop_back();
    rows_.resize(rows_.size() - dimensions_);
  }

 private:
  std::int8_t* row(std::size_t slot) { return rows_.data() + slot * dimensions_; }
  const std::int8_t* row(std::size_t slot) const { return rows_.data() + slot * dimensions_; }

  float similarity(std::size_t slot, std::span<const std::int8_t> question, float length) const {
    return static_cast<float>(dot(row(slot), question.data(), dimensions_)) * lengths_[slot] *
           length;
  }

  void put(std::int64_t no, std::int64_t memory, std::string_view bytes) {
    if (bytes.size() != dimensions_) {
      forget(memory);  // it has nothing to say any more
      return;
    }
    const auto values = components(bytes);
    const auto [place, fresh] = slots_.try_emplace(memory, memories_.size());
    if (fresh) {
      memories_.push_back(memory);
      vectors_.push_back(no);
      lengths_.push_back(0);
      rows_.resize(rows_.size() + dimensions_);
    }
    std::ranges::copy(values, row(place->second));
    vectors_[place->second] = no;
    lengths_[place->second] = inverse_length(values);
  }

  std::size_t dimensions_ = 0;
  std::int64_t last_no_ = 0;
  std::vector<std::int8_t> rows_{};
  std::vector<float> lengths_{};  // their inverses
  std::vector<std::int64_t> memories_{};
  std::vector<std::int64_t> vectors_{};  // their rows
  std::unordered_map<std::int64_t, std::size_t> slots_{};
};

namespace {

// For a partition that is too large to keep.
Result<std::vector<NearMemory>> search_store(Database& database, const VectorSearch& search) {
  const auto question = components(search.bytes);
  const float length = inverse_length(question);
  Nearest nearest(search.nearest);
  std::vector<NearMemory> besides;
  const auto read = each_vector(
      database, search, 0, [&](std::int64_t no, std::int64_t memory, std::string_view bytes) {
        if (bytes.size() != question.size()) return;
        const auto values = components(bytes);
        const auto product =
            static_cast<float>(dot(values.data(), question.data(), question.size()));
        const NearMemory near{memory, no, product * inverse_length(values) * length};
        nearest.offer(near);
        if (std::ranges::find(search.besides, memory) != search.besides.end()) {
          besides.push_back(near);
        }
      });
  if (!read) return fail(read.error());
  std::vector<NearMemory> out = nearest.take();
  for (const NearMemory& one : besides) {
    if (std::ranges::find(out, one.memory_no, &NearMemory::memory_no) == out.end()) {
      out.push_back(one);
    }
  }
  return out;
}

}  // namespace

MemoryVectors::MemoryVectors(std::size_t bytes_max) : bytes_max_(bytes_max) {}
MemoryVectors::~MemoryVectors() = default;

Result<std::vector<NearMemory>> MemoryVectors::search(Database& database,
                                                      const VectorSearch& search) {
  if (search.bytes.empty()) return std::vector<NearMemory>{};
  const auto items =
      database.number("SELECT items FROM memory_partitions WHERE no = ?1", search.partition_no);
  if (!items) return fail(items.error());
  if (static_cast<std::size_t>(*items) * search.bytes.size() > bytes_max_) {
    return search_store(database, search);
  }
  const auto kept = table({search.partition_no, search.model_no});
  std::vector<NearMemory> out;
  {
    const std::lock_guard lock(kept->mutex);
    if (auto read = kept->read_new(database, search); !read) return fail(read.error());
    out = kept->search(search);
  }
  make_room();
  return out;
}

void MemoryVectors::forget(std::int64_t partition_no, std::int64_t model_no,
                           const std::vector<std::int64_t>& memories) {
  const auto kept = table({partition_no, model_no});
  const std::lock_guard lock(kept->mutex);
  for (const std::int64_t memory : memories) kept->forget(memory);
}

std::size_t MemoryVectors::bytes() const {
  const std::lock_guard lock(mutex_);
  std::size_t sum = 0;
  for (const auto& [key, one] : tables_) sum += one->bytes_held;
  return sum;
}

std::shared_ptr<MemoryVectors::Table> MemoryVectors::table(Key key) {
  const std::lock_guard lock(mutex_);
  auto& one = tables_[key];
  if (!one) one = std::make_shared<Table>();
  one->used = ++uses_;
  return one;
}

void MemoryVectors::make_room() {
  const std::lock_guard lock(mutex_);
  std::size_t sum = 0;
  for (const auto& [key, one] : tables_) sum += one->bytes_held;
  while (sum > bytes_max_ && tables_.size() > 1) {
    const auto oldest =
        std::ranges::min_element(tables_, {}, [](const auto& entry) { return entry.second->used; });
    sum -= oldest->second->bytes_held;
    tables_.erase(oldest);
  }
}

}  // namespace colonnade::storage::sqlite
