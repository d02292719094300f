// A list that is encoded while its reader takes it: a few rows are read and encoded at a time, so
// what is held of it is about limits::answer_piece_bytes and one row, however long it is. The
// contract's list has no way to say that there is more, so nothing is left out.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"
#include "net/http.hpp"

namespace colonnade::dialects {

class RowSource : public net::BodySource {
 public:
  // `prefix` opens the JSON array, `suffix` closes it; at most `rows` are listed.
  RowSource(std::string prefix, std::string suffix, std::size_t rows)
      : prefix_(std::move(prefix)), suffix_(std::move(suffix)), left_(rows) {}

  base::Task<base::Result<Piece>> next() override;

 protected:
  using Rows = base::Result<std::vector<std::string>>;
  // The next rows of the list, encoded; fewer than `limit` only at its end. The list must not be
  // disturbed by what is added or changed meanwhile.
  virtual base::Task<Rows> read(std::size_t limit) = 0;

 private:
  std::string prefix_;
  std::string suffix_;
  std::size_t left_;
  std::size_t at_once_ = 1;
  bool begun_ = false;
};

}  // namespace colonnade::dialects
