// The largest directions of a sparse matrix. For the trainer only.
#pragma once

#include <cstdint>
#include <vector>

namespace colonnade::providers::embeddings {

struct SparseRow {
  std::vector<std::uint32_t> columns{};
  std::vector<float> values{};
};

// A dense matrix, row after row.
struct Dense {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<float> values{};
  float* row(std::size_t i) { return values.data() + i * columns; }
  const float* row(std::size_t i) const { return values.data() + i * columns; }
};

// U S^power of the singular value decomposition U S V' of the transposed matrix: one row for each
// of its columns, the `dimensions` largest directions. Subspace iteration from fixed random
// numbers, so the same input gives the same output on the same machine.
Dense column_places(const std::vector<SparseRow>& matrix, std::size_t columns,
                    std::size_t dimensions, int iterations, float power);

}  // namespace colonnade::providers::embeddings
