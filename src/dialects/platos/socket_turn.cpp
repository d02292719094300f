#include "dialects/platos/socket_turn.hpp"

#include <utility>

namespace colonnade::dialects::platos {

SocketTurn::SocketTurn(LiveTurns& live, std::shared_ptr<socket_io::Socket> socket,
                       const Caller& caller, const StartedTurn& turn, ResumePoint point)
    : live_(live),
      socket_(std::move(socket)),
      who_(caller.who),
      run_id_(turn.run.id),
      thread_id_(turn.run.thread_id),
      encoder_(facts_of(turn, caller)),
      point_(point),
      sent_(point.seq()) {}

void SocketTurn::open(core::Subscriptions& subscriptions, std::int64_t events_after) {
  cursor_ = events_after;
  live_.attach(run_id_, socket_->lane(), weak_from_this());
  subscription_ = subscriptions.subscribe(
      socket_->lane(), core::EventTopic::of_thread(who_.scope, thread_id_), events_after, *this);
}

void SocketTurn::deliver(const core::EventPtr& event) {
  cursor_ = event->cursor;
  if (event->run_id != run_id_) return;
  auto events = encoder_.encode(*event);
  const std::size_t made = events.size();
  point_.take_out(events, event->cursor);
  if (events.size() < made) {
    sent_.had(encoder_.newest_seq() - static_cast<std::int64_t>(events.size()));
  }
  for (const TurnEvent& one : events) {
    sent_.sent(socket_->emit("agent_event", one.json), one.seq);
  }
  if (encoder_.ended()) subscription_.reset();
}

// The store cannot be read: the client is told to stop waiting, and finds the rest later.
void SocketTurn::cut_off() {
  socket_->emit("agent_event",
                error_event("service_unavailable",
                            "The server's store cannot be read; try again later", thread_id_));
  socket_->emit("agent_event", done_event(thread_id_));
}

base::Task<void> SocketTurn::ready_for_more() { return socket_->drained(); }

std::int64_t SocketTurn::give_up() {
  given_up_ = true;
  subscription_.reset();
  return sent_.handed_over(socket_->handed_over());
}

void SocketTurn::on_socket_closed() {
  subscription_.reset();
  if (given_up_) return;
  live_.leave(socket_->lane(), this,
              {.who = who_,
               .thread_id = thread_id_,
               .run_id = run_id_,
               .handed_over = sent_.handed_over(socket_->handed_over()),
               .cursor = cursor_,
               .questions = encoder_.open_questions() - encoder_.handed_on_questions(),
               .handed_on_questions = encoder_.handed_on_questions(),
               .ended = encoder_.ended()});
}

}  // namespace colonnade::dialects::platos
