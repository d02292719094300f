#include "check_jobs.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>

#include "checks.hpp"
#include "job_world.hpp"

namespace colonnade::kill {
namespace {

using nlohmann::json;

// --- orders -------------------------------------------------------------------------------------

struct JobRow {
  std::string id{};
  std::string state{};
};

// By the mark that is their tag, in the order in which they were made.
std::map<std::string, std::vector<JobRow>> jobs_by_mark(const StoreView& store) {
  std::map<std::string, std::vector<JobRow>> out;
  store.each("SELECT id, state, tags FROM jobs WHERE schedule_id = '' ORDER BY no", {},
             [&](const StoreView::Row& row) {
               const json tags = json::parse(row.at(2));
               if (tags.size() != 1) throw std::logic_error("job " + row.at(0) + " has no mark");
               out[tags.at(0)].push_back({.id = row.at(0), .state = row.at(1)});
             });
  return out;
}

[[noreturn]] void broken(const JobOrder& order, const std::string& what) {
  std::string ids;
  for (const std::string& id : order.ids) ids += " " + id;
  throw std::logic_error("order " + order.mark + " (answered:" + ids + "): " + what);
}

// Under a key in the body a job that failed makes room for another one; under a key of the request
// there is one, whatever became of it.
void check_order(const JobOrder& order, const std::vector<JobRow>& rows) {
  std::vector<std::string> ids;
  for (const JobRow& row : rows) ids.push_back(row.id);
  const bool may_be_repeated = !order.is_batch && order.request_key.empty();
  if (!may_be_repeated && ids != order.ids) {
    broken(order, "there are " + std::to_string(ids.size()) + " jobs, or others");
  }
  if (std::ranges::find(ids, order.ids.front()) == ids.end()) {
    broken(order, "the job that it was told of is another order's");
  }
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
    if (!order.is_batch && rows[i].state != "failed") {
      broken(order, "there are two jobs: " + rows[i].id + " is " + rows[i].state + ", and " +
                        rows[i + 1].id);
    }
  }
  if (order.cancels && rows.back().state != "cancelled") {
    broken(order, "it was cancelled and is " + rows.back().state);
  }
}

void check_orders(const StoreView& store, const std::vector<JobOrder>& orders) {
  const std::map<std::string, std::vector<JobRow>> rows = jobs_by_mark(store);
  std::map<std::string, std::set<std::string>> of_shared_key;
  std::set<std::string> known;
  for (const auto& [mark, jobs] : rows) {
    for (const JobRow& row : jobs) known.insert(row.id);
  }
  std::set<std::string> cancelled;
  std::size_t marked = 0;
  for (const JobOrder& order : orders) {
    if (!order.is_settled()) broken(order, "it was never answered");
    if (order.cancels) cancelled.insert(order.ids.front());
    if (!known.contains(order.ids.front())) broken(order, "an acknowledged job is not there");
    const auto found = rows.find(order.mark);
    if (!order.shared_key.empty()) {
      of_shared_key[order.shared_key].insert(order.ids.front());
      if (found != rows.end()) ++marked;
      continue;
    }
    if (found == rows.end()) broken(order, "it has no job");
    ++marked;
    check_order(order, found->second);
  }
  if (marked != rows.size()) throw std::logic_error("there are jobs that nobody ordered");
  for (const auto& [key, ids] : of_shared_key) {
    if (ids.size() > 1) throw std::logic_error("the shared key " + key + " made several jobs");
  }
  store.each("SELECT id FROM jobs WHERE state = 'cancelled'", {}, [&](const StoreView::Row& row) {
    if (!cancelled.contains(row.at(0))) {
      throw std::logic_error("job " + row.at(0) + " was cancelled by nobody");
    }
  });
}

// --- effects ------------------------------------------------------------------------------------

// What is known of the calls that write one mark.
struct Written {
  std::size_t done = 0;
  std::size_t unknown = 0;  // reported as lost or interrupted
};
using Writings = std::map<std::string, Written>;

std::map<std::string, std::size_t> lines_of(const std::string& file) {
  std::map<std::string, std::size_t> out;
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) ++out[line];
  return out;
}

void add_jobs(Writings& writings, const std::string& mark, const std::string& state) {
  Written& written = writings[mark];
  if (state == "done") ++written.done;
  if (state == "failed") ++written.unknown;  // as lost: nothing else fails here
}

Writings writings_of_notes(const StoreView& store) {
  Writings out;
  store.each(
      "SELECT i.payload, j.state FROM jobs j JOIN job_inputs i ON i.job_no = j.no"
      " WHERE j.task = 'note'",
      {}, [&](const StoreView::Row& row) {
        add_jobs(out, mark_in(json::parse(row.at(0)).at("command")), row.at(1));
      });
  store.each("SELECT arguments, state FROM tool_calls WHERE tool = 'shell'", {},
             [&](const StoreView::Row& row) {
               Written& written = out[mark_in(json::parse(row.at(0)).at("command"))];
               if (row.at(1) == "succeeded") ++written.done;
               if (row.at(1) == "interrupted") ++written.unknown;
             });
  return out;
}

// The tool is told the due time in milliseconds.
Writings writings_of_ticks(const StoreView& store) {
  Writings out;
  store.each(
      "SELECT strftime('%Y-%m-%dT%H:%M:%S', schedule_due_at / 1000000, 'unixepoch') || '.000Z',"
      " state FROM jobs WHERE task = 'tick'",
      {}, [&](const StoreView::Row& row) { add_jobs(out, row.at(0), row.at(1)); });
  return out;
}

std::size_t check_written(const Writings& writings, const std::string& file) {
  const auto lines = lines_of(file);
  std::size_t sum = 0;
  for (const auto& [mark, count] : lines) {
    if (!writings.contains(mark)) throw std::logic_error(file + ": nobody writes " + mark);
    sum += count;
  }
  for (const auto& [mark, written] : writings) {
    const auto found = lines.find(mark);
    const std::size_t count = found == lines.end() ? 0 : found->second;
    if (count >= written.done && count <= written.done + written.unknown) continue;
    throw std::logic_error(file + ": " + mark + " is there " + std::to_string(count) +
                           " times; calls that are done: " + std::to_string(written.done) +
                           ", reported as unknown: " + std::to_string(written.unknown));
  }
  return sum;
}

// --- rules --------------------------------------------------------------------------------------

constexpr const char* unended_jobs =
    "WITH unended AS MATERIALIZED (SELECT scope, owner, share_no, state FROM jobs"
    " WHERE state IN ('delayed', 'queued', 'running', 'waiting')) ";

void check_counts(const StoreView& store) {
  store.none("no queue runs more than it may",
             "SELECT queue_name, queue_key, count(*), max(queue_running_max) FROM jobs"
             " WHERE state = 'running' GROUP BY scope, queue_name, queue_key"
             " HAVING count(*) > max(queue_running_max)");
  store.none("a queue counts its jobs",
             std::string(unended_jobs) +
                 "SELECT q.name, q.key, q.queued, q.running FROM job_queues q"
                 " WHERE q.queued <> (SELECT count(*) FROM unended u"
                 " JOIN job_shares s ON s.no = u.share_no"
                 " WHERE s.queue_no = q.no AND u.state = 'queued')"
                 " OR q.running <> (SELECT count(*) FROM unended u"
                 " JOIN job_shares s ON s.no = u.share_no"
                 " WHERE s.queue_no = q.no AND u.state = 'running')");
  store.none("a share counts its jobs",
             std::string(unended_jobs) +
                 "SELECT s.no, s.live, s.queued FROM job_shares s"
                 " WHERE s.live <> (SELECT count(*) FROM unended u WHERE u.share_no = s.no)"
                 " OR s.queued <> (SELECT count(*) FROM unended u"
                 " WHERE u.share_no = s.no AND u.state = 'queued')");
  store.none("an account counts its jobs",
             std::string(unended_jobs) +
                 "SELECT a.owner, a.live, a.running FROM job_accounts a"
                 " WHERE a.live <> (SELECT count(*) FROM unended u"
                 " WHERE u.scope = a.scope AND u.owner = a.owner)"
                 " OR a.running <> (SELECT count(*) FROM unended u"
                 " WHERE u.scope = a.scope AND u.owner = a.owner AND u.state = 'running')");
}

void check_ends(const StoreView& store) {
  store.none("every job has ended",
             "SELECT id, task, state, waits_for FROM jobs"
             " WHERE state NOT IN ('done', 'failed', 'cancelled')");
  store.none("a job that has ended holds nothing",
             "SELECT id, state FROM jobs WHERE lease_until IS NOT NULL OR due_at IS NOT NULL"
             " OR claim_id <> '' OR waits_for <> '' OR finished_at IS NULL");
  store.none("attempts are within their limit",
             "SELECT id, attempts_made, attempts_max FROM jobs WHERE attempts_made > attempts_max");
  store.none(
      "a job fails here only as lost, when it must not be repeated or has no attempts left, or as a"
      " due time that came while another run of its routine was under way",
      "SELECT id, task, attempts_made, failure, error FROM jobs WHERE state = 'failed' AND"
      " NOT (failure = 'lost' AND (repeats_when_lost = 0 OR attempts_made >= attempts_max)) AND"
      " NOT (task LIKE 'routine:%' AND schedule_id <> '' AND error LIKE 'skipped: %')");
  store.none("what is cancelled before its time never ran",
             "SELECT id FROM jobs WHERE state = 'cancelled' AND started_at IS NOT NULL");
  store.none("a batch counts its jobs",
             "SELECT b.id, b.jobs, b.done, b.failed, b.cancelled FROM job_batches b"
             " WHERE b.jobs <> (SELECT count(*) FROM jobs j WHERE j.batch_no = b.no)"
             " OR b.done <> (SELECT count(*) FROM jobs j WHERE j.batch_no = b.no"
             " AND j.state = 'done')"
             " OR b.failed <> (SELECT count(*) FROM jobs j WHERE j.batch_no = b.no"
             " AND j.state = 'failed')");
  store.none("a key makes one job, unless that fails",
             "SELECT a.task, a.key, a.id, a.state, b.id FROM jobs a JOIN jobs b ON b.key = a.key"
             " AND b.task = a.task AND b.scope = a.scope AND b.no > a.no"
             " WHERE a.key <> '' AND a.state <> 'failed'");
  store.none("a key makes one batch",
             "SELECT task, key, count(*) FROM job_batches WHERE key <> ''"
             " GROUP BY scope, task, key HAVING count(*) > 1");
}

// Which run works for which job.
constexpr const char* runs_of_jobs =
    "WITH worked AS MATERIALIZED (SELECT id, CASE WHEN options = '' THEN NULL"
    " ELSE json_extract(options, '$.job_id') END AS job FROM runs) ";

void check_turns(const StoreView& store) {
  check_run_rules(store);
  store.none("a job is one turn", std::string(runs_of_jobs) +
                                      "SELECT job, count(*) FROM worked WHERE job IS NOT NULL"
                                      " GROUP BY job HAVING count(*) > 1");
  store.none("a run works for a job", std::string(runs_of_jobs) +
                                          "SELECT id, job FROM worked"
                                          " WHERE job IS NULL OR job NOT IN (SELECT id FROM jobs)");
  store.none("a job that is done had its turn",
             "SELECT j.id, j.progress FROM jobs j WHERE j.handler = 'agent' AND j.state = 'done'"
             " AND NOT EXISTS (SELECT 1 FROM runs r"
             " WHERE r.id = json_extract(j.progress, '$.runId') AND r.state = 'succeeded')");
  store.none("a call with an effect ends as done or as interrupted",
             "SELECT id, state, result FROM tool_calls WHERE tool = 'shell'"
             " AND state NOT IN ('succeeded', 'interrupted')");
  store.none("a call with an effect is begun once",
             "SELECT c.id, count(*) FROM events e JOIN tool_calls c"
             " ON c.id = json_extract(e.body, '$.tool_call_id')"
             " WHERE e.body LIKE '{\"kind\":\"tool_call_started\"%' AND c.tool = 'shell'"
             " GROUP BY c.id HAVING count(*) > 1");
  store.none("no action is left over",
             "SELECT id, tool, state FROM actions"
             " WHERE state IN ('pending_approval', 'allowed', 'approved', 'executing')");
}

// The cap was there before the first run.
void check_ledger(const StoreView& store) {
  store.none("nothing is reserved for a call", "SELECT run_id, micros FROM budget_holds");
  store.none("nothing is reserved in sum",
             "SELECT subject, reserved_micros FROM budget_subjects WHERE reserved_micros <> 0");
  const std::size_t begun = store.count("SELECT coalesce(sum(runs), 0) FROM budget_spent");
  const std::size_t runs = store.count("SELECT count(*) FROM runs");
  if (begun != runs) {
    throw std::logic_error("the budget counts " + std::to_string(begun) + " runs, and there are " +
                           std::to_string(runs));
  }
  const std::size_t spent = store.count("SELECT coalesce(sum(spent_micros), 0) FROM budget_spent");
  const std::size_t cost = store.count("SELECT coalesce(sum(cost_micros), 0) FROM runs");
  if (spent != cost) {
    throw std::logic_error("the budget has " + std::to_string(spent) +
                           " micro-dollars, and the runs cost " + std::to_string(cost));
  }
}

}  // namespace

void check_job_counts(const std::string& file) {
  StoreView store(file);
  store.hold_still();
  check_counts(store);
}

std::size_t unended_work(const std::string& file, std::int64_t before) {
  const StoreView store(file);
  return store.count(
      "SELECT (SELECT count(*) FROM jobs WHERE created_at < " + std::to_string(before) +
      " AND state NOT IN ('done', 'failed', 'cancelled'))"
      " + (SELECT count(*) FROM runs WHERE created_at < " +
      std::to_string(before) + " AND state NOT IN ('succeeded', 'failed', 'cancelled'))");
}

std::size_t schedules_behind(const std::string& file, std::int64_t since) {
  return StoreView(file).count(
      "SELECT count(*) FROM job_schedules WHERE scope <> '*/*/*'"
      " AND coalesce(last_due_at, 0) < " +
      std::to_string(since));
}

JobCounts check_jobs(const std::string& file, const std::string& folder,
                     const std::vector<JobOrder>& orders, const std::vector<Life>& lives) {
  const StoreView store(file);
  check_ends(store);
  check_counts(store);
  check_turns(store);
  check_ledger(store);
  check_orders(store, orders);
  JobCounts out{.jobs = store.count("SELECT count(*) FROM jobs"),
                .in_batches = store.count("SELECT count(*) FROM jobs WHERE batch_id <> ''"),
                .repeated = store.count("SELECT count(*) FROM jobs WHERE attempts_made > 1"),
                .lost = store.count("SELECT count(*) FROM jobs WHERE failure = 'lost'"),
                .due = check_due_times(store, lives)};
  out.effects = check_written(writings_of_notes(store), folder + "/notes.txt") +
                check_written(writings_of_ticks(store), folder + "/ticks.txt");
  return out;
}

}  // namespace colonnade::kill
