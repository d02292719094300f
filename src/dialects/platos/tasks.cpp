#include "dialects/platos/tasks.hpp"

#include <utility>

#include "base/json.hpp"
#include "dialects/platos/bgo_wire.hpp"
#include "dialects/platos/errors.hpp"
#include "dialects/platos/task_wire.hpp"

namespace colonnade::dialects::platos {

using base::ErrorKind;
using base::Task;

namespace {

constexpr int task_created = 201;

std::string task_id_in(const net::Request& request) { return request.path_parameters.front(); }

}  // namespace

Task<net::Reply> TaskResource::list(Caller caller, RequestPtr /*request*/) {
  const auto tasks = co_await tasks_.list(std::move(caller.who));
  if (!tasks) co_return task_refusal(tasks.error());
  co_return net::Response{.body = encode_task_list(*tasks)};
}

Task<net::Reply> TaskResource::create(Caller caller, RequestPtr request) {
  const core::Principal who = caller.who;
  const auto key = request_key(*request);
  AnswerOnce::Work work = [this, who, request](Attempt attempt) {
    return create_once(who, request, std::move(attempt));
  };
  auto response = co_await answer_once_.run(who, key, std::move(work));
  if (!response) co_return task_refusal(response.error());
  co_return std::move(*response);
}

Task<Attempted> TaskResource::create_once(core::Principal who, RequestPtr request,
                                          Attempt attempt) {
  auto wanted = decode_new_task(request->body, who.scope);
  if (!wanted) co_return task_refused(wanted.error());
  auto making = attempt.object_id.empty() ? tasks_.create(std::move(who), std::move(*wanted),
                                                          std::move(attempt.keyed_request_id))
                                          : tasks_.get(std::move(who), attempt.object_id);
  const auto made = co_await std::move(making);
  if (!made) co_return task_refused(made.error());
  co_return Attempted{.response = {.status = task_created, .body = encode_task(*made)}};
}

Task<net::Reply> TaskResource::get(Caller caller, RequestPtr request) {
  const auto task = co_await tasks_.get(std::move(caller.who), task_id_in(*request));
  if (!task) co_return task_refusal(task.error());
  co_return net::Response{.body = encode_task(*task)};
}

Task<net::Reply> TaskResource::update(Caller caller, RequestPtr request) {
  auto alter = decode_task_change(request->body);
  if (!alter) co_return task_refusal(alter.error());
  const auto task =
      co_await tasks_.change(std::move(caller.who), task_id_in(*request), std::move(*alter));
  if (!task) co_return task_refusal(task.error());
  co_return net::Response{.body = encode_task(*task)};
}

Task<net::Reply> TaskResource::remove(Caller caller, RequestPtr request) {
  const auto removed = co_await tasks_.remove(std::move(caller.who), task_id_in(*request));
  if (!removed) co_return task_refusal(removed.error());
  co_return net::Response{.body = R"({"deleted":true})"};
}

Task<net::Reply> TaskResource::run(Caller caller, RequestPtr request) {
  const core::Principal who = caller.who;
  const auto key = request_key(*request);
  AnswerOnce::Work work = [this, caller, request](Attempt attempt) {
    return run_once(caller, request, std::move(attempt));
  };
  auto response = co_await answer_once_.run(who, key, std::move(work));
  if (!response) co_return task_refusal(response.error());
  co_return std::move(*response);
}

Task<Attempted> TaskResource::run_once(Caller caller, RequestPtr request, Attempt attempt) {
  auto wanted = decode_trigger(request->body);
  if (!wanted) co_return task_refused(wanted.error());
  const auto task = co_await tasks_.get(caller.who, task_id_in(*request));
  if (!task) co_return task_refused(task.error());
  std::string id = attempt.object_id;
  if (id.empty()) {
    wanted->options = nullptr;
    const auto begun = co_await bgo_.begin(std::move(caller), task->task_id, std::move(*wanted),
                                           std::move(attempt.keyed_request_id));
    if (!begun) co_return task_refused(begun.error());
    id = begun->job.id;
  }
  net::Response out{.status = task_created};
  base::JsonWriter(out.body)
      .object()
      .field("queued", true)
      .field("runId", id)
      .field("taskId", task->task_id)
      .end_object();
  co_return Attempted{.response = std::move(out)};
}

}  // namespace colonnade::dialects::platos
