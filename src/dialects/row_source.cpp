#include "dialects/row_source.hpp"

#include <algorithm>

#include "dialects/limits.hpp"
#include "net/limits.hpp"

namespace colonnade::dialects {

// Rows are as large as those before them, it is assumed: after the first, as many are read at once
// as should fill a piece.
base::Task<base::Result<net::BodySource::Piece>> RowSource::next() {
  Piece piece{.bytes = std::exchange(prefix_, {})};
  while (piece.bytes.size() < limits::answer_piece_bytes && left_ > 0) {
    const std::size_t asked = std::min(at_once_, left_);
    auto rows = co_await read(asked);
    if (!rows) co_return base::fail(std::move(rows.error()));
    std::size_t bytes = 0;
    for (std::string& row : *rows) {
      if (std::exchange(begun_, true)) piece.bytes += ',';
      bytes += row.size();
      piece.bytes += row;
      row = {};
    }
    left_ = rows->size() < asked ? 0 : left_ - rows->size();
    if (rows->empty()) break;
    const std::size_t fitting = limits::answer_piece_bytes / (bytes / rows->size() + 1);
    at_once_ =
        std::clamp<std::size_t>(fitting, 1, std::min(4 * at_once_, limits::listed_rows_at_once));
  }
  if (left_ == 0) {
    piece.bytes += suffix_;
    piece.last = true;
  }
  co_return piece;
}

}  // namespace colonnade::dialects
