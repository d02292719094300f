#include "providers/embeddings/factorisation.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <thread>

namespace colonnade::providers::embeddings {
namespace {

constexpr std::size_t spare_dimensions = 12;  // make the last wanted ones exact sooner
constexpr int sweeps_max = 60;

template <class Work>
void in_two(std::size_t count, Work work) {
  std::thread other([&] { work(count / 2, count); });  // allow(thread): of a build program
  work(0, count / 2);
  other.join();
}

// out = matrix * q; matrix has one sparse row for each row of out.
void times(const std::vector<SparseRow>& matrix, const Dense& q, Dense& out) {
  in_two(matrix.size(), [&](std::size_t from, std::size_t to) {
    for (std::size_t i = from; i < to; ++i) {
      float* sum = out.row(i);
      std::fill_n(sum, out.columns, 0.0F);
      for (std::size_t j = 0; j < matrix[i].columns.size(); ++j) {
        const float value = matrix[i].values[j];
        const float* row = q.row(matrix[i].columns[j]);
        for (std::size_t k = 0; k < out.columns; ++k) sum[k] += value * row[k];
      }
    }
  });
}

std::vector<SparseRow> transposed(const std::vector<SparseRow>& matrix, std::size_t columns) {
  std::vector<SparseRow> out(columns);
  for (std::size_t i = 0; i < matrix.size(); ++i) {
    for (std::size_t j = 0; j < matrix[i].columns.size(); ++j) {
      out[matrix[i].columns[j]].columns.push_back(static_cast<std::uint32_t>(i));
      out[matrix[i].columns[j]].values.push_back(matrix[i].values[j]);
    }
  }
  return out;
}

// q' q, in double.
std::vector<double> gram(const Dense& q) {
  const std::size_t n = q.columns;
  std::vector<double> out(n * n, 0);
  for (std::size_t r = 0; r < q.rows; ++r) {
    const float* row = q.row(r);
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = i; j < n; ++j) {
        out[i * n + j] += static_cast<double>(row[i]) * static_cast<double>(row[j]);
      }
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < i; ++j) out[i * n + j] = out[j * n + i];
  }
  return out;
}

struct Eigen {
  std::vector<double> values{};
  std::vector<double> vectors{};  // one a column
};

void rotate(std::vector<double>& a, std::vector<double>& v, std::size_t n, std::size_t p,
            std::size_t q) {
  const double theta = (a[q * n + q] - a[p * n + p]) / (2 * a[p * n + q]);
  const double t = (theta >= 0 ? 1 : -1) / (std::abs(theta) + std::sqrt(theta * theta + 1));
  const double c = 1 / std::sqrt(t * t + 1);
  const double s = t * c;
  for (std::size_t k = 0; k < n; ++k) {
    const double x = a[k * n + p];
    const double y = a[k * n + q];
    a[k * n + p] = c * x - s * y;
    a[k * n + q] = s * x + c * y;
  }
  for (std::size_t k = 0; k < n; ++k) {
    const double x = a[p * n + k];
    const double y = a[q * n + k];
    a[p * n + k] = c * x - s * y;
    a[q * n + k] = s * x + c * y;
    const double vx = v[k * n + p];
    const double vy = v[k * n + q];
    v[k * n + p] = c * vx - s * vy;
    v[k * n + q] = s * vx + c * vy;
  }
}

// Jacobi's method, for a symmetric matrix.
Eigen eigen(std::vector<double> a, std::size_t n) {
  std::vector<double> v(n * n, 0);
  double diagonal = 0;
  for (std::size_t i = 0; i < n; ++i) {
    v[i * n + i] = 1;
    diagonal += std::abs(a[i * n + i]);
  }
  for (int sweep = 0; sweep < sweeps_max; ++sweep) {
    double off = 0;
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t q = p + 1; q < n; ++q) {
        off = std::max(off, std::abs(a[p * n + q]));
        if (std::abs(a[p * n + q]) > 1e-14 * diagonal) rotate(a, v, n, p, q);
      }
    }
    if (off <= 1e-12 * diagonal) break;
  }
  Eigen out{.values = std::vector<double>(n), .vectors = std::move(v)};
  for (std::size_t i = 0; i < n; ++i) out.values[i] = std::max(0.0, a[i * n + i]);
  return out;
}

// q * vectors * diag(scales), the directions in falling order of the eigenvalues.
Dense turned(const Dense& q, const Eigen& e, std::size_t kept, double power) {
  const std::size_t n = q.columns;
  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, [&](auto a, auto b) { return e.values[a] > e.values[b]; });
  std::vector<float> turn(n * kept);
  for (std::size_t j = 0; j < kept; ++j) {
    const double value = std::max(e.values[order[j]], 1e-20);
    for (std::size_t i = 0; i < n; ++i) {
      turn[i * kept + j] = static_cast<float>(e.vectors[i * n + order[j]] * std::pow(value, power));
    }
  }
  Dense out{.rows = q.rows, .columns = kept, .values = std::vector<float>(q.rows * kept, 0)};
  in_two(q.rows, [&](std::size_t from, std::size_t to) {
    for (std::size_t r = from; r < to; ++r) {
      for (std::size_t i = 0; i < n; ++i) {
        const float value = q.row(r)[i];
        for (std::size_t j = 0; j < kept; ++j) out.row(r)[j] += value * turn[i * kept + j];
      }
    }
  });
  return out;
}

// The same space with columns of length 1 at right angles.
Dense orthonormal(const Dense& q) { return turned(q, eigen(gram(q), q.columns), q.columns, -0.5); }

}  // namespace

Dense column_places(const std::vector<SparseRow>& matrix, std::size_t columns,
                    std::size_t dimensions, int iterations, float power) {
  const std::size_t width = dimensions + spare_dimensions;
  const std::vector<SparseRow> across = transposed(matrix, columns);
  Dense q{.rows = columns, .columns = width, .values = std::vector<float>(columns * width)};
  // The same numbers everywhere.
  std::mt19937 numbers(1);                    // allow(random): no secret, and must repeat
  constexpr auto most = std::mt19937::max();  // allow(random): as above
  for (float& value : q.values) {
    value = static_cast<float>(numbers()) / static_cast<float>(most) - 0.5F;
  }
  Dense seen{
      .rows = matrix.size(), .columns = width, .values = std::vector<float>(matrix.size() * width)};
  for (int i = 0; i < iterations; ++i) {
    times(matrix, q, seen);
    times(across, seen, q);
    q = orthonormal(q);
  }
  times(matrix, q, seen);
  // The eigenvalues of seen' seen are the squares of the singular values.
  return turned(q, eigen(gram(seen), width), dimensions, static_cast<double>(power) / 2);
}

}  // namespace colonnade::providers::embeddings
