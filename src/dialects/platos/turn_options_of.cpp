#include "dialects/platos/turn_options_of.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "dialects/platos/turn_preparing.hpp"

namespace colonnade::dialects::platos {

base::Task<base::Result<core::NewMessage>> TurnOptionsOf::apply(Caller caller, TurnRequest request,
                                                                core::NewMessage message) {
  message = with_turn_options(caller, request, std::move(message), clock_.now());
  if (auto applied = apply_turn_config(request.config, message); !applied) {
    co_return base::fail(std::move(applied.error()));
  }
  if (!request.attachment_ids.empty()) {
    auto files = co_await attachments_.parts(caller.who, std::move(request.attachment_ids));
    if (!files) co_return base::fail(std::move(files.error()));
    std::ranges::move(*files, std::back_inserter(message.parts));
  }
  co_return message;
}

}  // namespace colonnade::dialects::platos
