#include "dialects/fathom/stored_messages.hpp"

#include <utility>

namespace colonnade::dialects::fathom {

StoredMessages::StoredMessages(core::Threads& threads, core::Principal who, std::string thread_id,
                               const std::vector<core::Message>& messages, Frame frame)
    : RowSource(std::move(frame.prefix), std::move(frame.suffix), messages.size()),
      threads_(threads),
      who_(std::move(who)),
      thread_id_(std::move(thread_id)) {
  for (const core::Message& message : messages) ids_.push_back(message.id);
}

base::Task<RowSource::Rows> StoredMessages::read(std::size_t limit) {
  std::vector<std::string> rows;
  for (; rows.size() < limit && next_ < ids_.size(); ++next_) {
    const auto message = co_await threads_.message(who_, thread_id_, ids_[next_]);
    if (!message) co_return base::fail(message.error());  // erased meanwhile
    rows.push_back(encode_message(*message));
  }
  co_return rows;
}

}  // namespace colonnade::dialects::fathom
