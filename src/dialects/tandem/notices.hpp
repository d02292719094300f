// Events of Tandem's streams that are no thread's: a session was made, an MCP server was connected,
// a memory was written (tandem §3.6). Told to whoever listens now, kept nowhere.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/lane.hpp"
#include "core/access/principal.hpp"
#include "core/events/notices.hpp"
#include "dialects/tandem/event_text.hpp"

namespace colonnade::dialects::tandem {

struct Notice {
  EventText event{};
  std::string resource_key{};  // of a resource's
  // Of a routine's, for whoever follows one; "" where the event does not name it.
  std::string routine_id{};
  std::string routine_run_id{};
  bool is_automation = false;  // for those who follow automations, and for nobody else
  // Of a flow's; not "" for all of its events and for nothing else.
  std::string flow_id{};
  std::string flow_run_id{};
};

// Thread-safe. Must outlive what listens.
class Notices {
 public:
  explicit Notices(base::Clock& clock) : clock_(clock) {}

  using Members = std::function<void(base::JsonWriter&)>;
  // An event of the caller's own, which operators see, too: of a session, a run or neither ("").
  void tell(const core::Principal& who, std::string_view type, std::string_view session_id,
            std::string_view run_id, const Members& members = {});
  // What core tells of memories, tool servers and resources, to whom core says.
  void tell(const core::Notice& notice);

  // Ends with its destruction, which must happen on its lane; `hear` is called on that lane.
  class Listening {
   public:
    Listening(Notices& notices, std::uint64_t number) : notices_(notices), number_(number) {}
    ~Listening();
    Listening(const Listening&) = delete;
    Listening& operator=(const Listening&) = delete;

   private:
    Notices& notices_;
    std::uint64_t number_;
  };
  using Hear = std::function<void(const Notice&)>;
  // What `who` may see. Call on `lane`.
  std::unique_ptr<Listening> listen(base::Lane& lane, const core::Principal& who, Hear hear);

 private:
  struct Listener {
    base::Lane* lane = nullptr;
    core::Principal who;
    std::shared_ptr<Hear> hear;  // emptied on its lane when the listening ends
  };
  using MayHear = std::function<bool(const core::Principal&)>;
  void send(std::vector<Notice> notices, const MayHear& may_hear);

  base::Clock& clock_;
  std::mutex mutex_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, Listener> listeners_;
};

}  // namespace colonnade::dialects::tandem
