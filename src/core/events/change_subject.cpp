#include "core/events/change_subject.hpp"

#include <concepts>
#include <variant>

namespace colonnade::core {
namespace {

template <class T, class... Listed>
concept OneOf = (std::same_as<T, Listed> || ...);

template <class T>
concept OfThreadById = OneOf<T, RenameThread, ArrangeThread, MoveThread, PinThreadVersion,
                             DeleteThread, RestoreThread, EraseThread>;

// Steps, tool calls, summaries and artifacts belong to a thread, but no read that is kept shows
// them. What is purged was erased before.
template <class T>
concept InThreadUnseen = OneOf<T, PurgeThread, InsertSummary, InsertStep, InsertToolCall,
                               MoveToolCall, InsertArtifact, UseAttachment>;

template <class T>
concept OfAction = OneOf<T, InsertAction, UpdateAction>;

template <class T>
concept OfNoThread =
    OneOf<T, PutAgent, PutToolServer, DeleteToolServer, KeepToolPins, InsertPermission,
          RevokePermission, AppendAudit, InsertCredential, TouchCredential, RevokeCredential,
          InsertKeyedRequest, LinkKeyedRequest, AnswerKeyedRequest, DropKeyedRequest,
          PurgeKeyedRequests, PutMemory, RemoveMemory, RemoveMemoriesOfAgent, PlaceMemory,
          SweepMemories, InsertEntity, ChangeEntitySecrets, DeleteEntity, InsertAccessKey,
          DeleteAccessKey, InsertAttachment, RemoveAttachment, PutDocument, RemoveDocument,
          ReplaceToolServer, ChangeOfJobs, ForgetSpans, ChangeOfBudgets, ChangeOfRoutines,
          ChangeOfPacks, ChangeOfFlows>;

struct ShownIn {
  ThreadsShowing operator()(const InsertThread& change) const { return {change.thread.id}; }
  ThreadsShowing operator()(const InsertMessage& change) const {
    return {change.message.thread_id};
  }
  ThreadsShowing operator()(const EditOutMessages& change) const { return {change.thread_id}; }
  ThreadsShowing operator()(const OfThreadById auto& change) const { return {change.id}; }
  ThreadsShowing operator()(const InsertRun& change) const { return {change.run.thread_id}; }
  ThreadsShowing operator()(const UpdateRun& change) const { return {change.run.thread_id}; }
  ThreadsShowing operator()(const DeleteAgent& /*change*/) const { return {.all = true}; }
  ThreadsShowing operator()(const InThreadUnseen auto& /*change*/) const { return {}; }
  ThreadsShowing operator()(const OfAction auto& /*change*/) const { return {}; }
  ThreadsShowing operator()(const OfNoThread auto& /*change*/) const { return {}; }
};

struct StoredActionOf {
  const Action* operator()(const OfAction auto& change) const { return &change.action; }
  const Action* operator()(const OneOf<InsertThread, InsertMessage, EditOutMessages, InsertRun,
                                       UpdateRun, DeleteAgent> auto& /*change*/) const {
    return nullptr;
  }
  const Action* operator()(const OfThreadById auto& /*change*/) const { return nullptr; }
  const Action* operator()(const InThreadUnseen auto& /*change*/) const { return nullptr; }
  const Action* operator()(const OfNoThread auto& /*change*/) const { return nullptr; }
};

struct Forgotten {};  // a change that is not named above
static_assert(!std::invocable<const ShownIn&, const Forgotten&>);
static_assert(!std::invocable<const StoredActionOf&, const Forgotten&>);

}  // namespace

ThreadsShowing threads_showing(const Change& change) { return std::visit(ShownIn{}, change); }

const Action* action_stored_by(const Change& change) {
  return std::visit(StoredActionOf{}, change);
}

}  // namespace colonnade::core
