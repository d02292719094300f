// Changes of keys and default models by several at once: what is used is what was stored last.
#include "core/models/model_catalog.hpp"

#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/secret_box.hpp"
#include "engine.hpp"

namespace colonnade::tests {
namespace {

using base::Json;

// Lets a test decide when a unit is stored, and when its caller hears of it.
class PausingJournal final : public core::Journal {
 public:
  explicit PausingJournal(core::Journal& inner) : inner_(inner) {}

  // The next unit is stored, and its caller hears of it with go_on().
  void pause_next_answer() {
    const std::lock_guard lock(mutex_);
    pauses_answer_ = true;
  }
  // The next unit is stored with go_on().
  void pause_next_unit() {
    const std::lock_guard lock(mutex_);
    pauses_unit_ = true;
  }
  void wait_until_paused() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return static_cast<bool>(paused_); });
  }
  void go_on() {
    std::move_only_function<void()> paused;
    {
      const std::lock_guard lock(mutex_);
      paused = std::exchange(paused_, nullptr);
    }
    paused();
  }

  core::StoreHealth health() const override { return inner_.health(); }
  void observe(core::CommitObserver& observer) override { inner_.observe(observer); }
  void append(core::Unit unit, Completion completion) override {
    std::unique_lock lock(mutex_);
    if (std::exchange(pauses_unit_, false)) {
      return pause(lock, [this, unit = std::move(unit), done = std::move(completion)]() mutable {
        inner_.append(std::move(unit), std::move(done));
      });
    }
    if (!std::exchange(pauses_answer_, false)) {
      lock.unlock();
      return inner_.append(std::move(unit), std::move(completion));
    }
    lock.unlock();
    inner_.append(std::move(unit),
                  [this, done = std::move(completion)](base::Result<std::int64_t> result) mutable {
                    std::unique_lock late(mutex_);
                    pause(late, [done = std::move(done), result = std::move(result)]() mutable {
                      done(std::move(result));
                    });
                  });
  }

 private:
  void pause(std::unique_lock<std::mutex>& lock, std::move_only_function<void()> rest) {
    paused_ = std::move(rest);
    lock.unlock();
    changed_.notify_all();
  }

  core::Journal& inner_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool pauses_answer_ = false;
  bool pauses_unit_ = false;
  std::move_only_function<void()> paused_;
};

// Two vendors that take keys. Asked for models, they say which key they were asked with.
class KeyedVendors final : public core::Vendors {
 public:
  std::vector<core::VendorState> states() const override {
    std::vector<core::VendorState> out;
    for (const char* id : {"one", "two"}) {
      const bool has_key = !key(id).empty();
      out.push_back(
          {.id = id, .name = id, .key = has_key ? core::VendorKey::given : core::VendorKey::none});
    }
    return out;
  }
  bool use_key(const std::string& id, const std::string& key) override {
    const std::lock_guard lock(mutex_);
    keys_[id] = key;
    return true;
  }
  base::Task<base::Result<std::vector<core::VendorModel>>> models(base::Lane* /*lane*/,
                                                                  std::string id,
                                                                  std::stop_token) override {
    std::vector<core::VendorModel> out;
    out.push_back({.id = "of " + key(id)});
    if (const auto wait = std::exchange(wait_, nullptr)) {
      asked_.complete(true);
      co_await wait->wait();
    }
    co_return out;
  }
  std::string key(const std::string& id) const {
    const std::lock_guard lock(mutex_);
    const auto found = keys_.find(id);
    return found == keys_.end() ? std::string() : found->second;
  }
  // The next answer comes when this is complete.
  std::shared_ptr<base::Completion<bool>> answer_later() {
    wait_ = std::make_shared<base::Completion<bool>>();
    return wait_;
  }
  base::Completion<bool>& asked() { return asked_; }

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string> keys_;
  std::shared_ptr<base::Completion<bool>> wait_;
  base::Completion<bool> asked_;
};

core::Principal server_operator() {
  core::Principal out(core::Scope::main(), "admin", core::UserRole::operator_role);
  out.every_scope = true;
  return out;
}

Json model_of(const std::string& provider, const std::string& model) {
  return {{"providers", {{provider, {{"default_model", model}}}}}};
}

class ModelCatalogTest : public ::testing::Test {
 protected:
  ~ModelCatalogTest() override {
    lanes_.stop();
    store_->close();
  }
  // Each on a lane and a thread of its own.
  std::future<core::Result<Json>> change(std::size_t lane, Json patch) {
    return std::async(std::launch::async, [this, lane, patch = std::move(patch)] {
      return base::run_on(lanes_[lane],
                          catalog_.change(server_operator(), core::ChoiceLayer::project, patch));
    });
  }
  std::future<core::Result<void>> set_key(std::size_t lane, const std::string& key) {
    return std::async(std::launch::async, [this, lane, key] {
      return base::run_on(lanes_[lane], catalog_.set_key(server_operator(), "one", key));
    });
  }
  Json stored_choices() {
    const core::DocumentPlace place(core::Scope::whole_server(),
                                    core::document_collection::settings, "");
    const auto kept = *base::run_on(lanes_[0], store_->document(place, "models.project"));
    return Json::parse(kept->text);
  }
  // What a server has that starts now.
  std::string key_after_restart() {
    KeyedVendors vendors;
    core::ModelProviders providers;
    core::ModelCatalog again({.store = *store_,
                              .feed = feed_,
                              .clock = clock_,
                              .box = box_,
                              .vendors = vendors,
                              .providers = providers});
    EXPECT_TRUE(base::run_on(lanes_[0], again.open()));
    return vendors.key("one");
  }

  TemporaryFolder folder_;
  base::SystemClock clock_;
  base::Lanes lanes_{2};
  std::unique_ptr<storage::sqlite::Store> store_ = open_store(folder_.file("colonnade.db"));
  PausingJournal journal_{*store_};
  core::EventFeed feed_{lanes_, *store_, journal_};
  base::SecretBox box_{base::SecretBox::Key{}};
  KeyedVendors vendors_;
  core::ModelProviders providers_;
  core::ModelCatalog catalog_{{.store = *store_,
                               .feed = feed_,
                               .clock = clock_,
                               .box = box_,
                               .vendors = vendors_,
                               .providers = providers_}};
};

TEST_F(ModelCatalogTest, APatchThatIsOvertakenIsMergedIntoWhatCameBefore) {
  journal_.pause_next_unit();
  auto slow = change(0, model_of("one", "m-one"));
  journal_.wait_until_paused();  // it has read, and is not stored
  ASSERT_TRUE(change(1, model_of("two", "m-two")).get());
  journal_.go_on();
  ASSERT_TRUE(slow.get());
  const Json both = {
      {"providers",
       {{"one", {{"default_model", "m-one"}}}, {"two", {{"default_model", "m-two"}}}}}};
  EXPECT_EQ(stored_choices(), both);
  EXPECT_EQ(catalog_.choices(core::ChoiceLayer::project), both);
  EXPECT_EQ(providers_.chosen_model("one"), "m-one");
  EXPECT_EQ(providers_.chosen_model("two"), "m-two");
}

TEST_F(ModelCatalogTest, WhoHearsLateOfItsPatchDoesNotUndoALaterOne) {
  journal_.pause_next_answer();
  auto slow = change(0, model_of("one", "m-one"));
  journal_.wait_until_paused();  // it is stored, and its caller does not know
  ASSERT_TRUE(change(1, model_of("one", "m-newer")).get());
  journal_.go_on();
  const auto answered = slow.get();
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->at("providers").at("one").at("default_model"), "m-newer");
  EXPECT_EQ(stored_choices(), model_of("one", "m-newer"));
  EXPECT_EQ(catalog_.choices(core::ChoiceLayer::project), stored_choices());
  EXPECT_EQ(providers_.chosen_model("one"), "m-newer") << "runs use what is stored";
}

TEST_F(ModelCatalogTest, TheKeyThatWasStoredLastIsUsed) {
  journal_.pause_next_answer();
  auto slow = set_key(0, "sk-first");
  journal_.wait_until_paused();
  ASSERT_TRUE(set_key(1, "sk-second").get());
  journal_.go_on();
  ASSERT_TRUE(slow.get());
  EXPECT_EQ(vendors_.key("one"), "sk-second");
  EXPECT_EQ(key_after_restart(), "sk-second");

  // Also when the key was taken away meanwhile, or set again after that.
  journal_.pause_next_answer();
  slow = set_key(0, "sk-third");
  journal_.wait_until_paused();
  ASSERT_TRUE(base::run_on(lanes_[1], catalog_.remove_key(server_operator(), "one")));
  journal_.go_on();
  ASSERT_TRUE(slow.get());
  EXPECT_EQ(vendors_.key("one"), "");
  EXPECT_FALSE(catalog_.states().front().stored_key);
  EXPECT_EQ(key_after_restart(), "");
  EXPECT_EQ(base::run_on(lanes_[0], catalog_.remove_key(server_operator(), "one")).error().kind,
            base::ErrorKind::not_found);
  ASSERT_TRUE(set_key(0, "sk-fourth").get());
  EXPECT_EQ(vendors_.key("one"), "sk-fourth");
  EXPECT_TRUE(catalog_.states().front().stored_key);
  EXPECT_EQ(key_after_restart(), "sk-fourth");
}

TEST_F(ModelCatalogTest, AnAnswerToTheKeyBeforeIsNotKept) {
  ASSERT_TRUE(set_key(0, "sk-first").get());
  const auto later = vendors_.answer_later();
  auto slow = std::async(std::launch::async,
                         [this] { return base::run_on(lanes_[0], catalog_.list(&lanes_[0], {})); });
  ASSERT_TRUE(base::run_on(lanes_[1], vendors_.asked().wait()));
  ASSERT_TRUE(set_key(1, "sk-second").get());
  later->complete(true);
  slow.get();
  const auto rows = base::run_on(lanes_[0], catalog_.list(&lanes_[0], {}));
  ASSERT_EQ(rows.front().models.size(), 1U);
  EXPECT_EQ(rows.front().models.front().id, "of sk-second");
}

}  // namespace
}  // namespace colonnade::tests
