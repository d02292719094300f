// Live events: Stream for loops, AsyncStream for coroutines, match() for variants.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

#include "colonnade/task.hpp"

namespace colonnade::inline v1 {

// Where a Stream gets its events from. One reader at a time.
template <class T>
class StreamSource {
 public:
  virtual ~StreamSource() = default;
  virtual std::optional<T> next() = 0;
  virtual bool cancelled() const noexcept = 0;
};

// A single-pass input range. It owns its connection and what that needs, so it may outlive the
// derived client it came from; the end of the root client ends it. Destroying it, as a loop over a
// temporary does when it is left, closes that connection and no other.
//
// The range ends when the server ends the stream or a stop token asks for it; cancelled() then
// tells which. A connection that breaks, or a root client that is closed, throws the dialect's
// TransportError. One thread reads at a time.
template <class T>
class Stream {
  struct State;

 public:
  explicit Stream(std::unique_ptr<StreamSource<T>> source)
      : state_(std::make_unique<State>(std::move(source))) {}

  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;

    iterator() = default;
    const T& operator*() const { return *state_->current; }
    const T* operator->() const { return &*state_->current; }
    iterator& operator++() {
      state_->current = state_->source->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& it, std::default_sentinel_t) {
      return !it.state_->current;
    }

   private:
    friend class Stream;
    explicit iterator(State* state) : state_(state) {}
    State* state_ = nullptr;
  };

  // Waits for the next event. Calling it again goes on where the last loop stopped.
  iterator begin() {
    if (state_->source) {
      state_->current = state_->source->next();
    } else {
      state_->current.reset();
    }
    return iterator(state_.get());
  }
  std::default_sentinel_t end() const noexcept { return {}; }

  // The next event, or nothing at the end.
  std::optional<T> next() {
    if (!state_->source) return std::nullopt;
    return state_->source->next();
  }
  // Whether the end came from a stop token rather than the server.
  bool cancelled() const noexcept { return state_->source && state_->source->cancelled(); }
  // Closes the connection now; the range is then at its end. From the reading thread only.
  void close() { state_->source.reset(); }

 private:
  struct State {
    explicit State(std::unique_ptr<StreamSource<T>> source_in) : source(std::move(source_in)) {}
    std::unique_ptr<StreamSource<T>> source;
    std::optional<T> current{};
  };

  std::unique_ptr<State> state_;
};

// Where an AsyncStream gets its events from.
template <class T>
class AsyncStreamSource {
 public:
  virtual ~AsyncStreamSource() = default;
  // Whether take() has an answer without waiting.
  virtual bool ready() const noexcept = 0;
  // Waits until it has.
  virtual Task<void> fill() = 0;
  // The next event, or nothing at the end; throws what broke the stream.
  virtual std::optional<T> take() = 0;
  virtual bool cancelled() const noexcept = 0;
};

// The coroutine's Stream: `while (auto event = co_await events.next())`. It connects with the first
// next(), so an error of opening comes from there. Same rules of ending and closing as Stream.
template <class T>
class AsyncStream {
 public:
  explicit AsyncStream(std::shared_ptr<AsyncStreamSource<T>> source) : source_(std::move(source)) {}

  class [[nodiscard]] Next {
   public:
    explicit Next(std::shared_ptr<AsyncStreamSource<T>> source) : source_(std::move(source)) {}
    bool await_ready() const noexcept { return !source_ || source_->ready(); }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> parent) {
      filling_.emplace(source_->fill());
      filling_->start(parent);
    }
    std::optional<T> await_resume() {
      if (filling_) filling_->result();
      if (!source_) return std::nullopt;
      return source_->take();
    }

   private:
    std::shared_ptr<AsyncStreamSource<T>> source_;
    std::optional<typename Task<void>::Awaiter> filling_{};
  };

  // An awaitable that gives std::optional<T>: nothing at the end.
  Next next() { return Next(source_); }
  bool cancelled() const noexcept { return source_ && source_->cancelled(); }
  // Closes the connection; not while a next() is being awaited.
  void close() { source_.reset(); }

 private:
  std::shared_ptr<AsyncStreamSource<T>> source_;
};

namespace detail {

template <class... Arms>
struct Overloaded : Arms... {
  using Arms::operator()...;
};
template <class... Arms>
Overloaded(Arms...) -> Overloaded<Arms...>;

}  // namespace detail

// Calls the arm that fits what the event holds. End with `[](const auto&) {}`: a newer SDK may know
// more kinds.
template <class Event, class... Arms>
decltype(auto) match(const Event& event, Arms&&... arms) {
  return std::visit(detail::Overloaded{std::forward<Arms>(arms)...}, event.value());
}

}  // namespace colonnade::inline v1
