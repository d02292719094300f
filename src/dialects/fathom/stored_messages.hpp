// Messages of a thread that are encoded while their reader takes them.
#pragma once

#include <string>
#include <vector>

#include "core/threads/threads.hpp"
#include "dialects/fathom/wire.hpp"
#include "dialects/row_source.hpp"

namespace colonnade::dialects::fathom {

// Holds their ids only: a stored message never changes.
class StoredMessages final : public RowSource {
 public:
  StoredMessages(core::Threads& threads, core::Principal who, std::string thread_id,
                 const std::vector<core::Message>& messages, Frame frame);

 private:
  base::Task<Rows> read(std::size_t limit) override;

  core::Threads& threads_;
  core::Principal who_;
  std::string thread_id_;
  std::vector<std::string> ids_{};
  std::size_t next_ = 0;
};

}  // namespace colonnade::dialects::fathom
