#include "dialects/tandem/notices.hpp"

#include <utility>

#include "core/access/visibility.hpp"
#include "dialects/tandem/flow_events.hpp"
#include "dialects/tandem/notice_events.hpp"
#include "dialects/tandem/routine_events.hpp"

namespace colonnade::dialects::tandem {

void Notices::tell(const core::Principal& who, std::string_view type, std::string_view session_id,
                   std::string_view run_id, const Members& members) {
  const bool system = type.starts_with("session.") || type.starts_with("question.");
  std::vector<Notice> notices;
  notices.push_back({.event = event_text({.type = type,
                                          .session_id = session_id,
                                          .run_id = run_id,
                                          .channel = system ? "system" : "",
                                          .at = clock_.now()},
                                         members)});
  send(std::move(notices), [&who](const core::Principal& listener) {
    return core::may_see(listener, who.scope, who.user_id);
  });
}

void Notices::tell(const core::Notice& notice) {
  {
    const std::lock_guard lock(mutex_);
    if (listeners_.empty()) return;  // most servers, most of the time
  }
  const bool of_resource = notice.kind == core::NoticeKind::resource_put ||
                           notice.kind == core::NoticeKind::resource_removed;
  std::vector<Notice> notices = routine_notices_of(notice);
  for (Notice& one : flow_notices_of(notice)) notices.push_back(std::move(one));
  for (EventText& event : events_of(notice)) {
    notices.push_back(
        {.event = std::move(event), .resource_key = of_resource ? notice.subject : std::string()});
  }
  send(std::move(notices),
       [&notice](const core::Principal& listener) { return core::may_hear(listener, notice); });
}

void Notices::send(std::vector<Notice> notices, const MayHear& may_hear) {
  const auto shared = std::make_shared<const std::vector<Notice>>(std::move(notices));
  const std::lock_guard lock(mutex_);
  for (const auto& [number, listener] : listeners_) {
    if (!may_hear(listener.who)) continue;
    listener.lane->post([hear = listener.hear, shared] {
      for (const Notice& notice : *shared) {
        if (*hear) (*hear)(notice);
      }
    });
  }
}

std::unique_ptr<Notices::Listening> Notices::listen(base::Lane& lane, const core::Principal& who,
                                                    Hear hear) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = next_++;
  listeners_.emplace(
      number, Listener{.lane = &lane, .who = who, .hear = std::make_shared<Hear>(std::move(hear))});
  return std::make_unique<Listening>(*this, number);
}

Notices::Listening::~Listening() {
  const std::lock_guard lock(notices_.mutex_);
  const auto found = notices_.listeners_.find(number_);
  *found->second.hear = nullptr;
  notices_.listeners_.erase(found);
}

}  // namespace colonnade::dialects::tandem
